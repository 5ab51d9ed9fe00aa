import LinearAlgebra

/// A number with its standard error and interval, where the jackknife gives them.
public struct JackknifeEstimate: Sendable, Encodable, Equatable {
  public let estimate: Double
  public let standardError: Double?
  public let lower: Double?
  public let upper: Double?

  package init(estimate: Double, standardError: Double?, lower: Double?, upper: Double?) {
    self.estimate = estimate
    self.standardError = standardError
    self.lower = lower
    self.upper = upper
  }

  /// All four, NaN for what there is not: as digests take them.
  package var numbers: [Double] { [estimate, standardError, lower, upper].map { $0 ?? .nan } }

  private enum CodingKeys: CodingKey { case estimate, standardError, lower, upper }

  /// What there is not is null.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    for (key, value) in [
      (CodingKeys.estimate, estimate), (.standardError, standardError), (.lower, lower), (.upper, upper),
    ] as [(CodingKeys, Double?)] {
      if let value, value.isFinite {
        try container.encode(value, forKey: key)
      } else {
        try container.encodeNil(forKey: key)
      }
    }
  }
}

/// What all rows give, and what they give where some are left out.
///
/// The variance of a number is a factor times Σ_b (θ_b - mean θ)², and its interval has Student's quantile with B - 1 degrees
/// of freedom.
package struct Jackknife<Value: Sendable>: Sendable {
  /// What replicates leave out.
  package enum Design: Sendable {
    /// Each of B blocks in turn (the delete-a-group jackknife): the factor is (B - 1) / B.
    case blocks
    /// A half that is chosen by chance (the delete-d jackknife of Shao and Wu, 1989, with d = n / 2): the factor is
    /// 1 / (B - 1), so that what is random in an estimate itself, as a training, counts once.
    case halves
  }

  package let whole: Value
  package let replicates: [Value]
  package let level: Double
  private let design: Design

  package init(whole: Value, replicates: [Value], level: Double, design: Design = .blocks) {
    self.whole = whole
    self.replicates = replicates
    self.level = level
    self.design = design
  }

  /// A number of the value; without a standard error where some replicate does not have it.
  package func estimate(_ number: (Value) -> Double?) -> JackknifeEstimate? {
    guard let estimate = number(whole) else { return nil }
    let numbers = replicates.compactMap(number)
    guard numbers.count == replicates.count, numbers.count > 1 else {
      return JackknifeEstimate(estimate: estimate, standardError: nil, lower: nil, upper: nil)
    }
    let error = covariance { number($0).map { [$0] } }![0, 0].squareRoot()
    let quantile = StudentT(degreesOfFreedom: Double(numbers.count - 1)).quantile(survival: (1 - level) / 2)
    return JackknifeEstimate(
      estimate: estimate, standardError: error, lower: estimate - quantile * error, upper: estimate + quantile * error)
  }

  /// The covariance of numbers of the value; nil where some replicate does not have them.
  package func covariance(_ numbers: (Value) -> [Double]?) -> Matrix? {
    let rows = replicates.compactMap(numbers)
    guard rows.count == replicates.count, let first = rows.first else { return nil }
    let count = Double(rows.count)
    let means = first.indices.map { j in rows.reduce(0) { $0 + $1[j] } / count }
    let deviations = Matrix(rows.map { row in zip(row, means).map { $0 - $1 } })
    let factor =
      switch design {
      case .blocks: (count - 1) / count
      case .halves: 1 / (count - 1)
      }
    return factor * deviations.gram
  }
}
