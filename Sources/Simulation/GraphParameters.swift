import CausalGraphs
import Diagnostics

/// What a simulation of a causal graph is made of.
public struct GraphParameters: Sendable, Codable, Equatable {
  /// The graph, as ``MixedGraph/init(text:file:)`` reads it.
  public var graph: String
  public var rows = 10_000
  public var seed: UInt64 = 0
  /// The number of levels of variables by name; the others have two.
  public var levels: [String: Int] = [:]
  /// The variables that are set in the effect whose truth is told, by name; none for no such truth.
  public var intervened: [String] = []
  /// Those whose law it is.
  public var outcome: [String] = []

  /// The most levels of a variable.
  static let mostLevels = 100
  /// The most probabilities in the table of a variable.
  static let mostProbabilities = 1 << 20

  public init(graph: String) {
    self.graph = graph
  }

  func validate(_ graph: MixedGraph) throws {
    try check(rows >= 1, "--rows is \(rows); give at least 1")
    try check(!graph.names.isEmpty, "the graph has no variables; draw one at least")
    for (name, count) in levels.sorted(by: { $0.key < $1.key }) {
      try check(
        graph.names.contains(name),
        "--levels names '\(name)', which is not in the graph; "
          + suggestion(for: name, among: graph.names, owner: "it has"))
      try check(
        (2...Self.mostLevels).contains(count), "--levels \(name)=\(count): give 2 to \(Self.mostLevels) levels")
    }
    try check(
      intervened.isEmpty == outcome.isEmpty, "the truth of an effect needs --do and --outcome; give both, or neither")
    for name in intervened + outcome {
      try check(
        graph.names.contains(name),
        "'\(name)' is not in the graph; " + suggestion(for: name, among: graph.names, owner: "it has"))
    }
    try check(
      Set(intervened + outcome).count == intervened.count + outcome.count,
      "--do and --outcome name a variable twice; name it once")
  }

  func check(_ holds: Bool, _ message: String) throws {
    guard holds else { throw Failure(.usage, message) }
  }
}
