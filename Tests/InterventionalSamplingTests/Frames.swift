import CausalGraphs
import Communication
import Frames
import InterventionalSampling

extension RandomLaw {
  /// A random law of a graph.
  init(_ text: String, seed: UInt64, levels: ClosedRange<Int> = 2...3) throws {
    var random = SplitMix(state: seed)
    self.init(try MixedGraph(text: text, file: "g"), levels: levels, latentLevels: 3, &random)
  }

  /// Rows that follow the law: integers as a frame holds them.
  func rows(_ count: Int, seed: UInt64) -> [[Double]] {
    let joint = law(setting: [])
    let cumulative = joint.values.reduce(into: [0.0]) { $0.append($0.last! + $1) }
    var random = SplitMix(state: seed)
    return (0..<count).map { _ in
      let u = Double.random(in: 0..<cumulative.last!, using: &random)
      var cell = (cumulative.firstIndex { $0 > u } ?? cumulative.count) - 1
      return sizes.indices.reversed().map { place -> Double in
        defer { cell /= sizes[place] }
        return Double(cell % sizes[place])
      }.reversed()
    }
  }
}

/// Columns of rows by name.
func frame(
  _ names: [String], _ rows: [[Double]], on communicator: any Communicator = SoloCommunicator()
) throws -> Frame {
  try Frame(
    rows: DistributedRows(rowCount: rows.count, communicator: communicator),
    columns: names.indices.map { place in FrameColumn.real(names[place], .covariate, rows.map { $0[place] }) })
}

/// Options of an exact answer.
func exactOptions(
  _ graph: String, set: [String], outcome: [String], given: [String] = []
) -> InterventionalOptions {
  var network = NetworkOptions(graph: graph, intervened: set, outcome: outcome, given: given)
  network.mode = .exact
  return InterventionalOptions(network)
}
