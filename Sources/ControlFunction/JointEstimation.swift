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
  /// 1 / sqrt(A_jj): the standard error of each parameter if the others were known.
  private let units: [Double]

  /// Two passes over the rows. Collective.
  ///
  /// - Parameter design: the rows that the mixture was fitted to, with their weights.
  /// - Returns: nil when the information is not positive definite, so that the likelihood has no regular maximum here.
  /// - Throws: on all ranks the same ``Failure`` when a pass fails.
  public init?(_ mixture: JointMixture, on design: Design) throws {
    guard let covariance = try JointCovariance.estimateIfRegular(mixture, on: design) else { return nil }
    self.mixture = mixture
    self.design = design
    parameters = covariance.parameters
    information = covariance.information
    let lower = information.lower
    units = (0..<lower.rows).map { 1 / lower[row: $0].reduce(0) { $0 + $1 * $1 }.squareRoot() }
  }

  public var parameterCount: Int { parameters.count }

  /// The mixture with one parameter moved by `step` of its units, in which a step of 1 changes the log-likelihood by ½.
  public func moved(_ parameter: Int, by step: Double) -> JointMixture {
    var vector = mixture.vector
    vector[parameters.place(inVector: parameter)] += step * units[parameter]
    return mixture.at(vector)
  }

  /// What multiplies the score of a row in what it moves some quantities by.
  ///
  /// - Parameter derivatives: of the quantities in the units of the parameters [quantities, ``parameterCount``].
  /// - Returns: ∂/∂θ A⁻¹, of the same shape.
  public func influence(ofDerivatives derivatives: Matrix) -> Matrix {
    var scaled = derivatives
    for i in 0..<scaled.rows { for j in units.indices { scaled[i, j] /= units[j] } }
    return information.solve(scaled.transposed).transposed
  }

  /// Writes w_i (F s_i)_a of one observation of each row of a chunk, of weight 1 where weights count observations, to `values[a * stride + row]`, F as ``influence(ofDerivatives:)`` gives
  /// it.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read.
  public func fill(
    _ influence: Matrix, chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int
  ) throws {
    try design.withBlock(ofChunk: design.rows.chunk(chunk)) { block, weights in
      let rows = ScoreRows(
        block: block, weights: RowWeights(values: weights, kind: design.table.weightKind), model: mixture,
        parameters: parameters)
      rows.fillTotals()
      for a in 0..<influence.rows {
        let target = values + a * stride
        rows.evaluateTotals([0] + influence[row: a], into: target)
        if design.table.weightKind != .frequency {
          for row in 0..<block.rowCount { target[row] *= rows.rowWeights[row] }
        }
      }
    }
  }
}
