import CausalGraphs
import Diagnostics
import InterventionalSampling
import Statistics
import Storage

/// The law of an outcome under interventions in numbers, as `--json` prints it, and for people.
public struct InterventionalReport: Sendable {
  private let result: InterventionalResult
  private let ranks: Int
  private let seconds: Double
  private let identification: IdentificationReport

  public init(_ result: InterventionalResult, _ identification: IdentificationReport, ranks: Int, seconds: Double) {
    self.result = result
    self.identification = identification
    self.ranks = ranks
    self.seconds = seconds
  }

  private func name(_ place: Int) -> String { result.variables[place].name }
  private func names(_ places: [Int]) -> String { places.map(name).joined(separator: ", ") }
  private var asked: [Int] { result.intervened + result.given }

  private func words(_ places: [Int], _ levels: [Int]) -> String {
    zip(places, levels).map { "\(name($0)) = \(result.variables[$0].levels[$1])" }.joined(separator: ", ")
  }
}

// MARK: - For people

extension InterventionalReport {
  public var text: String {
    let parts = [heading, means, laws, graphTests.lines, [verdict]].filter { !$0.isEmpty }
    return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
  }

  private var heading: [String] {
    [
      "\(identification.question): \(result.rowCount) rows, exactly from counts; errors: jackknife over "
        + "\(min(result.options.blocks, result.rowCount)) blocks"
    ]
  }

  private func number(_ value: Double?) -> String { value.map { format($0, decimals: 4) } ?? "-" }

  private func cells(_ estimate: JackknifeEstimate) -> [String] {
    [
      number(estimate.estimate), number(estimate.standardError),
      estimate.lower == nil ? "-" : "\(number(estimate.lower)) to \(number(estimate.upper))",
    ]
  }

  /// What setting does to the mean, first, where the outcome is a number.
  private var means: [String] {
    guard result.answers.contains(where: { $0.mean != nil }) else { return [] }
    let interval = "\(significant(100 * result.options.level))% interval"
    var effects = TextTable([
      "change of the mean of \(names(result.outcome))", "estimate", "std. error", interval, "naive",
    ])
    effects.rows = result.contrasts.compactMap { contrast in
      guard let mean = contrast.mean else { return nil }
      let (here, there) = (result.answers[contrast.answer], result.answers[contrast.reference])
      let naive = here.conditionalMean.flatMap { here in there.conditionalMean.map { here - $0 } }
      let count = result.intervened.count
      let given = result.given.isEmpty ? "" : "; \(words(result.given, Array(here.levels[count...])))"
      return [
        "\(words(result.intervened, Array(here.levels[..<count]))) against "
          + "\(words(result.intervened, Array(there.levels[..<count])))\(given)"
      ] + cells(mean) + [number(naive)]
    }
    var table = TextTable(["mean of \(names(result.outcome)) under do", "estimate", "std. error", interval, "naive"])
    table.rows = result.answers.compactMap { answer in
      answer.mean.map { [words(asked, answer.levels)] + cells($0) + [number(answer.conditionalMean)] }
    }
    return (effects.rows.isEmpty ? [] : effects.lines + [""]) + table.lines
  }

  private var laws: [String] {
    let outcomes = result.outcomeLevels
    var table = TextTable(
      [
        "under do", "outcome", "probability", "std. error", "\(significant(100 * result.options.level))% interval",
        "naive",
      ])
    for answer in result.answers {
      for (index, levels) in outcomes.enumerated() {
        table.rows.append(
          [words(asked, answer.levels), words(result.outcome, levels)] + cells(answer.probabilities[index])
            + [number(answer.conditional?[index])])
      }
    }
    return table.lines
      + ["  naive: P(\(names(result.outcome)) | \(names(asked))) of the rows, which confounding bends"]
  }

  private var graphTests: GraphTestWords {
    GraphTestWords(
      names: result.variables.map(\.name), freeInputs: result.plan.freeInputs, invariance: result.invariance,
      independences: result.independences)
  }

  private var verdict: String {
    let largest = result.answers.max { $0.rareShare < $1.rareShare }
    let rare = largest?.rareShare ?? 0
    var reasons = graphTests.reasons
    if rare > 0.01, let largest {
      reasons.append(
        "\(format(100 * rare, decimals: 1))% of the answer for \(words(asked, largest.levels)) rests on combinations with fewer "
          + "than five rows")
    }
    if reasons.isEmpty { reasons = [graphTests.support] }
    return "verdict: \(result.verdict.rawValue): \(reasons.joined(separator: "; "))"
  }

  /// The reasons to doubt, one each.
  private var warnings: [String] { result.verdict == .supported ? [] : [verdict] }
}

// MARK: - For programs

extension InterventionalReport: Encodable {
  private enum Key: String, CodingKey {
    case rows, ranks, identification, mode, effect, contrasts, freeInputs, invariance, independences, verdict, warnings
    case resultDigest, seconds
  }

  private struct Entry: Encodable {
    let `do`: [String: String]
    let given: [String: String]
    let outcome: [String: String]
    let probability: JackknifeEstimate
    @NullEncoded var naive: Double?
  }

  private struct Answer: Encodable {
    let `do`: [String: String]
    let given: [String: String]
    @NullEncoded var mean: JackknifeEstimate?
    @NullEncoded var naiveMean: Double?
    let rareShare: Double
    let rows: Int
    let probabilities: [Entry]
  }

  private struct Contrast: Encodable {
    let `do`: [String: String]
    let against: [String: String]
    let given: [String: String]
    @NullEncoded var mean: JackknifeEstimate?
    let probabilities: [JackknifeEstimate]
  }

  private func levels(_ places: [Int], _ levels: some Collection<Int>) -> [String: String] {
    Dictionary(uniqueKeysWithValues: zip(places, levels).map { (name($0), result.variables[$0].levels[$1]) })
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    let count = result.intervened.count
    func set(_ answer: InterventionalResult.Answer) -> [String: String] {
      levels(result.intervened, answer.levels[..<count])
    }
    func given(_ answer: InterventionalResult.Answer) -> [String: String] {
      levels(result.given, answer.levels[count...])
    }
    try container.encode(result.rowCount, forKey: .rows)
    try container.encode(ranks, forKey: .ranks)
    try container.encode(identification, forKey: .identification)
    try container.encode("exact", forKey: .mode)
    try container.encode(
      result.answers.map { answer in
        Answer(
          do: set(answer), given: given(answer), mean: answer.mean,
          naiveMean: answer.conditionalMean, rareShare: answer.rareShare, rows: answer.rowCount,
          probabilities: result.outcomeLevels.enumerated().map { index, outcome in
            Entry(
              do: set(answer), given: given(answer), outcome: levels(result.outcome, outcome),
              probability: answer.probabilities[index], naive: answer.conditional?[index])
          })
      }, forKey: .effect)
    try container.encode(
      result.contrasts.map { contrast in
        let (here, there) = (result.answers[contrast.answer], result.answers[contrast.reference])
        return Contrast(
          do: set(here), against: set(there), given: given(here), mean: contrast.mean,
          probabilities: contrast.differences)
      }, forKey: .contrasts)
    try container.encode(result.plan.freeInputs.map(name), forKey: .freeInputs)
    try container.encode(result.invariance, forKey: .invariance)
    try container.encode(graphTests.encoded, forKey: .independences)
    try container.encode(result.verdict, forKey: .verdict)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(result.digest(), forKey: .resultDigest)
    try container.encode(seconds, forKey: .seconds)
  }
}
