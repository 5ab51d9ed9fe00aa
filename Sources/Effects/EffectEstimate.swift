import LinearAlgebra
import Statistics

/// A linear combination of the coefficients of φ that a user asks for, with its standard error and 95% interval.
public struct EffectEstimate: Sendable, Codable, Equatable {
  public let name: String
  public let estimate: Double
  /// Nil where the method has no covariance.
  public let standardError: Double?
  public let pValue: Double?
  public let lower: Double?
  public let upper: Double?

  /// - Parameters:
  ///   - weights: of the combination, one for each of the coefficients `b`.
  ///   - covariance: of `b`.
  init(_ name: String, _ weights: [Double], _ b: [Double], _ covariance: Matrix?, _ reference: ReferenceLaw) {
    self.name = name
    let value = zip(weights, b).reduce(0) { $0 + $1.0 * $1.1 }
    let error = covariance.map { max(0, zip(weights, $0 * weights).reduce(0) { $0 + $1.0 * $1.1 }).squareRoot() }
    estimate = value
    standardError = error
    pValue = error.map { $0 > 0 ? reference.tail(abs(value) / $0) : .nan }
    lower = error.map { value - reference.quantile * $0 }
    upper = error.map { value + reference.quantile * $0 }
  }

  /// One of a method that has no errors.
  init(_ name: String, _ estimate: Double) {
    self.name = name
    self.estimate = estimate
    (standardError, pValue, lower, upper) = (nil, nil, nil, nil)
  }

  /// - Parameter replicates: b of each.
  init(_ name: String, _ weights: [Double], _ b: [Double], replicates: [[Double]]) {
    func combined(_ b: [Double]) -> Double { zip(weights, b).reduce(0) { $0 + $1.0 * $1.1 } }
    self.init(name, combined(b), replicates: replicates.map(combined))
  }

  /// With the standard deviation of replicates for error, which p is by, and their percentiles for interval.
  init(_ name: String, _ estimate: Double, replicates: [Double]) {
    let bootstrap = Bootstrap(estimate: estimate, replicates: replicates)
    let error = bootstrap.standardError
    let interval = bootstrap.percentile(level: 0.95)
    self.name = name
    self.estimate = estimate
    standardError = error
    pValue = error > 0 ? ReferenceLaw.normal.tail(abs(estimate) / error) : .nan
    (lower, upper) = (interval.lower, interval.upper)
  }
}

/// The law that standardised estimates are held against: normal, or Student's with as many degrees of freedom as there
/// are clusters but one.
public enum ReferenceLaw: Sendable, Codable, Equatable {
  case normal
  case student(degreesOfFreedom: Double)

  /// - Parameter fewClusters: the number of clusters where they are few, nil else.
  init(fewClusters: Int?) {
    self = fewClusters.map { .student(degreesOfFreedom: Double($0 - 1)) } ?? .normal
  }

  /// The quantile at .975.
  var quantile: Double {
    switch self {
    case .normal: StandardNormal().quantile(0.975)
    case .student(let df): StudentT(degreesOfFreedom: df).quantile(0.975)
    }
  }

  /// The probability that a standardised estimate lies further from 0 than `z`.
  func tail(_ z: Double) -> Double {
    switch self {
    case .normal: 2 * StandardNormal().survival(z)
    case .student(let df): 2 * StudentT(degreesOfFreedom: df).survival(z)
    }
  }
}
