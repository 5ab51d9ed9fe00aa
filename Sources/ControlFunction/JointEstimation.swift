import Frames
import LinearAlgebra
import Mixture

/// A joint mixture as an estimate from rows: θ̂ - θ ≈ A⁻¹ Σ w_i s_i, with A the observed information at the maximum and
/// s_i the score of a row. Whatever depends on θ̂ errs with it, by the derivative times this (Newey and McFadden 1994,
/// "Large sample estimation and hypothesis testing", theorem 6.1).
public struct JointEstimation: Sendable {
  private let mixture: JointMixture
  private let parameters: JointParameters
  private let design: Design
  private let information: Cholesky

  /// A pass over the rows. Collective.
  ///
  /// - Parameter design: the rows that the mixture was fitted to, with their weights.
  /// - Returns: nil when the information is not positive definite, so that the likelihood has no regular maximum here.
  /// - Throws: on all ranks the same ``Failure`` when a pass fails.
  public init?(_ mixture: JointMixture, on design: Design) throws {
    guard let covariance = try JointCovariance.estimateIfRegular(mixture, on: design) else { return nil }
    self.init(mixture, on: design, covariance)
  }

  /// - Parameter covariance: that of the mixture on these rows.
  public init(_ mixture: JointMixture, on design: Design, _ covariance: JointCovariance) {
    self.mixture = mixture
    self.design = design
    parameters = covariance.parameters
    information = covariance.information
  }

  public var parameterCount: Int { parameters.count }

  /// Adds Σ_i Σ_k (λ_ik ∂γ_ik/∂θ + μ_ik ∂π_k(x_i)/∂θ) over the rows of a chunk, γ the posterior, with
  /// ∂γ_k/∂θ = γ_k (s_k - s) and ∂π_k/∂θ = π_k a_k of the scores: parameter j of quantity a at
  /// `sums[a * parameterCount + j]`.
  ///
  /// - Parameters:
  ///   - posteriors: λ of quantity a and group k at `(k * quantities + a) * stride + row`.
  ///   - shares: μ likewise; nil for 0.
  /// - Throws: a ``Failure`` when the chunk cannot be read.
  public func addDerivatives(
    of quantities: Int, posteriors: UnsafePointer<Double>, shares: UnsafePointer<Double>?, stride: Int, chunk: Int,
    to sums: inout [Double]
  ) throws {
    try design.withBlock(ofChunk: design.rows.chunk(chunk)) { block, weights in
      let rows = ScoreRows(
        block: block, weights: RowWeights(values: weights, kind: design.table.weightKind), model: mixture,
        parameters: parameters)
      precondition(rows.stride == stride)
      rows.addDerivatives(of: quantities, posteriors: posteriors, shares: shares, to: &sums)
    }
  }

  /// What multiplies the score of a row in what it moves some quantities by.
  ///
  /// - Parameter derivatives: of the quantities [quantities, ``parameterCount``].
  /// - Returns: ∂/∂θ A⁻¹, of the same shape.
  public func influence(ofDerivatives derivatives: Matrix) -> Matrix {
    information.solve(derivatives.transposed).transposed
  }

  /// Writes w_i (F s_i)_a of one observation of each row of a chunk, of weight 1 where weights count observations, to
  /// `values[a * stride + row]`, F as ``influence(ofDerivatives:)`` gives it.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read.
  public func fill(
    _ influence: Matrix, chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int
  ) throws {
    try design.withBlock(ofChunk: design.rows.chunk(chunk)) { block, weights in
      let rows = ScoreRows(
        block: block, weights: RowWeights(values: weights, kind: design.table.weightKind), model: mixture,
        parameters: parameters)
      for a in 0..<influence.rows {
        let target = values + a * stride
        rows.evaluate(Array(influence[row: a]), into: target)
        if design.table.weightKind != .frequency {
          for row in 0..<block.rowCount { target[row] *= rows.rowWeights[row] }
        }
      }
    }
  }
}
