import Communication
import Diagnostics
import Features
import Foundation
import Frames
import LinearAlgebra
import Mixture
import Runs

/// The joint model of treatment and outcome: groups by how t and y arise from x together, and so the effect of setting t.
///
/// ```
/// rows (x, t, y) and groups of t given x
///   -> bases of x and t by BIC, from the fits so far     choose
///   -> random starts on the basis that was chosen        JointContest.searched
///   -> passes to convergence on all rows                 finished
///   -> the effect of t, with its standard errors         infer
///   -> without noise in which t was measured             ErrorExtrapolation
///   -> tests and findings: when it may be wrong          JointAudit
/// ```
/// ``JointMixture`` is the model that all of them fit.
public struct ControlFunction: Estimator, Sendable {
  /// What a fit begins with: groups by how t arises from x, found without the outcome.
  public struct Start: Sendable {
    /// A mixture of regressions of t on `representation`.
    public let mixture: RegressionMixture
    public let representation: Basis
    /// Free parameters of `mixture`, those of its representation included.
    public let parameterCount: Int
    /// ρ(x), which t is to be regressed on: x itself, or splines.
    public let selection: Basis

    public init(
      mixture: RegressionMixture, representation: Basis, parameterCount: Int,
      selection: Basis
    ) {
      self.mixture = mixture
      self.representation = representation
      self.parameterCount = parameterCount
      self.selection = selection
    }
  }

  public let options: Options
  public let start: Start
  /// The map by which x and t of the frame came from the data.
  public let scaling: ColumnScaling
  /// Of rows whose errors may depend on each other; nil for independent ones.
  public let clusters: RowClusters?

  /// - Parameter scaling: the map by which x and t of the frame came from the data; the columns must be centered.
  public init(_ options: Options, from start: Start, scaling: ColumnScaling, clusters: RowClusters? = nil) {
    self.options = options
    self.start = start
    self.scaling = scaling
    self.clusters = clusters
  }

  /// Fits a frame that holds the outcome. Collective; the result has the same bits on any number of ranks.
  ///
  /// - Parameter run: is told of every pass, and keeps what an interrupted fit goes on from.
  /// - Throws: on all ranks the same ``Failure``: no outcome, too few rows for the basis, every start degenerated.
  public func fit(_ frame: Frame, in run: Run = Run()) throws -> Result {
    let summaries = try Self.check(frame, options)
    do {
      let contest = try contest(frame, summaries, run.journal)
      let groups = try startingGroups(contest)
      let (basis, criteria) = try choose(contest, groups)
      let searched = try contest.searched(basis, regression: groups, besides: basis.fits)
      let (trial, fit) = try finished(searched, contest)
      return try infer(fit, on: trial, searched: searched, contest, criteria, in: run)
    } catch let error as DegenerateGroup {
      throw Failure.ofOneFit(
        .data,
        "the rows do not determine the joint model (\(error))",
        remedy:
          "is the outcome a function of treatment and covariates? Choose fewer groups or a smaller --covariate-basis")
    }
  }

  // MARK: What can be fitted

  /// Refuses rows that no joint model can be fitted to. Collective.
  ///
  /// - Returns: the summaries of x, t and y.
  /// - Throws: on all ranks the same ``Failure``, `data` or `usage`.
  @discardableResult
  public static func check(
    _ frame: Frame, _ options: Options, clusters: RowClusters? = nil
  ) throws -> [ColumnSummary] {
    guard frame.roles.contains(.outcome) else {
      throw Failure(.data, "the joint model needs the outcome; give shards with y, or name its column with --y")
    }
    guard options.groups > 1 else {
      throw Failure(.usage, "--groups is \(options.groups): the joint model needs at least 2")
    }
    let summaries = try frame.summary()
    let (treatment, outcome) = (summaries[frame.covariateCount], summaries[frame.covariateCount + 1])
    guard !outcome.isConstant else {
      throw Failure(.data, "outcome '\(frame.outcomeName)' is constant; there is no effect to estimate")
    }
    try requireContinuousOutcome(frame)
    try requireUncutTreatment(frame)
    _ = try CovariateChoice.feasible(options.covariateBasis, in: frame, clusters: clusters)
    let unit = outcome.standardDeviation / treatment.standardDeviation / treatment.standardDeviation
    guard unit.isNormal else {
      throw Failure(
        .data,
        "outcome '\(frame.outcomeName)' varies by \(outcome.standardDeviation) and treatment '\(frame.treatmentName)' by "
          + "\(treatment.standardDeviation): their ratios leave the range of Float64; change a unit")
    }
    return summaries
  }

  /// An outcome of so many values or fewer is none that a normal law of errors could be about.
  private static let fewValues = 32

  /// Refuses an outcome of two values, or of counts. Collective.
  private static func requireContinuousOutcome(_ frame: Frame) throws {
    guard let column = frame.columns(of: .outcome).first else { return }
    let name = frame.outcomeName
    let found = try DistinctValues([RowVariable(name: name, storage: .real(column))], of: frame, upTo: fewValues)
    guard let values = found.values[0], 4 * values.count <= frame.rows.rowCount else { return }
    let (what, estimand) =
      values.count == 2
      ? ("only the values \(values[0]) and \(values[1])", "the probability, by a linear model")
      : ("\(values.count) values only, from \(values[0]) to \(values[values.count - 1])", "the mean")
    throw Failure(
      .data,
      "outcome '\(name)' takes \(what): the joint model is of a continuous outcome; find groups without the outcome by "
        + "--distribution regression, and give that run to giv-dist effect for the effect on \(estimand)")
  }

  /// The share of rows at an end of the treatment from which on it was cut there.
  private static let cutShare = 0.05

  /// Refuses a treatment with mass at its least or greatest value, as one that is censored has: no rule with continuous
  /// errors leads there. Collective.
  private static func requireUncutTreatment(_ frame: Frame) throws {
    guard let column = frame.columns(of: .treatment).first,
      let scan = try frame.scan().first(where: { $0.column == column }), scan.distinctCount == nil
    else { return }
    for (end, word) in [(scan.lowest[0], "least"), (scan.highest[0], "greatest")]
    where Double(end.count) >= cutShare * Double(frame.rows.rowCount) {
      throw Failure(
        .data,
        "treatment '\(frame.treatmentName)' is at its \(word) value, \(end.value), in \(end.count) of "
          + "\(frame.rows.rowCount) rows, as if it were cut there: the joint model is of a treatment whose errors are "
          + "continuous; give the values before they were cut, or an instrument to giv-dist effect")
    }
  }

  /// The bases that may be chosen, on these rows.
  private func contest(_ frame: Frame, _ summaries: [ColumnSummary], _ journal: Journal) throws -> JointContest {
    let scaling = ColumnScaling(centers: summaries.map(\.mean), scales: summaries.map(\.standardDeviation))
    let subset = ChunkSubset(of: frame.rows, count: options.subsetChunks, seed: options.seed)
    return JointContest(
      options: options, table: frame, clusters: clusters, summaries: summaries,
      bases: try JointBases.onQuantiles(of: frame, selection: start.selection, scaling: scaling),
      subset: subset,
      brief: subset.flatMap { _ in ChunkSubset(of: frame.rows, count: Search.briefChunks, seed: options.seed) },
      journal: journal)
  }

  // MARK: From the groups of t to those of (t, y)

  /// The mixture of regressions on ρ with the posteriors of the one that the fit starts from. Collective.
  private func startingGroups(_ contest: JointContest) throws -> RegressionMixture {
    let mixture = start.mixture
    if case .identity = start.selection { return contest.bases.foundation.rescaled(mixture) }
    let design = Design(table: contest.table, representation: start.selection)
    let statistics = try design.statistics(
      of: mixture, posteriorsOf: mixture, on: Design(table: contest.table, representation: start.representation))
    var spline = RegressionMixture(
      mixingWeights: mixture.mixingWeights,
      coefficients: mixture.mixingWeights.map { _ in Array(repeating: 0, count: design.columnCount - 1) },
      standardDeviations: mixture.standardDeviations, errors: mixture.errors)
    _ = try spline.maximize(statistics)
    return contest.bases.foundation.rescaled(spline)
  }

  /// The best fit carried on over all rows, where it was made on some. Collective.
  private func finished(
    _ searched: JointTrial, _ contest: JointContest
  ) throws -> (trial: JointTrial, fit: Fit<JointMixture>) {
    guard contest.subset != nil else { return (searched, searched.fits[0]) }
    let all = try contest.trial(
      searched.covariates, searched.treatment, interactions: searched.hasInteractions, basis: searched.basis, on: nil)
    for fit in searched.fits {
      let final = try contest.continued([Fit(continuing: fit, model: fit.model)], on: all.design, phase: "joint em")
      if let best = final.first { return (all, best) }
    }
    throw Failure.ofOneFit(
      .numerical, "every fit of the joint model degenerated on all rows", remedy: "choose fewer groups")
  }

  // MARK: What the groups say

  /// Quantiles of t at which the effect curve is given.
  static let curveProbabilities = (1...19).map { Double($0) / 20 }

  /// The effect of t with its standard errors, tests and findings. Collective.
  private func infer(
    _ fit: Fit<JointMixture>, on trial: JointTrial, searched: JointTrial, _ contest: JointContest,
    _ criteria: [JointCriterion], in run: Run
  ) throws -> Result {
    run.start("score tests")
    let frame = contest.table
    let model = JointModel(
      covariateNames: frame.covariateNames, treatmentName: frame.treatmentName, outcomeName: frame.outcomeName,
      tableScaling: scaling, basis: trial.basis, mixture: fit.model.canonical)
    let tests = try JointScoreTests(of: model.mixture, on: trial.design, clusters: clusters)
    let covariance = tests.covariance
    run.start("checks")
    let statistics = try trial.design.statisticsByDifference(of: [model.mixture])[0]
    let m = frame.covariateCount
    let treatments = try frame.quantiles(of: Self.curveProbabilities, includesTreatment: true)[m]
      .map { scaling.centers[m] + scaling.scales[m] * $0 }
    // Of the curve's twentieths.
    let quartiles = [4, 9, 14].map { treatments[$0] }
    let audit = JointAudit(
      options: options, contest: contest, trial: trial, searched: searched, model: model,
      curve: model.effectCurve(at: treatments, covariance?.outcome), covariance: covariance, tests: tests)
    let slopeWeights = try model.averageSlopeWeights(trial.design)
    let exclusion = try audit.exclusionTests(slopeWeights)
    let search = searched.summary ?? SearchSummary()
    var findings = try audit.findings(
      fit: fit, search: search, start: start, exclusion: exclusion, statistics: statistics)
    // Where groups may be cuts of one cloud the effect is arbitrary, and an interval would be a lie.
    let shown = findings.contains { Result.noGroups.contains($0.code) } ? nil : covariance
    if options.treatmentError != nil && shown == nil { findings.append(Finding(.noiseNotTakenBack)) }
    let slope = model.combination("average slope", slopeWeights, shown?.outcome)
    let (corrected, errors) = try withoutNoise(model, shown, on: trial, contest, in: run)
    return Result(
      model: corrected, design: trial.design, fit: fit, search: search, statistics: statistics, covariance: covariance,
      trial: trial, bases: criteria, outcomeCovariance: errors,
      averageSlope: corrected.combination("average slope", slopeWeights, errors),
      uncorrectedSlope: corrected.isCorrected ? slope : nil,
      contrasts: corrected.contrasts(atQuartiles: quartiles, errors),
      effectCurve: corrected.effectCurve(at: treatments, errors),
      slopesTest: audit.slopesTest, exclusion: exclusion, findings: findings)
  }

  /// The model with effects of a treatment that was measured without noise, where there was some, and the covariance of what
  /// effects are combinations of. Collective.
  ///
  /// - Parameter covariance: of the model's parameters; nil where effects are shown without errors, and not corrected.
  private func withoutNoise(
    _ model: JointModel, _ covariance: JointCovariance?, on trial: JointTrial, _ contest: JointContest, in run: Run
  ) throws -> (JointModel, OutcomeCovariance?) {
    guard let deviation = options.treatmentError, let covariance else { return (model, covariance?.outcome) }
    run.start("treatment errors")
    let extrapolation = ErrorExtrapolation(
      deviation: deviation / scaling.scales[contest.table.covariateCount], contest: contest, trial: trial,
      mixture: model.mixture, covariance: covariance)
    let (coefficients, errors) = try extrapolation.run()
    return (model.corrected(coefficients), errors)
  }
}

extension JointCovariance {
  /// Nil when the information is not positive definite, so that the likelihood has no regular maximum. Collective.
  package static func estimateIfRegular(
    _ mixture: JointMixture, on design: Design, clusters: RowClusters? = nil
  ) throws -> JointCovariance? {
    do { return try estimate(mixture, on: design, clusters: clusters) } catch is NotPositiveDefinite { return nil }
  }
}
