import CausalGraphs
import Diagnostics
import InterventionalSampling
import Statistics
import Storage

/// The law of an outcome under interventions by models that are learned, as `--json` prints it, and for people.
public struct SampledEffectReport: Sendable {
  private let result: SampledEffectResult
  private let ranks: Int
  private let seconds: Double
  private let identification: IdentificationReport

  public init(_ result: SampledEffectResult, _ identification: IdentificationReport, ranks: Int, seconds: Double) {
    self.result = result
    self.identification = identification
    self.ranks = ranks
    self.seconds = seconds
  }

  private var network: InterventionalNetwork { result.network }
  private func name(_ place: Int) -> String { network.graph.names[place] }
  private func names(_ places: [Int]) -> String { places.map(name).joined(separator: ", ") }
  private var asked: [Int] { network.intervened + network.given }
  private var hasErrors: Bool { result.replicateCount > 1 }

  private func words(_ places: [Int], _ values: [Int: InterventionSettings.Value]) -> String {
    places.map { "\(name($0)) = \(shown($0, values[$0]!))" }.joined(separator: ", ")
  }

  /// A value in a table: of numbers, few digits.
  private func shown(_ place: Int, _ value: InterventionSettings.Value) -> String {
    if case .number(let number) = value { return significant(number) }
    return network.variables[place].words(value)
  }

  private var graphTests: GraphTestWords {
    GraphTestWords(
      names: network.graph.names, freeInputs: network.plan.freeInputs, invariance: result.invariance,
      independences: result.independences)
  }

  private func places(_ isWanted: (OutcomeStatistic.Kind) -> Bool) -> [Int] {
    result.statistics.indices.filter { isWanted(result.statistics[$0].kind) }
  }

  private var means: [Int] { places { $0 == .mean } }
  private var probabilities: [Int] { places { if case .probability = $0 { true } else { false } } }
}

// MARK: - For people

extension SampledEffectReport {
  /// Components of vectors that people are told of.
  private static let mostMeans = 8

  public var text: String {
    let parts = [heading, changes, numbers, laws, graphTests.lines, [verdict]].filter { !$0.isEmpty }
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private var heading: [String] {
    let errors =
      hasErrors
      ? "errors: \(result.replicateCount) halves of the rows"
        + (result.failedReplicates > 0 ? ", \(result.failedReplicates) more failed" : "")
      : "errors are those of the draws alone; --replicates 20 adds those of the rows"
    return [
      "\(identification.question): \(network.rowCount) rows, by models learned on them and \(result.options.draws) draws an "
        + "answer; \(errors)"
    ]
  }

  private var interval: String { "\(significant(100 * result.options.level))% interval" }
  private var errorColumns: [String] { hasErrors ? ["std. error", interval] : ["Monte Carlo error"] }

  private func cells(_ estimate: JackknifeEstimate, _ monteCarlo: Double?) -> [String] {
    let value = significant(estimate.estimate)
    guard hasErrors else { return [value, monteCarlo.map { significant($0) } ?? "-"] }
    guard let error = estimate.standardError, let lower = estimate.lower, let upper = estimate.upper else {
      return [value, "-", "-"]
    }
    return [value, significant(error), "\(significant(lower)) to \(significant(upper))"]
  }

  private func naive(_ value: Double?) -> String { value.map { significant($0) } ?? "-" }

  /// The Monte Carlo error of a difference, as if its draws were independent: at most that.
  private func monteCarloError(_ contrast: SampledEffectResult.Contrast, _ place: Int) -> Double? {
    let errors = [contrast.answer, contrast.reference].compactMap { result.answers[$0].monteCarloErrors[place] }
    return errors.count == 2 ? (errors[0] * errors[0] + errors[1] * errors[1]).squareRoot() : nil
  }

  /// What setting does to means, first.
  private var changes: [String] {
    guard !means.isEmpty, !result.contrasts.isEmpty else { return [] }
    var table = TextTable(["change of the mean of \(names(network.outcome))", "estimate"] + errorColumns + ["naive"])
    for contrast in result.contrasts {
      let (here, there) = (result.answers[contrast.answer], result.answers[contrast.reference])
      let given = network.given.isEmpty ? "" : "; \(words(network.given, here.values))"
      for place in means.prefix(Self.mostMeans) {
        let statistic = result.statistics[place]
        let change = here.conditional[place].flatMap { here in there.conditional[place].map { here - $0 } }
        table.rows.append(
          [
            (means.count > 1 ? "\(statistic.name): " : "")
              + "\(words(network.intervened, here.values)) against \(words(network.intervened, there.values))\(given)"
          ] + cells(contrast.differences[place], monteCarloError(contrast, place)) + [naive(change)])
      }
    }
    return table.lines
  }

  private var numbers: [String] {
    guard !means.isEmpty else { return [] }
    var table = TextTable(
      ["under do", "mean"] + errorColumns + ["deviation"]
        + InterventionalSample.Number.probabilities.map { "\(significant(100 * $0))%" } + ["naive mean", "rows near"])
    for answer in result.answers {
      for place in means.prefix(Self.mostMeans) {
        let others = (place + 1...place + 1 + InterventionalSample.Number.probabilities.count).map {
          significant(answer.estimates[$0].estimate)
        }
        table.rows.append(
          [(means.count > 1 ? "\(result.statistics[place].name), " : "") + words(asked, answer.values)]
            + cells(answer.estimates[place], answer.monteCarloErrors[place]) + others
            + [naive(answer.conditional[place]), "\(Int(answer.effectiveRows.rounded()))"])
      }
    }
    let left = means.count - Self.mostMeans
    return table.lines + (left > 0 ? ["and \(left) components more"] : []) + [
      "  naive: the mean of \(names(network.outcome)) in rows near these values of \(names(asked)), which confounding bends"
    ]
  }

  private var laws: [String] {
    guard !probabilities.isEmpty else { return [] }
    var table = TextTable(["under do", "outcome", "probability"] + errorColumns + ["naive", "rows near"])
    for answer in result.answers {
      for place in probabilities {
        let statistic = result.statistics[place]
        guard case .probability(let level) = statistic.kind else { continue }
        table.rows.append(
          [
            words(asked, answer.values),
            "\(statistic.name) = \(network.variables[statistic.variable].levels[level])",
          ] + cells(answer.estimates[place], answer.monteCarloErrors[place])
            + [naive(answer.conditional[place]), "\(Int(answer.effectiveRows.rounded()))"])
      }
    }
    return table.lines + [
      "  naive: P(\(names(network.outcome)) | \(names(asked))) of rows near, which confounding bends"
    ]
  }

  private var verdict: String {
    var reasons = graphTests.reasons + network.trainingWarnings
    if let rare = result.answers.max(by: { $0.rareShare < $1.rareShare }),
      rare.rareShare > Overlap.doubtfulShare
    {
      reasons.append(
        "\(format(100 * rare.rareShare, decimals: 1))% of the answer for \(words(asked, rare.values)) rests on "
          + "combinations with fewer than five rows")
    }
    if let lonely = result.answers.min(by: { $0.effectiveRows < $1.effectiveRows }),
      lonely.effectiveRows < SampledEffectResult.leastRows
    {
      reasons.append(
        "about \(Int(lonely.effectiveRows.rounded())) rows are near \(words(asked, lonely.values)): the models guess there"
      )
    }
    if reasons.isEmpty { reasons = [graphTests.support] }
    return "verdict: \(result.verdict.rawValue): \(reasons.joined(separator: "; "))"
  }

  /// The reasons to doubt, one each.
  private var warnings: [String] { result.verdict == .supported ? [] : [verdict] }
}

// MARK: - For programs

extension SampledEffectReport: Encodable {
  private enum Key: String, CodingKey {
    case rows, ranks, identification, mode, draws, replicates, failedReplicates, effect, contrasts, freeInputs,
      invariance
    case independences, verdict, warnings, networkDigest, resultDigest, seconds
  }

  private struct Quantile: Encodable {
    let probability: Double
    let value: JackknifeEstimate
    @NullEncoded var monteCarloError: Double?
  }

  private struct Number: Encodable {
    let variable: String
    let mean: JackknifeEstimate
    @NullEncoded var monteCarloError: Double?
    @NullEncoded var naiveMean: Double?
    let deviation: JackknifeEstimate
    let quantiles: [Quantile]
  }

  private struct Probability: Encodable {
    let outcome: [String: String]
    let probability: JackknifeEstimate
    @NullEncoded var monteCarloError: Double?
    @NullEncoded var naive: Double?
  }

  private struct Answer: Encodable {
    let `do`: [String: String]
    let given: [String: String]
    /// Of the outcome, where it is one number.
    @NullEncoded var mean: JackknifeEstimate?
    @NullEncoded var naiveMean: Double?
    let numbers: [Number]
    let probabilities: [Probability]
    let rareShare: Double
    let rowsNear: Double
  }

  private struct Contrast: Encodable {
    let `do`: [String: String]
    let against: [String: String]
    let given: [String: String]
    @NullEncoded var mean: JackknifeEstimate?
    let numbers: [NumberChange]
    let probabilities: [ProbabilityChange]
  }

  private struct NumberChange: Encodable {
    let variable: String
    let mean: JackknifeEstimate
  }

  private struct ProbabilityChange: Encodable {
    let outcome: [String: String]
    let probability: JackknifeEstimate
  }

  private func values(_ places: [Int], _ values: [Int: InterventionSettings.Value]) -> [String: String] {
    Dictionary(uniqueKeysWithValues: places.map { (name($0), network.variables[$0].words(values[$0]!)) })
  }

  /// The level that a place among the statistics has the probability of.
  private func level(_ place: Int) -> [String: String] {
    let statistic = result.statistics[place]
    guard case .probability(let level) = statistic.kind else { return [:] }
    return [statistic.name: network.variables[statistic.variable].levels[level]]
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(network.rowCount, forKey: .rows)
    try container.encode(ranks, forKey: .ranks)
    try container.encode(identification, forKey: .identification)
    try container.encode("sampled", forKey: .mode)
    try container.encode(result.options.draws, forKey: .draws)
    try container.encode(result.replicateCount, forKey: .replicates)
    try container.encode(result.failedReplicates, forKey: .failedReplicates)
    let only = network.outcome.count == 1 && means.count == 1 ? means[0] : nil
    try container.encode(
      result.answers.map { answer in
        Answer(
          do: values(network.intervened, answer.values), given: values(network.given, answer.values),
          mean: only.map { answer.estimates[$0] }, naiveMean: only.flatMap { answer.conditional[$0] },
          numbers: means.map { place in
            Number(
              variable: result.statistics[place].name, mean: answer.estimates[place],
              monteCarloError: answer.monteCarloErrors[place], naiveMean: answer.conditional[place],
              deviation: answer.estimates[place + 1],
              quantiles: InterventionalSample.Number.probabilities.enumerated().map { index, probability in
                Quantile(
                  probability: probability, value: answer.estimates[place + 2 + index],
                  monteCarloError: answer.monteCarloErrors[place + 2 + index])
              })
          },
          probabilities: probabilities.map { place in
            Probability(
              outcome: level(place), probability: answer.estimates[place],
              monteCarloError: answer.monteCarloErrors[place], naive: answer.conditional[place])
          }, rareShare: answer.rareShare, rowsNear: answer.effectiveRows)
      }, forKey: .effect)
    try container.encode(
      result.contrasts.map { contrast in
        let (here, there) = (result.answers[contrast.answer], result.answers[contrast.reference])
        return Contrast(
          do: values(network.intervened, here.values), against: values(network.intervened, there.values),
          given: values(network.given, here.values), mean: only.map { contrast.differences[$0] },
          numbers: means.map { NumberChange(variable: result.statistics[$0].name, mean: contrast.differences[$0]) },
          probabilities: probabilities.map {
            ProbabilityChange(outcome: level($0), probability: contrast.differences[$0])
          })
      }, forKey: .contrasts)
    try container.encode(network.plan.freeInputs.map(name), forKey: .freeInputs)
    try container.encode(result.invariance, forKey: .invariance)
    try container.encode(graphTests.encoded, forKey: .independences)
    try container.encode(result.verdict, forKey: .verdict)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(network.digest(), forKey: .networkDigest)
    try container.encode(result.digest(), forKey: .resultDigest)
    try container.encode(seconds, forKey: .seconds)
  }
}
