import LinearAlgebra
import Regression

/// What an observation moves the coefficients of an estimator by, to first order, in the units of the sums:
/// ψ = v (u'r) x, x = F (q, r, e, x̂, d, x₁, x₂) + h G r, the columns of the third pass (see ``RowSumsLayout``).
struct InfluenceForm: Sendable {
  /// u.
  let residual: [Double]
  /// F [q, columns].
  private(set) var plain: Matrix
  /// G [q, q + 1]; nil where the leverage h of the instruments plays no part.
  private(set) var leveraged: Matrix?

  /// Coefficients, or combinations of them.
  var count: Int { plain.rows }

  /// The same of one combination of the coefficients.
  func combined(_ weights: [Double]) -> InfluenceForm {
    var one = self
    one.plain = Matrix([plain.transposed * weights])
    one.leveraged = leveraged.map { Matrix([$0.transposed * weights]) }
    return one
  }

  private init(_ layout: RowSumsLayout, residual: [Double], _ regressor: Matrix, at column: Int) {
    self.residual = residual
    plain = Matrix(rows: layout.endogenous, columns: layout.instruments + layout.targets + 5 * layout.endogenous)
    for i in 0..<regressor.rows { for j in 0..<regressor.columns { plain[i, column + j] = regressor[i, j] } }
  }

  /// - Throws: as ``InstrumentalRegression/estimate(_:covariance:)``.
  init(_ estimator: InstrumentalEstimator, _ kind: InstrumentalCovariance, of regression: InstrumentalRegression) throws
  {
    let slopes = try regression.slopes(estimator, kind)
    let layout = regression.sums.layout
    let (u, q) = (InstrumentalRegression.residual(slopes.coefficients), layout.endogenous)
    let ownColumns = layout.instruments + layout.targets + 2 * q
    switch estimator {
    case .ordinary:
      self.init(layout, residual: u, regression.forms.own.transposed, at: ownColumns)
    case .kClass:
      let bread = try regression.products.slopes(k: slopes.k ?? 1).bread
      self.init(layout, residual: u, bread * regression.endogenousMoments.transposed, at: 0)
    case .hful:
      let (bread, moved) = try regression.movedBread(a: slopes.k ?? 0, u)
      self.init(layout, residual: u, bread * (regression.stage.orthonormal * moved).transposed, at: 0)
      leveraged = (-1) * (bread * moved.transposed)
    case .jive, .ujive:
      let index = estimator == .jive ? 0 : 1
      self.init(layout, residual: u, try regression.jackknifeBread(index), at: ownColumns + (1 + index) * q)
    case .gmm:
      let (onInstruments, normal) = try regression.weightedMoments(kind)
      self.init(layout, residual: u, normal.solve(onInstruments.transposed), at: 0)
    }
  }
}
