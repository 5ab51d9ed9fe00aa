import ArgumentParser
import ControlFunction
import Frames
import MetaEM
import Mixture
import Shards

/// How groups are fitted, besides their number and kind.
struct FitOptions: ParsableArguments {
  @Flag(
    help: """
      The paper's own choices: gaussian groups started by Eq. (6), network, sampled assignment and labels, and the least \
      MMD where the number of groups is chosen. Other kinds beside it are refused; --labels and numbers may differ.
      """)
  var paper = false
  @Option(help: "The covariances of --distribution gaussian. (default: full)")
  var covariance: CovarianceShape?
  @Option(help: "How the outcome depends on the treatment in --distribution joint. (default: auto)")
  var outcomeBasis: OutcomeBasis?
  @Option(help: "How the outcome depends on the covariates in --distribution joint. (default: auto)")
  var covariateBasis: CovariateBasis?
  @Flag(help: "Let groups shift the outcome in --distribution joint, as a check that they move it through t only.")
  var freeShifts = false
  @Option(
    help: """
      How the outcome depends, in --distribution joint, on the part of the treatment that covariates and group leave: \
      interacted with both, where the effect varies with the confounder or confounding with covariates. (default: auto, \
      linear or interacted)
      """)
  var controlFunction: ControlForm?
  @Flag(help: "Let the shares of groups depend on the covariates in --distribution joint, by a multinomial logit.")
  var concomitants = false
  @Option(
    help: ArgumentHelp(
      """
      The law of errors in --distribution regression and joint: normal; t, whose long tails keep rows far from all groups \
      from pulling any, with degrees of freedom that are estimated; or t:DEGREES. (default: normal)
      """, valueName: "law"))
  var errors: ErrorLaw?
  @Option(
    help: ArgumentHelp(
      """
      The standard deviation of noise in the treatment as it was measured; --distribution joint then tells the effects of the \
      treatment without it, by simulation and extrapolation.
      """, valueName: "deviation"))
  var treatmentError: Double?
  @Option(help: "How --distribution gaussian starts. (default: equation6)")
  var start: GaussianStart?
  @Option(help: "Whether a row's label is its likeliest group or a draw from its posterior. (default: argmax)")
  var labels: LabelRule?
  @Option(help: "The number of starts; --distribution joint takes at least 30.")
  var starts = 20
  @Option(help: "A fit has converged when a pass raises the log-likelihood per row by no more.")
  var tolerance = 1e-8
  @Option(help: "Passes of one fit at most.")
  var maxIterations = 1000
  @OptionGroup var alternation: AlternationArguments
  @Flag(help: "Use the row weights of the dataset 'weight'.")
  var useWeights = false
  @Option(
    help: """
      What the row weights are, of the dataset 'weight' or that of --weight: sampling, where n is the number of rows and \
      only ratios of weights count; or frequency, where n is their sum, as of rows that are repeated. (default with \
      --use-weights or --weight: sampling)
      """)
  var weights: WeightKind?
  @Flag(help: "Scale covariates and treatment to unit variance first.")
  var standardize = false

  func validate() throws {
    func require(_ holds: Bool, _ message: String) throws { if !holds { throw ValidationError(message) } }
    try require(starts >= 1, "--starts must be at least 1, not \(starts)")
    if let treatmentError {
      try require(
        treatmentError > 0 && treatmentError.isFinite,
        "--treatment-error is \(treatmentError); give the standard deviation of the noise, a positive number")
    }
    try require(tolerance >= 0, "--tolerance must not be negative")
    try require(maxIterations >= 1, "--max-iterations must be at least 1, not \(maxIterations)")
  }

  /// Refuses kinds that are not the paper's beside --paper, and options that none of the fits reads.
  func require(_ representations: [RepresentationKind], _ distributions: [DistributionKind]) throws {
    let kinds: [(option: String, isPapers: Bool)] = [
      ("--distribution", distributions == [.gaussian]), ("--representation", representations == [.network]),
      ("--start", start ?? .equation6 == .equation6),
      ("--covariance", covariance ?? .full == .full),
      ("--assignment", alternation.assignment ?? .sampled == .sampled),
    ]
    if paper, let other = kinds.first(where: { !$0.isPapers })?.option {
      throw ValidationError("--paper has a \(other) of its own; leave \(other) or --paper out")
    }
    try scoped(representations, distributions).requireReaders()
  }

  /// What the number of groups is chosen by.
  var criterion: SweepCriterion { paper ? .mmd : .bic }

  /// A configuration with these options.
  func configuration(groups: Int, data: DatasetOptions) -> Configuration {
    var configuration = Configuration(groups: groups)
    configuration.alternation = alternation.options
    if let covariance { configuration.covariance = covariance }
    if let outcomeBasis { configuration.outcomeBasis = outcomeBasis }
    if let covariateBasis { configuration.covariateBasis = covariateBasis }
    configuration.freeShifts = freeShifts
    if let controlFunction { configuration.controlFunction = controlFunction }
    configuration.concomitants = concomitants
    if let errors { configuration.errors = errors }
    configuration.treatmentError = treatmentError
    if let start { configuration.gaussianStart = start }
    configuration.labels = labels ?? (paper ? .sampled : .argmax)
    if paper { configuration.alternation.assignment = .sampled }
    configuration.starts = starts
    configuration.tolerance = tolerance
    configuration.maximumIterations = maxIterations
    configuration.standardize = standardize
    let usesWeights = useWeights || data.names.named.contains(.weight)
    configuration.weights = weights ?? (usesWeights ? .sampling : nil)
    configuration.names = data.names
    return configuration
  }
}
