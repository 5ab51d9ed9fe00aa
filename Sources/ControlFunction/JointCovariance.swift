import Diagnostics
import LinearAlgebra
import Mixture

/// The sandwich covariance of the parameters of a joint mixture at its maximum: A⁻¹ B A⁻¹.
///
/// A is the observed information, and B = Σ_i v s_i s_i' of the scores of rows, v = w², or w where it counts equal rows; over
/// clusters of rows Σ_g S_g S_g', S_g = Σ w s; see ``JointScores``. It holds when errors are not normal or not of equal
/// variance (Huber 1967, White 1982).
public struct JointCovariance: Sendable {
  public let parameters: JointParameters
  /// The covariance of all parameters [q, q].
  public let matrix: Matrix
  /// A, factored.
  let information: Cholesky
  /// ∂ log L at the parameters: near 0 at a maximum.
  package let gradient: [Double]
  /// Of Student's quantiles, where clusters are few; nil for normal ones.
  let degreesOfFreedom: Double?

  /// The covariance at a maximum, by a pass over the rows. Collective.
  ///
  /// - Parameter clusters: of rows whose errors may depend on each other; nil for independent ones.
  /// - Throws: ``NotPositiveDefinite`` when the information is not, so that the point is no regular maximum; on all ranks
  ///   the same ``Failure`` when a pass fails, or when there are too many clusters.
  public static func estimate(
    _ model: JointMixture, on design: Design, clusters: RowClusters? = nil
  ) throws -> JointCovariance {
    let parameters = JointParameters(model)
    let scores = try design.scores(of: model, parameters, clusters: clusters)
    return JointCovariance(
      parameters: parameters, information: try Cholesky(scores.information, tolerance: 0),
      meat: scores.meat, gradient: scores.gradient, degreesOfFreedom: clusters?.degreesOfFreedom)
  }

  /// - Parameter meat: B.
  init(
    parameters: JointParameters, information: Cholesky, meat: Matrix, gradient: [Double], degreesOfFreedom: Double?
  ) {
    self.parameters = parameters
    self.information = information
    self.gradient = gradient
    self.degreesOfFreedom = degreesOfFreedom
    matrix = information.solve(information.solve(meat).transposed)
  }

  /// The covariance of some parameters.
  public func block(_ indices: [Int]) -> Matrix {
    matrix.selecting(rows: indices, columns: indices)
  }

  public func standardErrors(_ indices: Range<Int>) -> [Double] {
    indices.map { max(matrix[$0, $0], 0).squareRoot() }
  }

  /// The standard errors of δ_k, that of the first group 0.
  ///
  /// - Precondition: they are free.
  public var shiftStandardErrors: [Double] {
    [0] + (1..<parameters.groups).flatMap { standardErrors(parameters.shifts($0)) }
  }
}
