import Diagnostics
import Foundation
import Frames
import LinearAlgebra
import Mixture
import Runs

/// The coefficients b of the outcome without the noise in which the treatment was measured, by simulation and extrapolation
/// (SIMEX; Cook and Stefanski 1994).
///
/// With noise of variance s² in t, b is off by what is a smooth function of s². So noise of variance λ s² more is added
/// to t and the model fitted again, for some λ > 0 and several copies each. The parabola in λ by least squares through the fit itself,
/// λ = 0, and the means of the copies is read at λ = -1, where there is none. With w_λ the weights that this gives each λ, b̄ and
/// C̄ the means over copies of b and of its sandwich covariance, and S the covariance of b over copies,
///
///     b = Σ_λ w_λ b̄(λ),    Cov b = Σ_λ w_λ (C̄(λ) - S(λ)) + Cov(Σ_{λ > 0} w_λ b_copy(λ)) / copies
///
/// (Stefanski and Cook 1995); the last term is the simulation's own error. The noise of a copy is the same for all λ but for
/// its size, which takes most of that error away.
package struct ErrorExtrapolation {
  /// s, in the units of the frame.
  let deviation: Double
  let contest: JointContest
  let trial: JointTrial
  let mixture: JointMixture
  let covariance: JointCovariance

  static let copies = 20
  /// λ > 0.
  package static let levels = [0.5, 1, 1.5, 2]

  /// b of a fit with its covariance.
  package struct Refit: Codable {
    package let coefficients: [Double]
    private let values: [Double]
    package var covariance: Matrix { Matrix(rows: coefficients.count, columns: coefficients.count, values: values) }

    package init(coefficients: [Double], covariance: Matrix) {
      (self.coefficients, values) = (coefficients, covariance.values)
    }
  }

  /// Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `data` when the noise is as large as the errors of the treatment's rule, or
  ///   hides the groups in half of the copies.
  func run() throws -> (coefficients: [Double], covariance: OutcomeCovariance) {
    let scale = trial.basis.scaling.scales[trial.basis.covariateCount]
    let least = scale * mixture.selectionDeviations.min()!
    guard deviation < least else {
      throw failure(
        "the treatment varies by \(String(format: "%.2g", least / deviation)) times that about the rule of a group")
    }
    let copies = try (0..<Self.copies).compactMap { copy in
      try contest.journal.step("joint treatment errors") { try refits(copy) }
    }
    guard 2 * copies.count > Self.copies else {
      throw failure("as much noise again hides the groups, in \(Self.copies - copies.count) of \(Self.copies) copies")
    }
    let own = covariance.outcome
    let found = Self.extrapolated(
      Refit(coefficients: mixture.outcomeCoefficients, covariance: own.matrix), copies)
    return (found.coefficients, OutcomeCovariance(found.covariance, least: own))
  }

  /// A copy at all levels, each from the one before; nil when a fit has no regular maximum.
  private func refits(_ copy: Int) throws -> [Refit]? {
    var fit = Fit(start: 0, model: mixture)
    var refits: [Refit] = []
    for level in Self.levels {
      let design = try noisier(by: level, copy)
      let begun = Fit(start: 0, model: fit.model)
      guard let found = try contest.continued([begun], on: design, phase: "joint treatment errors").first,
        let covariance = try JointCovariance.estimateIfRegular(found.model, on: design, clusters: contest.clusters)
      else { return nil }
      refits.append(
        Refit(coefficients: found.model.outcomeCoefficients, covariance: covariance.outcome.matrix))
      fit = found
    }
    return refits
  }

  /// The rows with noise of λ times the variance added to t.
  private func noisier(by level: Double, _ copy: Int) throws -> Design {
    let random = CounterRandom(seed: contest.options.seed, stream: .treatmentErrors)
    let size = level.squareRoot() * deviation
    let treatment = try trial.design.column { chunk, values in
      let seen = try trial.design.treatment(ofChunk: chunk)
      for (offset, row) in chunk.tableRows.enumerated() {
        values[offset] = seen[offset] + size * random.normal(row: row, draw: copy)
      }
    }
    return Design(table: contest.table, basis: trial.basis, replacement: RowReplacement(treatment: treatment))
  }

  /// b without noise, and its covariance, from those of the fit and those of the copies, each at all ``levels``.
  package static func extrapolated(_ fit: Refit, _ copies: [[Refit]]) -> Refit {
    let (count, weights) = (Double(copies.count), Self.weights.dropFirst())
    var coefficients = fit.coefficients.map { Self.weights[0] * $0 }
    var covariance = Self.weights[0] * fit.covariance
    for (place, weight) in weights.enumerated() {
      for copy in copies {
        for j in coefficients.indices { coefficients[j] += weight / count * copy[place].coefficients[j] }
        covariance = covariance + (weight / count) * copy[place].covariance
      }
      covariance = covariance - weight * Self.covariance(copies.map { $0[place].coefficients })
    }
    let ends = copies.map { copy in
      coefficients.indices.map { j in zip(weights, copy).reduce(0) { $0 + $1.0 * $1.1.coefficients[j] } }
    }
    return Refit(coefficients: coefficients, covariance: covariance + (1 / count) * Self.covariance(ends))
  }

  /// w_λ of λ = 0 and ``levels``: what a parabola by least squares at -1 makes of the values at these.
  private static let weights: [Double] = {
    let design = Matrix(([0] + levels).map { [1, $0, $0 * $0] })
    guard let gram = try? Cholesky(design.transposed * design) else { preconditionFailure("three levels or more") }
    return design * gram.solve([1, -1, 1])
  }()

  /// The sample covariance of some vectors.
  private static func covariance(_ vectors: [[Double]]) -> Matrix {
    let (count, q) = (Double(vectors.count), vectors[0].count)
    let means = (0..<q).map { j in vectors.reduce(0) { $0 + $1[j] } / count }
    let deviations = Matrix(vectors.map { zip($0, means).map { $0 - $1 } })
    return (1 / (count - 1)) * (deviations.transposed * deviations)
  }

  private func failure(_ what: String) -> Failure {
    Failure(
      .data,
      "--treatment-error: \(what); give the standard deviation of the noise alone, or measure the treatment better")
  }
}

/// The covariance of the coefficients b of the outcome's regression, of which effects are combinations.
public struct OutcomeCovariance: Sendable {
  let matrix: Matrix
  /// What no variance is less than, where the matrix is an extrapolation; nil where it is none.
  private let least: Matrix?
  /// Of Student's quantiles, where clusters are few; nil for normal ones.
  let degreesOfFreedom: Double?

  init(_ matrix: Matrix, degreesOfFreedom: Double?) {
    (self.matrix, least, self.degreesOfFreedom) = (matrix, nil, degreesOfFreedom)
  }

  /// An extrapolated one, which chance may take below that of the fit that it began from.
  init(_ matrix: Matrix, least: OutcomeCovariance) {
    (self.matrix, self.least, degreesOfFreedom) = (matrix, least.matrix, least.degreesOfFreedom)
  }

  /// The standard error of Σ_j weights_j b_j.
  public func standardError(of weights: [Double]) -> Double {
    max(matrix.quadraticForm(weights), least?.quadraticForm(weights) ?? 0).squareRoot()
  }
}

extension JointCovariance {
  /// That of b.
  public var outcome: OutcomeCovariance {
    OutcomeCovariance(block(Array(parameters.outcome)), degreesOfFreedom: degreesOfFreedom)
  }
}
