import LinearAlgebra
import Regression

/// How the coefficients of an estimator follow its instruments, in the units of the sums.
///
/// With q the partialled instruments made orthonormal, M what takes (W, q) out of a column, r = (D, y) partialled and
/// e = M r, instruments of the rows that move by δ_i in the coordinates of q move the projection on them by M δ q' + q δ' M, and
/// through it and its diagonal h every coefficient by
/// ```
/// db_a = Σ_i v_i (M g_a)_i' δ_i        g_ia = F_a r_i + τ_ia q_i + s_i c_a
/// ```
/// With Π = Σ v q r', u the residual and R the inverse of the estimator's matrix:
/// ```
/// k-class   F_a = 2 Π Q_a                     b solves (k A + (1 - k) B)_Du = 0, so that db_a = <Q_a, dA>,
///           Q_a = k R_a u' + dk/dA            symmetrised; k of LIML and Fuller moves with A
/// HFUL      τ_ia = -2 v_i r_i'Q_a r_i         LIML with A - C for A, C = Σ v h r r', but for the 1 / n that it takes from k
/// JIVE      s_i = u_i / (1 - h_i), c_a = Π R_a, F_a = Σ v s q R_a', τ_ia = -2 v_i s_i e_i'R_a / (1 - h_i)
/// GMM       F_a = w R_a' + X_a u', w = V⁻¹ Π u, X = R Π_D'V⁻¹, with the variance V of its moments as given
/// ```
/// Ordinary regression has no instruments and does not move.
struct InstrumentGradient: Sendable {
  /// F_a [L, q + 1] of each coefficient; for JIVE what Σ v s q is missing from it.
  private(set) var onTargets: [Matrix]
  private(set) var leverage: Leverage?

  /// What τ and s are made of where h plays a part.
  enum Leverage: Sendable {
    /// Q.
    case quadratic([Matrix])
    /// Which of the jackknife estimators, b and R [q, q].
    case jackknife(index: Int, coefficients: [Double], bread: Matrix)
  }

  /// - Throws: as ``InstrumentalRegression/estimate(_:covariance:)``.
  init(_ estimator: InstrumentalEstimator, _ kind: InstrumentalCovariance, of regression: InstrumentalRegression) throws
  {
    let q = regression.endogenousCount
    let slopes = try regression.slopes(estimator, kind)
    let residual = InstrumentalRegression.residual(slopes.coefficients)
    onTargets = Array(repeating: Matrix(rows: regression.instrumentCount, columns: q + 1), count: q)
    switch estimator {
    case .ordinary: break
    case .kClass(let member):
      let follows: Bool =
        switch member {
        case .twoStage, .fixed: false
        case .limitedInformation, .fuller: true
        }
      let forms = try Self.quadratic(regression, regression.products, k: slopes.k ?? 1, follows: follows, residual)
      onTargets = forms.map { 2 * (regression.stage.orthonormal * $0) }
    case .hful:
      let k = 1 / (1 - (slopes.k ?? 0))
      let forms = try Self.quadratic(regression, regression.moved, k: k, follows: true, residual)
      onTargets = forms.map { 2 * (regression.stage.orthonormal * $0) }
      leverage = .quadratic(forms)
    case .jive, .ujive:
      let index = estimator == .jive ? 0 : 1
      leverage = .jackknife(
        index: index, coefficients: slopes.coefficients, bread: try regression.jackknifeBread(index))
    case .gmm:
      let (onInstruments, normal) = try regression.weightedMoments(kind)
      let (bread, x) = (normal.inverse, normal.solve(onInstruments.transposed))
      let w = try regression.momentVariance(kind).solve(regression.stage.orthonormal * residual)
      onTargets = (0..<q).map { a in
        Self.outer(w, bread[row: a] + [0]) + Self.outer(Array(x[row: a]), residual)
      }
    }
  }

  /// Q of a k-class estimator, of these products.
  ///
  /// - Parameter follows: whether k is the smallest root of the products, or differs from it by a constant.
  private static func quadratic(
    _ regression: InstrumentalRegression, _ products: PartialledProducts, k: Double, follows: Bool, _ residual: [Double]
  ) throws -> [Matrix] {
    let bread = try InstrumentalRegression.named(regression.names) { try products.slopes(k: k) }.bread
    let q = bread.rows
    let fixed = (0..<q).map { a in
      let own = outer(Array(bread[row: a]) + [0], residual)
      return (k / 2) * (own + own.transposed)
    }
    guard follows else { return fixed }
    // The matrix moves by k dA - dk S, and k by (1 + μ) w'dA w, with A w = μ S w and w'S w = 1.
    let root = try InstrumentalRegression.named(regression.names) { try products.smallestRootVector() }
    let pulls = bread * Array((products.residual * residual).prefix(q))
    let square = (1 + root.value) * outer(root.vector, root.vector)
    return fixed.indices.map { fixed[$0] - pulls[$0] * square }
  }

  private static func outer(_ left: [Double], _ right: [Double]) -> Matrix {
    Matrix(rows: left.count, columns: right.count, values: left.flatMap { l in right.map { l * $0 } })
  }
}
