import Frames
import Shards

/// Shards hold the proxies in x, t, y and the truth: `truth/u` [n], `truth/shares` [K], `truth/means` [2, K] with E[Y_t | u],
/// `truth/effects` [K] and `truth/ate` [1].
extension ProxySimulation: ShardedSimulation {
  public var companionNames: [String] { [Simulation.parametersFileName] }
  /// Rows made at a time.
  private static let blockRows = 1 << 16

  public var rowCount: Int { parameters.rows }
  public var header: ShardHeader { ShardHeader(covariateNames: treatmentProxyNames + outcomeProxyNames) }

  public func manifest(of shards: [Manifest.Shard]) -> Manifest { Manifest(header: header, shards: shards) }

  public func writeShard(_ path: String, rows range: Range<Int>) throws -> Manifest.Shard {
    let writer = try ShardWriter(
      path: path, header: header, roles: [.covariate, .treatment, .outcome], extras: ["truth/u": nil], force: false)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.blockRows) {
      let rows = (start..<min(start + Self.blockRows, range.upperBound)).map(row)
      try writer.append(
        ShardBlock(
          covariates: rows.flatMap { $0.z + $0.x }, treatment: rows.map { Double($0.t) }, outcome: rows.map(\.y),
          extras: ["truth/u": rows.map { Double($0.u) }]))
    }
    let k = shares.count
    try writer.write(constant: shares, shape: [k], to: "truth/shares")
    try writer.write(constant: classMeans.flatMap { $0 }, shape: [2, k], to: "truth/means")
    try writer.write(constant: effects, shape: [k], to: "truth/effects")
    try writer.write(constant: [averageEffect], shape: [1], to: "truth/ate")
    return try writer.finish()
  }

  public func writeCompanion(_ name: String, toFolder folder: String) throws {
    try parameters.save(to: "\(folder)/\(name)")
  }
}
