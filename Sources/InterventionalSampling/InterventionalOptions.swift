/// What determines an interventional law, besides the rows and the graph's text.
public struct InterventionalOptions: Sendable, Codable, Equatable {
  /// The graph as ``CausalGraphs/MixedGraph/text`` writes it.
  public var graph: String
  /// What is set, asked about and seen, by name.
  public var intervened: [String]
  public var outcome: [String]
  public var given: [String]
  /// The values of set variables that are answered for, by name; all that occur for those that are not named.
  public var values: [String: [Double]] = [:]
  /// The blocks of rows that the jackknife leaves out, one at a time; rows fall into them by chance.
  public var blocks = 40
  /// The level of all intervals.
  public var level = 0.95
  /// Whether answers are given that rest on cells with few rows, or none, for more than a fifth.
  public var allowsExtrapolation = false

  public init(graph: String, intervened: [String], outcome: [String], given: [String] = []) {
    self.graph = graph
    self.intervened = intervened
    self.outcome = outcome
    self.given = given
  }
}
