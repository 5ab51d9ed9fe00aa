/// What determines synthetic potential outcomes, besides the rows.
public struct SyntheticOutcomesOptions: Sendable, Codable, Equatable {
  /// How the proxies of a side become features.
  public enum Features: Sendable, Codable, Equatable {
    /// Joint cells where the proxies take few values, else monomials of degree 2.
    case automatic
    /// An indicator for each joint cell of the values.
    case oneHot
    /// Standardised monomials up to a degree, with the constant.
    case polynomial(degree: Int)
  }

  /// How the classes are found from the bridge solutions.
  public enum Solver: String, Sendable, Codable, CaseIterable {
    /// Common eigenvectors of the arms' operators.
    case spectral
    /// The generalised eigenvalues of two Hankel matrices of the effect's moments: the paper's.
    case pencil
    /// The roots of the polynomial that annihilates the moments.
    case prony
  }

  /// The effect of one arm instead of another, by the values of the treatment.
  public struct Contrast: Sendable, Codable, Equatable {
    public let treated: Double
    public let control: Double

    public init(treated: Double, control: Double) {
      self.treated = treated
      self.control = control
    }
  }

  /// The proxies by the names of covariates: those on the side of the treatment, and those on the side of the outcome.
  public var treatmentProxies: [String]
  public var outcomeProxies: [String]
  public var treatmentFeatures = Features.automatic
  public var outcomeFeatures = Features.automatic
  /// Empty for every arm against that of the least treatment.
  public var contrasts: [Contrast] = []
  /// Nil to take the rank that the proxies show.
  public var classes: Int?
  public var solver = Solver.spectral
  /// Whether bridge equations are solved by the full pseudo-inverse, as the paper does, rather than by that of rank k.
  public var usesFullInverse = false
  /// The blocks of rows that the jackknife leaves out, one at a time.
  public var blocks = 40
  /// The column whose levels are the blocks; nil for ``blocks`` by chance.
  public var blockColumn: String?
  /// The column whose levels are strata.
  public var strata: String?
  /// The level of all intervals.
  public var level = 0.95

  public init(treatmentProxies: [String], outcomeProxies: [String]) {
    self.treatmentProxies = treatmentProxies
    self.outcomeProxies = outcomeProxies
  }
}
