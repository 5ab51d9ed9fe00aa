import CausalGraphs
import Storage

/// Conditional models that answer a question about an intervention, learned: what is set goes in, and row by row the
/// others are drawn from the models in the order of the graph.
public struct InterventionalNetwork: Sendable {
  public struct Variable: Sendable, Codable, Equatable {
    public let name: String
    /// The names of its levels, in the order of their values; none where it is a number or a vector.
    public let levels: [String]
    /// The values of levels that are numbers.
    public let values: [Double]?
    /// What its numbers are like; nil for a category.
    public let numbers: NumberSummary?

    public var isCategory: Bool { !levels.isEmpty }
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
  /// What is drawn first: the free inputs by their joint law in the rows, one given those before, or rows of them.
  public let free: [ConditionalModel]
  /// Of the models of each generated table.
  public let generated: [[ConditionalModel]]
  /// The models that answer, in the order of the graph.
  public let network: [ConditionalModel]

  /// What is set and seen, and what is asked about, by places in the graph in the order of the question.
  public var intervened: [Int] { places(options.intervened) }
  public var given: [Int] { places(options.given) }
  public var outcome: [Int] { places(options.outcome) }

  private func places(_ names: [String]) -> [Int] { names.map { graph.names.firstIndex(of: $0)! } }

  package var layout: RowLayout { RowLayout(widths: variables.map { $0.numbers?.width ?? 0 }) }

  /// All models, by where a file holds them.
  var models: [(path: String, model: ConditionalModel)] {
    func entries(_ folder: String, _ models: [ConditionalModel]) -> [(path: String, model: ConditionalModel)] {
      models.map { model in
        (model.variables.count == 1 ? "\(folder)/\(graph.names[model.variables[0]])" : "\(folder)/together", model)
      }
    }
    return entries("free", free)
      + generated.enumerated().flatMap { entries("generated/\($0 + 1)", $1) } + entries("network", network)
  }

  /// The models that do not follow rows that were held out of their training, by what they are part of.
  public var doubtfulModels: [ConditionalNetwork] {
    models.compactMap { $0.model.network }.filter { $0.heldOut?.isDoubtful == true }
  }

  /// The SHA-256 of the graph, the question, the levels and the bits of all models: the same on any number of ranks, for
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
      if let numbers = variable.numbers {
        digest.update(numbers.standardization.means)
        digest.update(numbers.standardization.deviations)
      }
    }
    for (path, model) in models {
      digest.update(path)
      digest.update(model.parents)
      switch model {
      case .table(let table):
        digest.update(table.probabilities)
        digest.update(table.soundShares)
      case .network(let network):
        digest.update(network.law.words)
        digest.update(network.network.parameters)
      case .rows(let rows): digest.update(rows.values)
      }
    }
    return digest.finalize()
  }
}

extension IdentificationPlan {
  /// The models of the free inputs by their joint law in the rows, one given those before.
  ///
  /// - Returns: none where one is no category, for which rows stand instead.
  func freeModels(isCategory: (Int) -> Bool) -> [Model] {
    guard freeInputs.allSatisfy(isCategory) else { return [] }
    return freeInputs.indices.map { Model(variable: freeInputs[$0], parents: Array(freeInputs[..<$0]), table: 0) }
  }
}
