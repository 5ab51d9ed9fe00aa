import LinearAlgebra

/// Products of the endogenous columns D and the response y after the exogenous columns W are partialled out of them and
/// of the instruments: all that a k-class estimator uses of the rows.
///
/// HFUL (Hausman, Newey, Woutersen, Chao and Swanson 2012) moves C = Σ h_i (D y)_i (D y)_i', h_i the leverage of the
/// instruments, from `projected` to `residual`: its H = A - C - a (A + S) is then the k-class matrix for k = 1 / (1 -
/// a) up to a factor.
public struct PartialledProducts: Sendable, Equatable {
  /// A = (D y)' P (D y), P the projection on the partialled instruments [q + 1, q + 1].
  public let projected: Matrix
  /// S = (D y)' (M - P) (D y), with M (D y) partialled: what W and instruments together leave [q + 1, q + 1].
  public let residual: Matrix

  public init(projected: Matrix, residual: Matrix) {
    self.projected = projected
    self.residual = residual
  }

  /// The smallest eigenvalue of S⁻¹ A: rounding, and the C of HFUL, may make it negative.
  ///
  /// - Throws: ``NotPositiveDefinite`` when instruments and exogenous columns explain a column of (D, y) wholly, which
  ///   it names by its place there; ``Failure`` (numerical) when a product is not finite.
  public func smallestRoot() throws -> Double { try smallestRootVector().value }

  /// The same μ, and w with A w = μ S w and w'S w = 1.
  public func smallestRootVector() throws -> (value: Double, vector: [Double]) {
    let half = try Cholesky(residual).inverseLower
    let eigen = try SymmetricEigen(half * projected * half.transposed)
    return (eigen.values[0], half.transposed * half.diagonal.indices.map { eigen.vectors[$0, 0] })
  }

  /// The k of limited-information maximum likelihood: the smallest eigenvalue of S⁻¹ (A + S), at least 1.
  ///
  /// - Throws: as ``smallestRoot()``.
  public func limitedInformationK() throws -> Double { 1 + max(try smallestRoot(), 0) }

  /// The k of an estimator.
  ///
  /// - Parameter degreesOfFreedom: n less the number of exogenous columns and instruments.
  /// - Throws: as ``smallestRoot()``.
  public func k(_ estimator: KClassEstimator, degreesOfFreedom: Double) throws -> Double {
    switch estimator {
    case .twoStage: 1
    case .limitedInformation: try limitedInformationK()
    case .fuller(let a): try limitedInformationK() - a / degreesOfFreedom
    case .fixed(let k): k
    }
  }

  /// b and H⁻¹, H = (A + (1 - k) S)_DD and b = H⁻¹ (A + (1 - k) S)_Dy.
  ///
  /// - Throws: ``NotPositiveDefinite`` that names an endogenous column, by its place in D, which the instruments do not
  ///   identify.
  public func slopes(k: Double) throws(NotPositiveDefinite) -> (coefficients: [Double], bread: Matrix) {
    // (1 - k) B + k A, for B = A + S.
    let matrix = projected + (1 - k) * residual
    let last = matrix.rows - 1
    let factor = try matrix.factor(of: Array(0..<last))
    return (factor.solve((0..<last).map { matrix[$0, last] }), factor.inverse)
  }
}
