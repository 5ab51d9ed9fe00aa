import ControlFunction
import Diagnostics
import Frames
import Mixture
import Shards

/// How covariates become the representation r.
public enum RepresentationKind: String, Sendable, Codable, CaseIterable {
  /// The representation is r = x.
  case identity
  /// The representation is the ridge polynomials of the reference implementation.
  case polynomial
  /// Additive cubic splines; with `regression`, whether groups differ in slopes, in the weights of shared curves or
  /// freely is chosen by BIC.
  case spline
  /// One network for each covariate, of its powers.
  case mixed
  /// One network of all covariates.
  case network

  /// Whether it is learned in turn with the groups.
  public var isLearned: Bool { self == .network || self == .mixed }
}

/// How groups differ in distribution.
public enum DistributionKind: String, Sendable, Codable, CaseIterable {
  /// Mixture of regressions of t on r.
  case regression
  /// The paper's Gaussian mixture on (r, t).
  case gaussian
  /// K-means on (r, t).
  case kmeans
  /// Control-function mixture of treatment and outcome, which gives the effect of t.
  case joint
}

extension DistributionKind {
  /// The representation unless told: splines have no law that Gaussians or distances would fit.
  public var usualRepresentation: RepresentationKind {
    switch self {
    case .regression, .joint: .spline
    case .gaussian, .kmeans: .identity
    }
  }
}

/// Everything that determines a fit besides the data.
public struct Configuration: Sendable, Codable, Equatable {
  public var groups: Int
  public var representation = RepresentationKind.spline
  public var distribution = DistributionKind.regression
  public var covariance = CovarianceShape.full
  public var gaussianStart = GaussianStart.equation6
  public var labels = LabelRule.argmax
  public var starts = 20
  public var seed: UInt64 = 1
  /// The rise of the log-likelihood per row at which a fit has converged; see ``Convergence``.
  public var tolerance = 1e-8
  public var maximumIterations = 1000
  /// Whether x and t are scaled to unit variance first.
  public var standardize = false
  /// What the dataset `weight` holds; nil when it is not used.
  public var weights: WeightKind?
  public var names = DatasetNames()
  /// How `network` and `mixed` are learned.
  public var alternation = AlternationOptions()
  /// The law of t about the rule of its group in `regression`, and of t and y in `joint`.
  public var errors = ErrorLaw.normal
  /// How y depends on t in `joint`.
  public var outcomeBasis = OutcomeBasis.auto
  /// How y depends on x in `joint`.
  public var covariateBasis = CovariateBasis.auto
  /// Whether groups may shift y in `joint`.
  public var freeShifts = false
  /// What y is a function of, in `joint`, besides t and x: what these and the group leave of t.
  public var controlFunction = ControlForm.auto
  /// Whether the shares of groups depend on x in `joint`.
  public var concomitants = false
  /// The standard deviation of noise in the treatment as it was measured, of which effects of `joint` are to be free; nil for
  /// none.
  public var treatmentError: Double?
  /// The column of categories, by its name or role, whose levels are clusters of rows in `joint`; nil for independent rows.
  public var cluster: String?

  public init(groups: Int) { self.groups = groups }

  var convergence: Convergence { Convergence(tolerance: tolerance, maximumPasses: maximumIterations) }

  /// - Throws: ``Failure`` `usage` for options that go with no fit.
  public func validate() throws {
    func require(_ holds: Bool, _ message: String) throws { if !holds { throw Failure(.usage, message) } }
    try require(
      distribution != .joint || representation == .spline || representation == .identity,
      "--distribution joint takes --representation spline or identity, not \(representation.rawValue): it has bases of its "
        + "own; leave that out")
    try require(
      errors == .normal || distribution == .regression || distribution == .joint,
      "--errors goes with --distribution regression or joint only; choose that, or leave --errors out")
    try require(
      errors == .normal || !representation.isLearned,
      "--errors t goes with no --representation that networks learn; choose spline, or leave --errors out")
    try require(
      errors == .normal || !(controlFunction == .quadratic || concomitants),
      "--errors t takes neither --control-function quadratic nor --concomitants; leave one of them out")
    try alternation.validate()
  }

  /// Whether the likelihood can grow without bound: the functions of a spline determine each other, and a group in which
  /// some are constant has a singular covariance.
  package var hasSingularGroups: Bool { distribution == .gaussian && representation == .spline }

  /// The part that the joint model reads.
  var joint: ControlFunction.Options {
    var options = ControlFunction.Options(groups: groups)
    options.outcomeBasis = outcomeBasis
    options.covariateBasis = covariateBasis
    options.extensions = JointMixture.Extensions(
      shifts: freeShifts, bends: controlFunction == .quadratic, concomitants: concomitants)
    options.interaction =
      switch controlFunction {
      case .auto: .chosen
      case .interacted: .given
      case .linear, .quadratic: .none
      }
    options.errors = errors.student
    options.treatmentError = treatmentError
    options.starts = max(starts, options.starts)
    options.seed = seed
    options.tolerance = tolerance
    options.maximumIterations = maximumIterations
    return options
  }
}
