import InstrumentalVariables
import NonparametricIV

/// What determines the effect that is found, besides the rows, their groups and the features of the groups' regressions.
public struct EffectOptions: Sendable, Codable, Equatable {
  /// Which instruments are made of the groups.
  public enum InstrumentBasis: String, Sendable, Codable, CaseIterable {
    case index, interactions, groups
  }

  /// An estimator of the k-class family or near it.
  public enum Method: String, Sendable, Codable, CaseIterable {
    case hful
    case twoStage = "2sls"
    case liml, fuller, jive, ujive, gmm, ordinary

    /// Whether its errors are robust to variances of their own, and no other covariance is known for it.
    public var hasOwnCovariance: Bool { [.hful, .jive, .ujive].contains(self) }

    public var estimator: InstrumentalEstimator {
      switch self {
      case .hful: .hful
      case .twoStage: .twoStage
      case .liml: .kClass(.limitedInformation)
      case .fuller: .kClass(.fuller(1))
      case .jive: .jive
      case .ujive: .ujive
      case .gmm: .gmm
      case .ordinary: .ordinary
      }
    }
  }

  /// What errors may be: independent with variances of their own, of one variance, or dependent within clusters.
  public enum Covariance: String, Sendable, Codable, CaseIterable {
    case hc0 = "HC0"
    case hc1 = "HC1"
    case hc2 = "HC2"
    case hc3 = "HC3"
    case unadjusted, cluster
  }

  /// What of the groups' being estimated the standard errors take in.
  public enum Errors: String, Sendable, Codable, CaseIterable {
    /// Nothing: as if the groups were given.
    case robust
    /// The errors of the parameters of their model, to first order; see ``GroupEstimation``.
    case stacked
    /// Everything that is fitted, by doing it again with random weights; see ``BootstrapReplicate``.
    case bootstrap
  }

  /// The treatment that effects are told against.
  public enum Reference: Sendable, Codable, Equatable {
    /// 0 where t reaches it, else the median.
    case zeroWithinReach
    case median
    case treatment(Double)
  }

  public var instrumentBasis = InstrumentBasis.index
  /// Nil chooses by criterion.
  public var form: OutcomeForm?
  /// The degree of the controls' polynomials; nil for the largest that the rows allow.
  public var controlDegree: Int?
  /// The method whose answers come first.
  public var method = Method.hful
  /// The methods that stand beside the one above; empty for none.
  public var methods: [EffectMethod] = []
  public var nonparametric = NonparametricOptions()
  public var covariance = Covariance.hc0
  /// Nil for stacked errors where groups and covariance have them, else robust ones.
  public var errors: Errors?
  /// Replicates of the bootstrap.
  public var replicates = 200
  /// The categorical columns whose levels are clusters, by name; two at most.
  public var clusters: [String] = []
  /// Those that errors are summed by: none where the covariance is of independent rows.
  var errorClusters: [String] { covariance == .cluster ? clusters : [] }
  /// Empty for the quartiles of t.
  public var contrasts: [Contrast] = []
  public var reference = Reference.zeroWithinReach
  /// Treatments of the curve; empty for quantiles of t.
  public var curve: [Double] = []
  /// Covariates at which answers are asked for beside those on average, one number for each column.
  public var places: [[Double]] = []
  /// Whether the Anderson-Rubin set is also given by projection, which is right whether the other coefficients are
  /// identified or not.
  public var hasProjection = false
  public var seed: UInt64 = 1

  public init() {}

  /// Times that a fit goes through the rows: for ranges (3), quantiles (6), groups, the form (3), the regression with its
  /// instruments and with those that are asked whether they agree (3), means; for outcomes of single rows quantiles (6)
  /// and their regression.
  ///
  /// - Parameter findsSurface: as ``EffectEstimator/findsSurface``.
  public func passes(findsSurface: Bool) -> Int {
    14 + (form == nil ? 3 : 0) + (findsSurface || !places.isEmpty ? 7 : 0)
  }
}
