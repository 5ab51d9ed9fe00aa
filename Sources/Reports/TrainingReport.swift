import Diagnostics
import FoundationEssentials
import MetaEM
import Mixture
import Storage

/// A training run in numbers, as `--json` prints it; undefined values are null.
public struct TrainingReport: Sendable, Encodable {
  /// One group: its label, size and parameters, in the units of the data where the representation is r = x.
  public struct Group: Sendable, Encodable {
    public let group: Int
    /// Rows with this label.
    public let rows: Int
    /// π_k.
    public let share: Double
    /// The spread of t about the group's regression, σ_k.
    public let residualStandardDeviation: Double?
    /// β_k by feature name, the constant as "(constant)".
    public let coefficients: [String: Double]?
    /// μ_k by column name.
    public let means: [String: Double]?
  }

  /// One round in which the representation was trained.
  public struct Round: Sendable, Encodable {
    public let round: Int
    /// The mean of Eq. (4) over its steps, per row; null when it left the range of numbers.
    @NullEncoded public var loss: Double?
    public let learningRate: Double
    /// Of the groups fitted afterwards, in the units of the data; null when they degenerated, and for `kmeans`.
    @NullEncoded public var logLikelihood: Double?
    /// Whether its features were kept.
    public let accepted: Bool

    init(_ round: TrainingRound, logLikelihood: Double?) {
      self.round = round.round
      _loss = NullEncoded(wrappedValue: round.loss)
      learningRate = round.learningRate
      accepted = round.isAccepted
      _logLikelihood = NullEncoded(wrappedValue: logLikelihood)
    }
  }

  public let version: String
  public let rows: Int
  public let ranks: Int
  public let groups: Int
  public let representation: String
  /// The form of a spline regression: linear, shared or free.
  @NullEncoded public var form: String?
  public let distribution: String
  @NullEncoded public var logLikelihood: Double?
  @NullEncoded public var bic: Double?
  @NullEncoded public var icl: Double?
  @NullEncoded public var inertia: Double?
  @NullEncoded public var mmd: Double?
  public let entropy: Double
  public let parameterCount: Int
  public let iterations: Int
  public let passes: Int
  public let converged: Bool
  public let starts: SearchSummary
  public let forms: [FormCriterion]
  /// When the number of groups was chosen, the criteria of each that was tried; else empty.
  public let groupCriteria: [GroupCriterion]
  /// Of `network` and `mixed`; else empty.
  public let rounds: [Round]
  /// Before the first round.
  @NullEncoded public var startLogLikelihood: Double?
  @NullEncoded public var accuracy: Double?
  @NullEncoded public var adjustedRandIndex: Double?
  @NullEncoded public var confusion: [[Int]]?
  public let trueSources: [Int64]
  public let components: [Group]
  /// Per covariate the largest standardised mean difference between groups.
  public let balance: [String: Double]
  public let modelDigest: String
  public let posteriorDigest: String
  public let inputDigest: String
  public let kernel: String
  public let seconds: Double
  public let secondsPerPass: Double
  public let findings: [Finding]
  /// The findings in words; those that are reasons to doubt the result are the warnings.
  public let events: [String]
  public let warnings: [String]
  /// Of `joint`: κ_k with their standard errors, the effect's coefficients by term and their standard errors, its curve,
  /// and the bases chosen.
  @NullEncoded public var kappa: [Double]?
  @NullEncoded public var kappaStandardError: [Double]?
  /// Of free shifts: δ_k, that of the first group 0, and their standard errors.
  @NullEncoded public var delta: [Double]?
  @NullEncoded public var deltaStandardError: [Double]?
  /// Of a quadratic control function: κ2_k, their standard errors, and Wald's test of all being 0.
  @NullEncoded public var kappa2: [Double]?
  @NullEncoded public var kappa2StandardError: [Double]?
  @NullEncoded public var kappa2Test: ChiSquareTest?
  /// Of concomitants: log odds against group 0 per unit of a covariate, and Wald's test of all being 0.
  @NullEncoded public var shareCoefficients: [[String: Double]]?
  @NullEncoded public var sharesTest: ChiSquareTest?
  @NullEncoded public var effectCoefficients: [String: Double]?
  @NullEncoded public var effectStandardErrors: [String: Double?]?
  @NullEncoded public var effectCurve: [EffectPoint]?
  @NullEncoded public var outcomeBasis: String?
  @NullEncoded public var covariateBasis: String?

  public init(
    _ result: TrainingResult, ranks: Int, version: String, kernel: String, modelDigest: String,
    posteriorDigest: String
  ) {
    let criteria = result.criteria
    let agreement = result.agreement
    let balance = result.balance
    self.version = version
    self.kernel = kernel
    self.modelDigest = modelDigest
    self.posteriorDigest = posteriorDigest
    self.ranks = ranks
    rows = result.rowCount
    groups = result.configuration.groups
    representation = result.configuration.representation.rawValue
    distribution = result.configuration.distribution.rawValue
    _form = NullEncoded(wrappedValue: result.outcome.form?.rawValue)
    forms = result.outcome.forms
    groupCriteria = result.groupCriteria
    _logLikelihood = NullEncoded(wrappedValue: result.logLikelihood)
    let trace = result.outcome.alternation
    rounds = trace?.rounds.map { Round($0, logLikelihood: result.inDataUnits($0.logLikelihood)) } ?? []
    _startLogLikelihood = NullEncoded(wrappedValue: trace.flatMap { result.inDataUnits($0.startLogLikelihood) })
    _bic = NullEncoded(wrappedValue: criteria?.bic)
    _icl = NullEncoded(wrappedValue: criteria?.icl)
    _inertia = NullEncoded(wrappedValue: result.inertia)
    _mmd = NullEncoded(wrappedValue: balance.mmd)
    _accuracy = NullEncoded(wrappedValue: agreement?.accuracy)
    _adjustedRandIndex = NullEncoded(wrappedValue: agreement?.adjustedRandIndex)
    _confusion = NullEncoded(wrappedValue: agreement?.confusion)
    trueSources = result.truth.values
    entropy = result.summary.entropy
    parameterCount = result.outcome.parameterCount
    iterations = result.outcome.iterations
    passes = result.passes
    converged = result.outcome.isConverged
    starts = result.outcome.search
    components = Self.components(result)
    self.balance = Dictionary(
      zip(result.design.table.covariateNames, balance.largestStandardizedDifferences)
    ) { first, _ in first }
    inputDigest = result.design.table.digest
    seconds = result.seconds
    secondsPerPass = result.secondsPerPass
    findings = result.findings
    events = findings.map(\.words)
    warnings = findings.filter(\.isDoubt).map(\.words)
    let joint = result.joint
    _kappa = NullEncoded(wrappedValue: joint?.kappa)
    _kappaStandardError = NullEncoded(wrappedValue: joint?.kappaStandardErrors)
    _delta = NullEncoded(wrappedValue: joint?.delta)
    _deltaStandardError = NullEncoded(wrappedValue: joint?.deltaStandardErrors)
    _kappa2 = NullEncoded(wrappedValue: joint?.bends?.kappa2)
    _kappa2StandardError = NullEncoded(wrappedValue: joint?.bends?.standardErrors)
    _kappa2Test = NullEncoded(wrappedValue: joint?.bends?.test)
    _shareCoefficients = NullEncoded(wrappedValue: joint?.shares?.coefficients)
    _sharesTest = NullEncoded(wrappedValue: joint?.shares?.test)
    let effects = joint?.effectCoefficients
    _effectCoefficients = NullEncoded(wrappedValue: effects.map { Self.named($0.map(\.name), $0.map(\.value)) })
    _effectStandardErrors = NullEncoded(
      wrappedValue: effects.map { terms in
        Dictionary(terms.map { ($0.name, $0.standardError) }) { first, _ in first }
      })
    _effectCurve = NullEncoded(wrappedValue: joint?.effectCurve)
    _outcomeBasis = NullEncoded(wrappedValue: joint?.outcomeBasis)
    _covariateBasis = NullEncoded(wrappedValue: joint?.covariateBasis)
  }

  private static func components(_ result: TrainingResult) -> [Group] {
    let model = result.outcome.model
    let names = model.representation.base.featureNames
    let weights = model.mixture.base.mixingWeights
    let sigmaScale = model.scaling.scales[model.scaling.scales.count - 1]
    return weights.indices.map { k in
      var sigma: Double?
      var coefficients: [String: Double]?
      var means: [String: Double]?
      switch model.mixture {
      case .regression(let mixture):
        sigma = mixture.standardDeviations[k] * sigmaScale
        coefficients = named(["(constant)"] + names, model.inDataUnits(mixture.coefficients[k]))
      case .gaussian(let mixture):
        means = named(names + [model.treatmentName], model.meansInDataUnits(mixture.means[k]))
      case .kmeans(let mixture):
        means = named(names + [model.treatmentName], model.meansInDataUnits(mixture.centers[k]))
      case .joint(let joint):
        sigma = joint.mixture.selectionDeviations[k] * joint.treatmentScale
      }
      return Group(
        group: k, rows: result.summary.rowCount(k), share: weights[k], residualStandardDeviation: sigma,
        coefficients: coefficients, means: means)
    }
  }

  private static func named(_ names: [String], _ values: [Double]) -> [String: Double] {
    Dictionary(zip(names, values)) { first, _ in first }
  }
}

extension FittedModel {
  /// Coefficients (constant first) of t in its own units on the features, and for r = x on x in its own units.
  func inDataUnits(_ coefficients: [Double]) -> [Double] {
    let m = scaling.centers.count - 1
    var result = coefficients.map { $0 * scaling.scales[m] }
    result[0] += scaling.centers[m]
    guard case .identity = representation else { return result }
    for j in 0..<m {
      result[j + 1] /= scaling.scales[j]
      result[0] -= result[j + 1] * scaling.centers[j]
    }
    return result
  }

  /// Means of (r, t), of t in its own units, and for r = x of x too.
  func meansInDataUnits(_ means: [Double]) -> [Double] {
    let m = scaling.centers.count - 1
    var result = means
    result[means.count - 1] = means[means.count - 1] * scaling.scales[m] + scaling.centers[m]
    guard case .identity = representation else { return result }
    for j in 0..<m { result[j] = means[j] * scaling.scales[j] + scaling.centers[j] }
    return result
  }
}
