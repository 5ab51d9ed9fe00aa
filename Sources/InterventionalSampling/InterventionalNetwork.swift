import CausalGraphs
import Storage

/// Conditional models that answer a question about an intervention, learned: what is set goes in, and row by row the
/// others are drawn from the models in the order of the graph.
public struct InterventionalNetwork: Sendable {
  public struct Variable: Sendable, Codable, Equatable {
    public let name: String
    /// The names of its levels, in the order of their values.
    public let levels: [String]
    /// The values, where they are numbers and no categories.
    public let values: [Double]?
  }

  public let options: NetworkOptions
  public let graph: MixedGraph
  public let plan: IdentificationPlan
  /// Whether all models are functions of the joint counts, with nothing drawn.
  public let isExact: Bool
  public let rowCount: Int
  /// The rows of each generated table; 0 where none was drawn.
  public let generatedRowCount: Int
  /// By their places in the graph.
  public let variables: [Variable]
  /// What is drawn first: the free inputs by their joint law in the rows, one given those before.
  public let free: [ConditionalTable]
  /// Of the models of each generated table.
  public let generated: [[ConditionalTable]]
  /// The models that answer, in the order of the graph.
  public let network: [ConditionalTable]

  /// What is set and seen, and what is asked about, by places in the graph in the order of the question.
  public var intervened: [Int] { places(options.intervened) }
  public var given: [Int] { places(options.given) }
  public var outcome: [Int] { places(options.outcome) }

  private func places(_ names: [String]) -> [Int] { names.map { graph.names.firstIndex(of: $0)! } }

  /// All tables, by where a file holds them.
  var tables: [(path: String, table: ConditionalTable)] {
    func entries(_ folder: String, _ tables: [ConditionalTable]) -> [(path: String, table: ConditionalTable)] {
      tables.map { ("\(folder)/\(graph.names[$0.variable])", $0) }
    }
    return entries("free", free)
      + generated.enumerated().flatMap { entries("generated/\($0 + 1)", $1) } + entries("network", network)
  }

  /// The SHA-256 of the graph, the question, the levels and the bits of all tables: the same on any number of ranks, for
  /// rows in any files, streamed or not.
  public func digest() -> String {
    var digest = SHA256Digest()
    digest.update(graph.text)
    for names in [options.intervened, options.outcome, options.given] {
      digest.update(names.count)
      for name in names { digest.update(name) }
    }
    for variable in variables {
      digest.update(variable.name)
      digest.update(variable.levels.count)
      for level in variable.levels { digest.update(level) }
      digest.update(variable.values ?? [])
    }
    for (path, table) in tables {
      digest.update(path)
      digest.update(table.parents)
      digest.update(table.probabilities)
      digest.update(table.soundShares)
    }
    return digest.finalize()
  }
}

extension IdentificationPlan {
  /// The models of the free inputs by their joint law in the rows, one given those before.
  var freeModels: [Model] {
    freeInputs.indices.map { Model(variable: freeInputs[$0], parents: Array(freeInputs[..<$0]), table: 0) }
  }
}
