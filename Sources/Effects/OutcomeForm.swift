/// The functions of the treatment that the effect is sought among: a curve in t, and whether covariates tilt it.
public struct OutcomeForm: Sendable, Codable, Hashable {
  /// A family of functions of t alone.
  public enum Curve: Sendable, Codable, Hashable {
    /// t, …, t^degree.
    case polynomial(degree: Int)
    /// Cubic B-splines with knots at quantiles of t, continued by lines beyond its range.
    case spline(interiorKnots: Int)
  }

  public var curve: Curve
  /// Whether the products of t with each covariate are among the functions.
  public var hasInteractions: Bool

  public init(_ curve: Curve, hasInteractions: Bool = false) {
    self.curve = curve
    self.hasInteractions = hasInteractions
  }

  /// The interior knots of the splines that may be chosen.
  public static let splineKnots = [1, 3, 5, 8]
  /// The highest degree of the polynomials that may be chosen.
  public static let highestDegree = 3

  /// What the choice is among, the simplest first.
  public static let candidates: [OutcomeForm] = {
    let curves = (1...highestDegree).map(Curve.polynomial) + splineKnots.map(Curve.spline)
    return curves.flatMap { [OutcomeForm($0), OutcomeForm($0, hasInteractions: true)] }
  }()

  private static let degrees = ["linear": 1, "quadratic": 2, "cubic": 3]

  /// Reads `linear`, `quadratic`, `cubic` or `spline:J`, with `+interactions` behind it or not; nil for another text.
  public init?(_ text: String) {
    let parts = text.split(separator: "+", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), parts.count == 1 || parts[1] == "interactions" else { return nil }
    hasInteractions = parts.count == 2
    if let degree = Self.degrees[String(parts[0])] {
      curve = .polynomial(degree: degree)
    } else if parts[0].hasPrefix("spline:"), let knots = Int(parts[0].dropFirst(7)), (1...50).contains(knots) {
      curve = .spline(interiorKnots: knots)
    } else {
      return nil
    }
  }

  /// The text that ``init(_:)`` reads.
  public var description: String {
    let curve =
      switch curve {
      case .polynomial(let degree): Self.degrees.first { $0.value == degree }?.key ?? "polynomial:\(degree)"
      case .spline(let knots): "spline:\(knots)"
      }
    return curve + (hasInteractions ? "+interactions" : "")
  }
}
