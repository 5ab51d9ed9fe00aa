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

  public init(_ prediction: Prediction, ranks: Int, posteriorDigest: String, out: String) {
    rows = prediction.design.rows.rowCount
    self.ranks = ranks
    groups = prediction.rule.groupCount
    labelCounts = (0..<groups).map(prediction.summary.rowCount)
    _accuracy = NullEncoded(wrappedValue: prediction.agreement?.accuracy)
    _adjustedRandIndex = NullEncoded(wrappedValue: prediction.agreement?.adjustedRandIndex)
    self.posteriorDigest = posteriorDigest
    self.out = out
  }

  public var report: Report {
    let counts = labelCounts.enumerated().map { "\($0.element) in group \($0.offset)" }
    let score = accuracy.map { "; accuracy \(format($0, decimals: 4)) against the true source" } ?? ""
    return Report([
      Report.Section(nil, [.line("\(rows) rows: \(counts.joined(separator: ", "))\(score)"), .line("wrote \(out)")])
    ])
  }
}
