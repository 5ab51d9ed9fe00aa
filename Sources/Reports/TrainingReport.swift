import ControlFunction
import Diagnostics
import Features
import FoundationEssentials
import MetaEM
import Mixture
import Storage

/// A training run in numbers and words: ``encode(to:)`` is what `--json` prints, ``report`` what people read.
@dynamicMemberLookup
public struct TrainingReport: Sendable, Encodable {
  public let numbers: Numbers
  /// The numbers of the joint model; nil for other distributions.
  public let joint: JointNumbers?
  let result: MetaEM.Result

  /// - Parameter contrasts: the effects of a joint fit that are told; nil for those of the quartiles.
  public init(
    _ result: MetaEM.Result, ranks: Int, version: String, kernel: String, modelDigest: String, posteriorDigest: String,
    contrasts: [JointContrast]? = nil
  ) {
    numbers = Numbers(
      result, ranks: ranks, version: version, kernel: kernel, modelDigest: modelDigest, posteriorDigest: posteriorDigest
    )
    joint = result.joint.map {
      JointNumbers($0, instrumentalSlope: result.instrumentalSlope, contrasts: contrasts ?? $0.contrasts)
    }
    self.result = result
  }

  public subscript<Value>(dynamicMember path: KeyPath<Numbers, Value>) -> Value { numbers[keyPath: path] }

  /// One object: the keys of the joint model are there, and null, for other models too.
  public func encode(to encoder: any Encoder) throws {
    try numbers.encode(to: encoder)
    if let joint { try joint.encode(to: encoder) } else { try JointNumbers.encodeNulls(to: encoder) }
  }

  /// One group: its label, size and parameters, in the units of the data where the representation is r = x.
  public struct Group: Sendable, Encodable {
    public let group: Int
    /// Rows with this label, or the sum of their frequencies.
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
    /// The log-likelihood of the groups fitted afterwards, in the units of the data; null when they degenerated, and
    /// for `kmeans`.
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
}

extension TrainingReport {
  /// What every model has; undefined values are null.
  public struct Numbers: Sendable, Encodable {
    public let version: String
    /// The rows that were fitted.
    public let rows: Int
    /// n: the rows, or the sum of their frequencies.
    public let observations: Int
    /// What their weights are; null where they have none.
    @NullEncoded public var weights: String?
    /// Rows that were kept for testing, the mean of their log-likelihoods, and the share of right labels among them.
    public let testRows: Int
    @NullEncoded public var testLogLikelihood: Double?
    @NullEncoded public var testAccuracy: Double?
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
    /// The rounds of `network` and `mixed`; else empty.
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

    init(
      _ result: MetaEM.Result, ranks: Int, version: String, kernel: String, modelDigest: String,
      posteriorDigest: String
    ) {
      let criteria = result.criteria
      let agreement = result.agreement
      let balance = result.balance
      let forms = Self.forms(result.estimate)
      self.version = version
      self.kernel = kernel
      self.modelDigest = modelDigest
      self.posteriorDigest = posteriorDigest
      self.ranks = ranks
      rows = result.design.rows.rowCount
      observations = result.rowCount
      _weights = NullEncoded(wrappedValue: result.configuration.weights?.rawValue)
      testRows = result.testScore?.rows ?? 0
      _testLogLikelihood = NullEncoded(wrappedValue: result.testScore?.meanLogLikelihood)
      _testAccuracy = NullEncoded(wrappedValue: result.testScore?.accuracy)
      groups = result.configuration.groups
      representation = result.configuration.representation.rawValue
      distribution = result.configuration.distribution.rawValue
      _form = NullEncoded(wrappedValue: forms?.chosen.rawValue)
      self.forms = forms?.criteria ?? []
      groupCriteria = result.groupCriteria
      _logLikelihood = NullEncoded(wrappedValue: result.logLikelihood)
      let trace = result.mixture?.alternation
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
      parameterCount = result.parameterCount
      iterations = result.iterations
      passes = result.passes
      converged = result.isConverged
      starts = result.search
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
    }

    /// Those of the groups that a joint fit started from hold for its own regression of t.
    private static func forms(_ estimate: MetaEM.Estimate) -> SplineForms? {
      switch estimate {
      case .mixture(let result): result.forms
      case .joint(_, let start): start.forms
      }
    }

    private static func components(_ result: MetaEM.Result) -> [Group] {
      let model = result.model
      let names = model.representation.featureNames
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
          coefficients = named(["(constant)"] + names, joint.treatmentCoefficients(group: k))
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
}

extension FittedModel {
  /// Coefficients (constant first) of t in its own units on the features, and for r = x on x in its own units.
  func inDataUnits(_ coefficients: [Double]) -> [Double] {
    let m = scaling.centers.count - 1
    var result = coefficients.map { $0 * scaling.scales[m] }
    result[0] += scaling.centers[m]
    guard representation.isIdentity else { return result }
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
    guard representation.isIdentity else { return result }
    for j in 0..<m { result[j] = means[j] * scaling.scales[j] + scaling.centers[j] }
    return result
  }
}
