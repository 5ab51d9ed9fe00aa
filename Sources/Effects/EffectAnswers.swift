import Communication
import Frames
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
}

/// Two treatments: the effect of the second instead of the first is asked for.
public struct Contrast: Sendable, Codable, Equatable {
  public let from: Double
  public let to: Double

  public init(from: Double, to: Double) {
    self.from = from
    self.to = to
  }
}

/// The effect of one treatment instead of another, averaged over the rows.
public struct ContrastEstimate: Sendable, Codable, Equatable {
  public let contrast: Contrast
  public let effect: EffectEstimate
}

/// The law that standardised estimates are held against: normal, or Student's with as many degrees of freedom as there
/// are clusters but one.
public enum ReferenceLaw: Sendable, Codable, Equatable {
  case normal
  case student(degreesOfFreedom: Double)

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

/// The outcome and the effect at one treatment, averaged over the rows.
public struct CurvePoint: Sendable, Codable, Equatable {
  public let t: Double
  /// E[Y | do(T = t)], averaged over the rows.
  public let g: Double
  /// The effect of t instead of the reference.
  public let tau: Double
  public let standardError: Double?
  /// The pointwise 95% interval of `tau`.
  public let lower: Double?
  public let upper: Double?
  /// The band that holds `tau` at all points of the curve at once with 95%.
  public let uniformLower: Double?
  public let uniformUpper: Double?
}

/// What of φ the answers are made of: its means and mean slopes over the rows.
struct OutcomeMeans: Sendable {
  /// E[φ], with weights.
  let functions: [Double]
  /// E[∂φ/∂t].
  let slopes: [Double]
  /// E[y].
  let outcome: Double

  /// One pass. Collective.
  init(_ table: EffectTable, _ functions: OutcomeFunctions) throws {
    let (q, m) = (functions.count, table.covariates.count)
    let sums = try table.rows.sum([Double](repeating: 0, count: 2 * q + 2)) { sums, chunk in
      let stride = Kernel.paddedCount(table.rowCount(chunk))
      let storage = AlignedBuffer(count: (m + 1 + 2 * q) * stride)
      let t = storage.pointer + m * stride
      try table.fillTreatment(chunk, into: t)
      try table.fillCovariates(chunk, inStandardDeviations: false, into: storage.pointer, stride: stride)
      let x = (0..<m).map { UnsafePointer(storage.pointer + $0 * stride) }
      let (values, slopes) = (t + stride, t + (1 + q) * stride)
      let rowCount = table.rowCount(chunk)
      functions.evaluate(t, x, rowCount: rowCount, into: values, stride: stride)
      functions.evaluateSlopes(t, x, rowCount: rowCount, into: slopes, stride: stride)
      let (weights, outcome) = (try table.frame.weight(chunk: chunk), try table.frame.outcome(chunk: chunk)!)
      for row in 0..<rowCount {
        let weight = weights?[row] ?? 1
        sums[2 * q] += weight
        sums[2 * q + 1] += weight * outcome[row]
      }
      for j in 0..<q {
        for row in 0..<rowCount {
          let weight = weights?[row] ?? 1
          sums[j] += weight * values[j * stride + row]
          sums[q + j] += weight * slopes[j * stride + row]
        }
      }
    }
    let total = sums[2 * q]
    self.functions = sums[..<q].map { $0 / total }
    slopes = sums[q..<2 * q].map { $0 / total }
    outcome = sums[2 * q + 1] / total
  }
}

/// Coefficients of φ turned into answers: all are linear in them.
struct EffectAnswers: Sendable {
  let functions: OutcomeFunctions
  let means: OutcomeMeans
  /// The treatment that effects are told against.
  let reference: Double
  let coefficients: [Double]
  let covariance: Matrix?
  let law: ReferenceLaw

  func estimate(_ name: String, _ weights: [Double]) -> EffectEstimate {
    EffectEstimate(name, weights, coefficients, covariance, law)
  }

  /// E[∂g/∂t] over the rows: what one unit more of t does to y, on average.
  var averageSlope: EffectEstimate { estimate("average slope", means.slopes) }

  func contrast(_ contrast: Contrast) -> ContrastEstimate {
    let (from, to) = (functions.values(at: contrast.from), functions.values(at: contrast.to))
    return ContrastEstimate(contrast: contrast, effect: estimate("contrast", zip(to, from).map { $0 - $1 }))
  }

  /// The coefficients, one by one.
  var terms: [EffectEstimate] {
    functions.names.enumerated().map { j, name in
      estimate(name, functions.names.indices.map { $0 == j ? 1 : 0 })
    }
  }

  /// The curve at some treatments, with bands.
  ///
  /// The uniform band takes the 95% quantile of the largest of |L z| / error over the treatments, z standard normal and
  /// L L' the covariance of the coefficients, over draws of the counter-based generator (Montiel Olea and
  /// Plagborg-Møller 2019, "Simultaneous confidence bands").
  func curve(at treatments: [Double], seed: UInt64) throws -> [CurvePoint] {
    let base = functions.values(at: reference)
    let level = means.outcome - zip(means.functions, coefficients).reduce(0) { $0 + $1.0 * $1.1 }
    let weights = treatments.map { t in zip(functions.values(at: t), base).map { $0 - $1 } }
    let estimates = weights.map { estimate("", $0) }
    let critical = try covariance.map { try uniformQuantile(weights, $0, seed: seed) }
    return zip(zip(treatments, weights), estimates).map { point, estimate in
      let values = functions.values(at: point.0)
      let half = critical.flatMap { critical in estimate.standardError.map { critical * $0 } }
      return CurvePoint(
        t: point.0, g: level + zip(values, coefficients).reduce(0) { $0 + $1.0 * $1.1 }, tau: estimate.estimate,
        standardError: estimate.standardError, lower: estimate.lower, upper: estimate.upper,
        uniformLower: half.map { estimate.estimate - $0 }, uniformUpper: half.map { estimate.estimate + $0 })
    }
  }

  private static let bandDraws = 2000

  private func uniformQuantile(_ weights: [[Double]], _ covariance: Matrix, seed: UInt64) throws -> Double {
    let eigen = try SymmetricEigen(covariance)
    let roots = eigen.values.map { max(0, $0).squareRoot() }
    // Each direction by its root: rows of weights' V^½, divided by the error of the point.
    let rows: [[Double]] = weights.compactMap { weights in
      let projected = zip(eigen.vectors.transposed * weights, roots).map { $0 * $1 }
      let error = projected.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return error > 0 ? projected.map { $0 / error } : nil
    }
    guard !rows.isEmpty else { return law.quantile }
    let random = CounterRandom(seed: seed, stream: .uniformBand)
    let largest = (0..<Self.bandDraws).map { draw in
      let z = roots.indices.map { random.normal(row: draw, draw: $0) }
      return rows.reduce(0) { max($0, abs(zip($1, z).reduce(0) { $0 + $1.0 * $1.1 })) }
    }
    return largest.sorted()[Int((0.95 * Double(Self.bandDraws)).rounded(.up)) - 1]
  }
}
