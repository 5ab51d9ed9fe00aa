import Panels
import Shards

/// Files hold units with all their periods and the truth: `truth/theta` [n, arms], `truth/loadings` [n, factors] and
/// `truth/factors` [periods, arms, factors]; with cohorts `truth/effects` [n, periods], too.
extension PanelSimulation: ShardedSimulation {
  public var companionNames: [String] { [Simulation.parametersFileName] }

  public var rowCount: Int { parameters.units }

  public func manifest(of shards: [Manifest.Shard]) -> Manifest { Manifest(panel: shards) }

  public func writeShard(_ path: String, rows range: Range<Int>) throws -> Manifest.Shard {
    let arms = range.map(arm)
    let header = PanelHeader(
      layout: .units, arms: armNames, periods: .integers((1...periodCount).map(Int64.init)), metrics: ["y"],
      units: .integers(range.map { Int64($0 + 1) }), unitArms: arms,
      starts: range.map(start))
    let writer = try PanelWriter(path: path, header: header, force: false)
    var (theta, loadings, effects): ([Double], [Double], [Double]) = ([], [], [])
    for number in range {
      let unit = unit(number)
      try writer.append(unit.outcomes)
      theta += unit.theta
      loadings += unit.loadings
      if parameters.cohorts > 1 { effects += unit.effects }
    }
    try writer.write(constant: theta, shape: [range.count, parameters.arms], to: "truth/theta")
    try writer.write(constant: loadings, shape: [range.count, factorCount], to: "truth/loadings")
    try writer.write(constant: factors, shape: [periodCount, parameters.arms, factorCount], to: "truth/factors")
    if parameters.cohorts > 1 {
      try writer.write(constant: effects, shape: [range.count, periodCount], to: "truth/effects")
    }
    return try writer.finish()
  }

  public func writeCompanion(_ name: String, toFolder folder: String) throws {
    try parameters.save(to: "\(folder)/\(name)")
  }
}
