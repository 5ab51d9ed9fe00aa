/// What determines a network of conditional models, besides the rows.
public struct NetworkOptions: Sendable, Codable, Equatable {
  /// How models are learned that ask for generated rows.
  public enum Mode: String, Sendable, Codable, CaseIterable {
    /// Exactly where the variables that the answer needs have few enough combinations of levels, else by sampling.
    case auto
    /// As functions of the joint counts of all these variables: nothing is drawn.
    case exact
    /// From the counts of each model's own variables, in the rows or in rows that models before have generated.
    case sampled
  }

  /// The graph as ``CausalGraphs/MixedGraph/text`` writes it.
  public var graph: String
  /// What is set, asked about and seen, by name.
  public var intervened: [String]
  public var outcome: [String]
  public var given: [String]
  public var mode = Mode.auto
  /// Rows that are generated for each of the data, where sampling generates some.
  public var expand = 4
  /// Those of models that are trained.
  public var models = ModelOptions()
  /// The seed of these.
  public var seed: UInt64 = 0

  public init(graph: String, intervened: [String], outcome: [String], given: [String] = []) {
    self.graph = graph
    self.intervened = intervened
    self.outcome = outcome
    self.given = given
  }
}
