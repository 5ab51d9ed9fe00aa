import LinearAlgebra

/// Products of the endogenous columns D and the response y after the exogenous columns W are partialled out of them and
/// of the instruments: all that a k-class estimator uses of the rows.
///
/// HFUL (Hausman, Newey, Woutersen, Chao and Swanson 2012) moves C = Σ h_i (D y)_i (D y)_i', h_i the leverage of the
/// instruments, from `projected` to `residual`: its H = A - C - a (A + S) is then the k-class matrix for k = 1 / (1 -
/// a) up to a factor. C needs a pass over the rows, as the scores of HFUL and the instruments of JIVE do; that pass is
/// left to who offers them.
public struct PartialledProducts: Sendable, Equatable {
  /// A = (D y)' P (D y), P the projection on the partialled instruments [q + 1, q + 1].
  public let projected: Matrix
  /// S = (D y)' (M - P) (D y), with M (D y) partialled: what W and instruments together leave [q + 1, q + 1].
  public let residual: Matrix

  public init(projected: Matrix, residual: Matrix) {
    self.projected = projected
    self.residual = residual
  }

  /// The k of limited-information maximum likelihood: the smallest eigenvalue of S⁻¹ (A + S), at least 1.
  ///
  /// - Throws: ``NotPositiveDefinite`` when instruments and exogenous columns explain a column of (D, y) wholly, which
  ///   it names by its place there; ``Failure`` (numerical) when a product is not finite.
  public func limitedInformationK() throws -> Double {
    let half = try Cholesky(residual).inverseLower
    return 1 + max(try SymmetricEigen(half * projected * half.transposed).values[0], 0)
  }

  /// A + (1 - k) S = (1 - k) B + k A, for B = A + S.
  func combined(_ k: Double) -> Matrix { projected + (1 - k) * residual }
}
