import CausalGraphs
import InterventionalSampling

/// A network of learned models in numbers, as `--json` prints it, and for people.
public struct NetworkReport: Sendable {
  private let network: InterventionalNetwork
  private let identification: IdentificationReport
  private let ranks: Int
  private let seconds: Double

  public init(_ network: InterventionalNetwork, _ identification: IdentificationReport, ranks: Int, seconds: Double) {
    self.network = network
    self.identification = identification
    self.ranks = ranks
    self.seconds = seconds
  }

  private func names(_ places: [Int]) -> String { places.map { network.graph.names[$0] }.joined(separator: ", ") }

  /// What a model is part of, with all models of that part.
  private var parts: [(words: String, models: [ConditionalModel])] {
    [("free input", network.free)]
      + network.generated.enumerated().map { ("generated rows \($0 + 1)", $1) } + [("answer", network.network)]
  }
}

// MARK: - For people

extension NetworkReport {
  public var text: String {
    let way =
      network.isExact
      ? "exactly from joint counts"
      : network.generatedRowCount > 0
        ? "from each model's own variables, \(network.generatedRowCount) rows a generated table"
        : "from each model's own variables; no rows had to be generated"
    let isJudged = parts.contains { $0.models.contains { $0.network?.heldOut != nil } }
    var table = TextTable(
      ["model of", "for", "kind", "parameters", "laws on fewer than 5 rows"] + (isJudged ? ["rows held out"] : []))
    for (words, models) in parts {
      table.rows += models.map { model in
        [
          names(model.variables) + (model.parents.isEmpty ? "" : " given \(names(model.parents))"), words,
          model.words, "\(model.parameterCount)",
          model.table.map { "\($0.thinCount) of \($0.combinationCount)" } ?? "",
        ] + (isJudged ? [model.network?.heldOut?.words ?? ""] : [])
      }
    }
    let set = ["--do \(network.options.intervened.joined(separator: ","))"]
    let seen = network.options.given.isEmpty ? [] : ["--given \(network.options.given.joined(separator: ","))"]
    let closing =
      "for samples with \((set + seen).joined(separator: " and ")); network digest \(network.digest())"
    return
      (["\(identification.question): \(network.rowCount) rows, \(way)", ""] + table.lines + [""]
      + network.trainingWarnings.flatMap { [$0, ""] } + [closing]).joined(separator: "\n")
  }
}

// MARK: - For programs

extension NetworkReport: Encodable {
  private enum Key: String, CodingKey {
    case rows, ranks, identification, mode, expand, seed, generatedRows, models, warnings, networkDigest, seconds
  }

  private struct Model: Encodable {
    let variables: [String]
    let parents: [String]
    let part: String
    let kind: String
    let parameters: Int
    /// Of a table: the combinations of its parents' levels, and those with too few rows.
    let laws: Int?
    let thinLaws: Int?
    /// Of a training: whether the model draws what rows have that it was not trained on.
    let heldOut: HeldOutFit?
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(network.rowCount, forKey: .rows)
    try container.encode(ranks, forKey: .ranks)
    try container.encode(identification, forKey: .identification)
    try container.encode(network.isExact ? "exact" : "sampled", forKey: .mode)
    if network.generatedRowCount > 0 {
      try container.encode(network.options.expand, forKey: .expand)
      try container.encode(network.options.seed, forKey: .seed)
    }
    try container.encode(network.generatedRowCount, forKey: .generatedRows)
    try container.encode(
      parts.flatMap { part in
        part.models.map { model in
          Model(
            variables: model.variables.map { network.graph.names[$0] },
            parents: model.parents.map { network.graph.names[$0] }, part: part.words, kind: model.words,
            parameters: model.parameterCount, laws: model.table?.combinationCount, thinLaws: model.table?.thinCount,
            heldOut: model.network?.heldOut)
        }
      }, forKey: .models)
    try container.encode(network.trainingWarnings, forKey: .warnings)
    try container.encode(network.digest(), forKey: .networkDigest)
    try container.encode(seconds, forKey: .seconds)
  }
}

// MARK: - Trainings

extension HeldOutFit {
  /// In a table: whether a model follows.
  var words: String { "\(isDoubtful ? "differ" : "follow") (\(pValue.asPValue))" }
}

extension InterventionalNetwork {
  /// What to doubt about its trainings, a sentence for each model.
  var trainingWarnings: [String] {
    doubtfulModels.map { model in
      "the model of \(graph.names[model.variable]) given \(model.parents.map { graph.names[$0] }.joined(separator: ", ")) does not "
        + "draw what \(model.heldOut!.rowCount) rows have that were held out: means differ by up to "
        + "\(significant(model.heldOut!.statistic)) standard errors; train longer (--steps), or choose another --model or --hidden"
    }
  }
}
