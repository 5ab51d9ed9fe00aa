import LinearAlgebra

/// The member of the k-class that an instrumental regression takes.
public enum KClassEstimator: Sendable, Equatable, Codable {
  /// k = 1: two-stage least squares.
  case twoStage
  /// Limited-information maximum likelihood: k the smallest eigenvalue of (B - A)⁻¹ B (Anderson and Rubin 1949).
  case limitedInformation
  /// That k less a / (n - number of instruments and exogenous columns); a = 1 is nearly unbiased, a = 4 has the smaller
  /// mean square (Fuller 1977).
  case fuller(Double)
  /// A given k; 0 gives the coefficients of least squares.
  case fixed(Double)
}

/// A k-class regression y = W c + D b + u with instruments Z for D (Theil 1958), from one Gram matrix.
///
/// With M the residual maker of (W, Z), [W D]'(I - k M)[W D] (c, b) = [W D]'(I - k M) y. D and y are first partialled
/// of W, which leaves b = (A + (1 - k) S)_DD⁻¹ (A + (1 - k) S)_Dy with the A and S of ``PartialledProducts``. Scores
/// and classical covariance follow linearmodels: x̂ = (W, P D) for every k, and the bread is ([W D]'(I - k M)[W D])⁻¹.
public struct KClass: LinearFit {
  /// The exogenous columns, then the endogenous ones.
  public let regressors: [Int]
  public let coefficients: [Double]
  public let bread: Matrix
  public let residualSquares: Double
  public let rowCount: Double
  public let scores: RegressionScores
  public let k: Double
  public let products: PartialledProducts

  /// - Parameters:
  ///   - gram: Σ v c c' of columns c with a constant among them.
  ///   - endogenous: The columns D.
  ///   - exogenous: The columns W, as a rule with the constant.
  ///   - instruments: The columns Z, which are not in the regression.
  ///   - constant: The column of ones.
  /// - Throws: ``NotPositiveDefinite`` that names an exogenous column or instrument which depends on those before it,
  ///   or an endogenous one that the instruments do not identify; ``Failure`` (numerical) when a product is not finite.
  public init(
    _ gram: Matrix, response: Int, endogenous: [Int], exogenous: [Int], instruments: [Int], constant: Int = 0,
    estimator: KClassEstimator
  ) throws {
    let stage = try FirstStage(gram, targets: endogenous + [response], exogenous: exogenous, instruments: instruments)
    rowCount = gram[constant, constant]
    products = stage.products
    k = try products.k(estimator, degreesOfFreedom: rowCount - Double(exogenous.count + instruments.count))
    let (slopes, slopesBread) = try Self.slopes(products, k: k, of: endogenous)
    regressors = exogenous + endogenous
    coefficients = stage.onExogenous * (slopes.map(-) + [1]) + slopes
    bread = stage.bread(slopes: slopesBread)
    residualSquares = NormalEquations(gram, regressors: regressors, response: response)
      .residualSquares(of: coefficients)
    scores = RegressionScores(
      regressors: stage.fitted(exogenous: exogenous, instruments: instruments, columns: gram.columns),
      residual: Matrix.residualForm(coefficients, regressors, response: response, columns: gram.columns),
      leverage: stage.bread(slopes: try Self.slopes(products, k: 1, of: endogenous).bread))
  }

  /// As the products give them; a failure names a column by its index in c.
  private static func slopes(
    _ products: PartialledProducts, k: Double, of endogenous: [Int]
  ) throws(NotPositiveDefinite) -> (coefficients: [Double], bread: Matrix) {
    do { return try products.slopes(k: k) } catch {
      throw NotPositiveDefinite(column: endogenous[error.column], pivot: error.pivot)
    }
  }
}
