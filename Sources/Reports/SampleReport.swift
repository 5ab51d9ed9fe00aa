import InterventionalSampling

/// Rows under an intervention in numbers, as `--json` and `report.json` give them, and for people.
public struct SampleReport: Sendable {
  private let sample: InterventionalSample
  private let survey: InterventionalSample.Survey
  /// What the options of the command say of values.
  private let set: [String: String]
  private let seen: [String: String]
  private let table: [String]

  /// - Parameter table: the files that give values row by row; none where all rows have the same.
  public init(
    _ sample: InterventionalSample, _ survey: InterventionalSample.Survey, set: [String: String],
    seen: [String: String], table: [String]
  ) {
    self.sample = sample
    self.survey = survey
    self.set = set
    self.seen = seen
    self.table = table
  }

  private var network: InterventionalNetwork { sample.network }

  /// Numbers that people are told of.
  private static let mostNumbers = 8

  /// The levels of the outcome, variable by variable, with the share of the rows that have each and its Monte Carlo error.
  private var shares: [Share] {
    zip(network.outcome, survey.counts).flatMap { place, counts in
      zip(network.variables[place].levels, counts).map { level, count in
        let share = Double(count) / Double(sample.rowCount)
        return Share(
          variable: network.graph.names[place], level: level, share: share,
          standardError: (share * (1 - share) / Double(sample.rowCount)).squareRoot())
      }
    }
  }

  /// The numbers of the outcome; of vectors a report tells the first few components.
  private var numbers: [Number] {
    survey.numbers.map { own in
      Number(
        variable: own.name, mean: own.mean, deviation: own.deviation,
        standardError: own.deviation / Double(sample.rowCount).squareRoot(),
        quantiles: zip(InterventionalSample.Number.probabilities, own.quantiles).map {
          Quantile(probability: $0, value: $1)
        })
    }
  }

  private struct Number: Encodable {
    let variable: String
    let mean: Double
    let deviation: Double
    /// Of the mean.
    let standardError: Double
    let quantiles: [Quantile]
  }

  private struct Quantile: Encodable {
    let probability: Double
    let value: Double
  }

  private struct Share: Encodable {
    let variable: String
    let level: String
    let share: Double
    let standardError: Double
  }

  /// What a reader should doubt; none where little rests on few rows.
  private var warnings: [String] {
    guard survey.rareShare > Overlap.doubtfulShare else { return [] }
    return [
      "\(format(100 * survey.rareShare, decimals: 1))% of the rows went through combinations of levels with fewer than five "
        + "rows in the data"
    ]
  }
}

// MARK: - For people

extension SampleReport {
  /// - Parameter shards: in how many files the rows lie.
  public func text(shards: Int) -> String {
    func words(_ values: [String: String]) -> String {
      values.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
    }
    let asked =
      table.isEmpty
      ? "do(\(words(set)))" + (seen.isEmpty ? "" : ", given \(words(seen))")
      : "values row by row from \(table.joined(separator: ", "))"
    var lines = TextTable(["outcome", "share", "Monte Carlo error"])
    lines.rows = shares.map {
      ["\($0.variable) = \($0.level)", format($0.share, decimals: 4), format($0.standardError, decimals: 4)]
    }
    var means = TextTable(
      ["outcome", "mean", "Monte Carlo error", "deviation"]
        + InterventionalSample.Number.probabilities.map { "\(significant(100 * $0))%" })
    means.rows = numbers.prefix(Self.mostNumbers).map { number in
      [number.variable]
        + ([number.mean, number.standardError, number.deviation] + number.quantiles.map(\.value)).map {
          significant($0)
        }
    }
    let left = numbers.count - means.rows.count
    return
      (["\(sample.rowCount) rows in \(shards) shards; \(asked), seed \(sample.seed)", ""]
      + (lines.rows.isEmpty ? [] : lines.lines) + (means.rows.isEmpty ? [] : means.lines)
      + (left > 0 ? ["and \(left) components more"] : [])
      + (warnings.isEmpty ? [] : [""] + warnings) + ["", "sample digest \(survey.digest)"]).joined(separator: "\n")
  }
}

// MARK: - For programs

extension SampleReport: Encodable {
  private enum Key: String, CodingKey {
    case rows, seed, `do`, given, doFrom, variables, networkDigest, outcome, numbers, rareShare, warnings, sampleDigest
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(sample.rowCount, forKey: .rows)
    try container.encode(sample.seed, forKey: .seed)
    try container.encode(set, forKey: .do)
    try container.encode(seen, forKey: .given)
    try container.encode(table, forKey: .doFrom)
    try container.encode(sample.variables.map { network.graph.names[$0] }, forKey: .variables)
    try container.encode(network.digest(), forKey: .networkDigest)
    try container.encode(shares, forKey: .outcome)
    try container.encode(numbers, forKey: .numbers)
    try container.encode(survey.rareShare, forKey: .rareShare)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(survey.digest, forKey: .sampleDigest)
  }
}
