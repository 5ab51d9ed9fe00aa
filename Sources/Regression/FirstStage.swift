import LinearAlgebra

/// The regressions of the endogenous columns D and the response y on the exogenous columns W and the instruments Z.
public struct FirstStage: Sendable {
  /// On W and Z [exogenous + instruments, q + 1].
  public let coefficients: Matrix
  /// On W alone [exogenous, q + 1].
  public let onExogenous: Matrix
  public let products: PartialledProducts
  /// Σ v q (D, y)' [instruments, q + 1], q the instruments after W and those before them are partialled out, of unit
  /// length: M with M'M = A of ``products``.
  public let orthonormal: Matrix
  /// (W'W)⁻¹.
  private let exogenousBread: Matrix

  /// - Parameters:
  ///   - gram: Σ v c c' of columns c.
  ///   - targets: The columns D, then y.
  /// - Throws: ``NotPositiveDefinite`` that names an exogenous column or instrument which depends on those before it.
  public init(_ gram: Matrix, targets: [Int], exogenous: [Int], instruments: [Int]) throws(NotPositiveDefinite) {
    let all = exogenous + instruments
    let factor = try gram.factor(of: all)
    let cross = gram.selecting(rows: all, columns: targets)
    coefficients = factor.solve(cross)
    // L⁻¹ (W Z)'T: its rows are products with orthonormal columns, W first, so that the rest belongs to partialled Z.
    let explained = factor.inverseLower * cross
    orthonormal = explained.selecting(
      rows: Array(exogenous.count..<all.count), columns: Array(targets.indices))
    products = PartialledProducts(
      projected: orthonormal.gram,
      residual: gram.selecting(rows: targets, columns: targets) - explained.gram)
    let leading = try gram.factor(of: exogenous)
    onExogenous = leading.solve(gram.selecting(rows: exogenous, columns: targets))
    exogenousBread = leading.inverse
  }

  /// The inverse of [W D]'(I - k M)[W D], given that of its partialled block of D.
  func bread(slopes: Matrix) -> Matrix {
    let (c, q) = (onExogenous.rows, slopes.rows)
    let shift = onExogenous.selecting(rows: Array(0..<c), columns: Array(0..<q))
    let cross = shift * slopes
    let corner = exogenousBread + cross * shift.transposed
    var result = Matrix(rows: c + q, columns: c + q)
    for i in 0..<c {
      for j in 0..<c { result[i, j] = corner[i, j] }
      for j in 0..<q {
        result[i, c + j] = -cross[i, j]
        result[c + j, i] = -cross[i, j]
      }
    }
    for i in 0..<q { for j in 0..<q { result[c + i, c + j] = slopes[i, j] } }
    return result
  }

  /// The forms of a row c that give x̂ = (W, P D).
  func fitted(exogenous: [Int], instruments: [Int], columns: Int) -> Matrix {
    var forms = Matrix(rows: coefficients.columns - 1 + exogenous.count, columns: columns)
    for (i, column) in exogenous.enumerated() { forms[i, column] = 1 }
    for (i, column) in (exogenous + instruments).enumerated() {
      for j in 0..<coefficients.columns - 1 { forms[exogenous.count + j, column] += coefficients[i, j] }
    }
    return forms
  }
}
