import Diagnostics
import LinearAlgebra
import Regression
import Statistics

/// Tests that the instruments agree with each other: nil when there are no more of them than endogenous columns.
extension InstrumentalRegression {
  /// u'P u / (u'u / n) of 2SLS (Sargan 1958), for errors of one variance.
  public func sargan() throws -> ChiSquareTest? {
    try overidentified { explained, rest in rowCount * explained / (explained + rest) }
  }

  /// (n - L - c) u'P u / u'(1 - P) u of 2SLS (Basmann 1960), for errors of one variance.
  public func basmann() throws -> ChiSquareTest? {
    try overidentified { explained, rest in firstStageFreedom * explained / rest }
  }

  private func overidentified(_ statistic: (_ explained: Double, _ rest: Double) -> Double) throws -> ChiSquareTest? {
    guard overidentification > 0 else { return nil }
    let u = Self.residual(try kClass(.twoStage, .unadjusted).coefficients)
    return ChiSquareTest(
      statistic: statistic(Self.form(products.projected, u), Self.form(products.residual, u)),
      degreesOfFreedom: overidentification)
  }

  /// Hansen's J: what two-step GMM leaves of the moments (Hansen 1982), with the weight of ``InstrumentalEstimator/gmm``.
  ///
  /// - Throws: ``CovarianceUnavailable``, ``Failure`` as that estimator.
  public func hansenJ(_ kind: InstrumentalCovariance = .hc0) throws -> ChiSquareTest? {
    guard overidentification > 0 else { return nil }
    let rest = stage.orthonormal * Self.residual(try slopes(.gmm, kind).coefficients)
    return ChiSquareTest(
      statistic: dot(rest, try momentVariance(kind).solve(rest)), degreesOfFreedom: overidentification)
  }
}

/// Tests that the endogenous columns are exogenous after all, so that ordinary regression would do.
extension InstrumentalRegression {
  /// Durbin's (1954) test: how much better instruments and D explain the residuals of ordinary regression than
  /// instruments explain those of 2SLS, over the variance of the former.
  public func durbin() throws -> ChiSquareTest {
    let (delta, squares) = try endogeneityGain()
    return ChiSquareTest(statistic: delta / (squares / rowCount), degreesOfFreedom: endogenousCount)
  }

  /// The same as F (Wu 1973; Hausman 1978), with n - c - 2q degrees of freedom of the denominator.
  public func wuHausman() throws -> FTest {
    let (delta, squares) = try endogeneityGain()
    let (q, rest) = (Double(endogenousCount), rowCount - Double(controlCount + 2 * endogenousCount))
    return FTest(statistic: delta / q / ((squares - delta) / rest), numerator: q, denominator: rest)
  }

  private func endogeneityGain() throws -> (delta: Double, squares: Double) {
    let ordinary = Self.residual(try slopes(.ordinary, .unadjusted).coefficients)
    let twoStage = Self.residual(try kClass(.twoStage, .unadjusted).coefficients)
    let onResiduals = (products.residual * ordinary).dropLast()
    let delta =
      Self.form(products.projected, ordinary)
      + dot(Array(onResiduals), try unexplained().solve(Array(onResiduals))) - Self.form(products.projected, twoStage)
    return (delta, Self.form(partialled, ordinary))
  }

  /// The factor of S_DD.
  private func unexplained() throws -> Cholesky {
    let endogenous = Array(0..<endogenousCount)
    return try Self.named(names) { try Cholesky(products.residual.selecting(rows: endogenous, columns: endogenous)) }
  }

  /// Wooldridge's regression test: whether the first-stage residuals e have coefficients in the regression of y on
  /// (W, D, e), with a robust or clustered covariance (Wooldridge 2010, section 6.3.1).
  ///
  /// - Throws: ``CovarianceUnavailable`` for HC2 and HC3, whose leverages the sums lack.
  public func wooldridge(_ kind: InstrumentalCovariance = .hc0) throws -> ChiSquareTest {
    let q = endogenousCount
    let parameters = controlCount + 2 * q
    let residual = products.residual
    let slopes = try kClass(.twoStage, .unadjusted).coefficients
    let onResiduals = try unexplained().solve((0..<q).map { residual[$0, q] })
    let gaps = zip(onResiduals, slopes).map { $0 - $1 }
    // (D, e)'(D, e) over the coordinates (d, e) of the sums.
    let own = forms.own
    var normal = Matrix(rows: 2 * q, columns: 2 * q)
    for i in 0..<q {
      for j in 0..<q {
        normal[i, j] = partialled[i, j]
        normal[i, q + j] = residual[i, j]
        normal[q + i, j] = residual[i, j]
        normal[q + i, q + j] = residual[i, j]
      }
    }
    var coordinates = Matrix.identity(2 * q)
    for i in 0..<q { for j in 0..<q { coordinates[i, j] = own[i, j] } }
    let bread = try inverted(coordinates * normal * coordinates.transposed).inverse
    let covariance: Matrix
    switch kind {
    case .unadjusted:
      let rest = residual[q, q] - dot(onResiduals, (0..<q).map { residual[$0, q] })
      let explained = Self.form(products.projected, Self.residual(slopes))
      covariance = (rest + explained) / rowCount * bread
    case .hc0: covariance = bread * sums.endogeneity * bread
    case .hc1: covariance = rowCount / (rowCount - Double(parameters)) * (bread * sums.endogeneity * bread)
    case .clustered(let ways):
      covariance = bread * clustered(ways, parameters: parameters) { $0.endogeneity } * bread
    case .hc2, .hc3: throw CovarianceUnavailable(estimator: .ordinary, covariance: kind)
    }
    let last = Array(q..<2 * q)
    let statistic = dot(gaps, try inverted(covariance.selecting(rows: last, columns: last)).solve(gaps))
    return ChiSquareTest(statistic: statistic, degreesOfFreedom: q)
  }

  /// The factor of a variance.
  ///
  /// - Throws: ``Failure`` (numerical) when it has none, with the remedy.
  func inverted(_ variance: Matrix) throws -> Cholesky {
    do { return try Cholesky(variance) } catch {
      throw Failure(
        .numerical,
        "a variance matrix of \(variance.rows) moments is singular (\(error)); give fewer instruments, or more clusters than "
          + "instruments")
    }
  }
}
