import Regression

/// How the coefficients of an instrumental regression are estimated.
///
/// Letters as in ``PartialledProducts``: with controls partialled out, A = (D y)'P(D y), B = (D y)'(D y), P the projection
/// on the instruments, h_i its diagonal.
public enum InstrumentalEstimator: Sendable, Equatable, Codable {
  /// Least squares of y on W and D: consistent only when D is exogenous.
  case ordinary
  /// b(k) = ((1 - k) B + k A)_DD⁻¹ ((1 - k) B + k A)_Dy: two-stage least squares, LIML, Fuller's, or a given k.
  case kClass(KClassEstimator)
  /// HFUL, robust to many instruments and heteroskedasticity (Hausman, Newey, Woutersen, Chao and Swanson 2012,
  /// "Instrumental variable estimation with heteroskedasticity and many instruments"): with C = Σ h_i (D y)_i (D y)_i',
  /// ã the smallest eigenvalue of B⁻¹ (A - C) and a = (ã - (1 - ã)/n) / (1 - (1 - ã)/n),
  /// b = (A - C - a B)_DD⁻¹ (A - C - a B)_Dy.
  case hful
  /// JIVE1 (Angrist, Imbens and Krueger 1999) of the partialled columns (Ackerberg and Devereux 2009): a row's
  /// instrument is the prediction of D by all other rows, (P D - h D) / (1 - h).
  case jive
  /// UJIVE (Kolesár 2013, "Estimation in an instrumental variables model with treatment effect heterogeneity"): the
  /// leave-one-out prediction of D by controls and instruments less that by controls alone, with D and y only centred, so
  /// that no row's own error enters through the controls either.
  case ujive
  /// Two-step generalised method of moments (Hansen 1982), with the inverse of the uncentred robust or clustered variance
  /// of the moments at 2SLS as weight; the covariance is the inverse of what it weighs to, and HC1 alone has a factor.
  case gmm

  public static let twoStage = InstrumentalEstimator.kClass(.twoStage)
}

/// What the covariance of an estimate allows for.
public enum InstrumentalCovariance: Sendable, Equatable, Codable {
  /// Errors of one variance: σ² H⁻¹ with σ² = Σ v u² / n.
  case unadjusted
  /// Independent rows: Σ v² u² x̂ x̂' (White 1980); times n / (n - q - c); over 1 - h; over (1 - h)², with h the leverage
  /// of a row among all columns of the second stage (MacKinnon and White 1985).
  case hc0, hc1, hc2, hc3
  /// Independent clusters of rows, in one way or two (Liang and Zeger 1986; Cameron, Gelbach and Miller 2011), by their
  /// places in ``InstrumentalRegression/clusterings``; each sum over G clusters is taken times G/(G-1) (n-1)/(n-q-c).
  case clustered([Int])
}

/// A covariance was asked for that no theory gives for the estimator.
public struct CovarianceUnavailable: Error, Sendable, Equatable, CustomStringConvertible {
  public let estimator: InstrumentalEstimator
  public let covariance: InstrumentalCovariance

  public init(estimator: InstrumentalEstimator, covariance: InstrumentalCovariance) {
    self.estimator = estimator
    self.covariance = covariance
  }

  public var description: String {
    switch estimator {
    case .hful, .jive, .ujive:
      "HFUL and jackknife estimators have a covariance of their own for independent rows (HC0) and no other; choose it, or "
        + "2SLS, LIML or Fuller's estimator"
    case .gmm:
      "two-step GMM weighs moments by their robust or clustered variance; choose HC0, HC1 or clusters, or 2SLS for errors "
        + "of one variance"
    case .ordinary, .kClass: "the rows have no such clustering; name one or two of those that they have"
    }
  }
}
