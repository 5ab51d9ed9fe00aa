import Diagnostics
import MetaEM
import Mixture
import Storage

/// The groups of new rows in numbers, as `--json` prints them, and for people.
public struct PredictionReport: Sendable, Encodable {
  public let rows: Int
  public let ranks: Int
  public let groups: Int
  public let labelCounts: [Int]
  @NullEncoded public var accuracy: Double?
  @NullEncoded public var adjustedRandIndex: Double?
  public let posteriorDigest: String
  /// The file of the posteriors.
  public let out: String
  /// What to know of the rows.
  public let findings: [Finding]
  /// The findings in words.
  public let warnings: [String]

  public init(
    _ prediction: Prediction, ranks: Int, posteriorDigest: String, out: String, findings: [Finding] = []
  ) {
    rows = prediction.design.rows.rowCount
    self.ranks = ranks
    groups = prediction.rule.groupCount
    labelCounts = (0..<groups).map(prediction.summary.rowCount)
    _accuracy = NullEncoded(wrappedValue: prediction.agreement?.accuracy)
    _adjustedRandIndex = NullEncoded(wrappedValue: prediction.agreement?.adjustedRandIndex)
    self.posteriorDigest = posteriorDigest
    self.out = out
    self.findings = findings
    warnings = findings.map(\.words)
  }

  public var report: Report {
    let counts = labelCounts.enumerated().map { "\($0.element) in group \($0.offset)" }
    let score = accuracy.map { "; accuracy \(format($0, decimals: 4)) against the true source" } ?? ""
    return Report(
      [
        Report.Section(nil, [.line("\(rows) rows: \(counts.joined(separator: ", "))\(score)"), .line("wrote \(out)")])
      ] + (findings.isEmpty ? [] : [Report.Section(nil, [.findings(findings)])]))
  }
}
