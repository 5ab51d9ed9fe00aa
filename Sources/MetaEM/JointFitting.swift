import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Mixture
import Representation
import Runs

/// Fits the joint model of treatment and outcome: bases by BIC, starts, passes to convergence, inference, warnings.
public struct JointFitting {
  let options: JointOptions
  let table: Frame
  /// The map by which x and t of the table came from the data.
  let tableScaling: ColumnScaling
  let search: Search

  /// Fits a table that holds the outcome. Collective; the result has the same bits on any number of ranks.
  ///
  /// - Parameters:
  ///   - scaling: the map by which x and t of the table came from the data; the columns must be centered.
  ///   - journal: told of every pass.
  /// - Throws: on all ranks the same ``Failure``: no outcome, too few rows for the basis, every start degenerated.
  public static func run(
    _ table: Frame, scaling: ColumnScaling, options: JointOptions,
    journal: Journal = Journal()
  ) throws -> JointOutcome {
    try JointFitting(
      options: options, table: table, tableScaling: scaling,
      search: Search(convergence: options.convergence, journal: journal)
    ).run()
  }

  func run() throws -> JointOutcome {
    let summaries = try check()
    do {
      return try fit(summaries)
    } catch let error as DegenerateGroup {
      throw Failure.ofOneFit(
        .data,
        "the rows do not determine the joint model (\(error)): is the outcome a function of treatment and covariates? "
          + "Choose fewer groups or a smaller --covariate-basis")
    }
  }

  private func fit(_ summaries: [ColumnSummary]) throws -> JointOutcome {
    let fitting = try Fitting(configuration: options.regression, table: table, scaling: tableScaling, search: search)
    let regression = try fitting.run()
    let selection =
      regression.form == .linear || options.hasLinearSelection
      ? AnyRepresentation.identity(IdentityRepresentation(covariateNames: table.covariateNames))
      : AnyRepresentation.spline(try fitting.splineBasis().0)
    let scaling = ColumnScaling(centers: summaries.map(\.mean), scales: summaries.map(\.standardDeviation))
    let contest = JointContest(
      options: options, table: table, summaries: summaries,
      bases: try JointBases(table: table, selection: selection, scaling: scaling),
      subset: ChunkSubset(of: table.rows, count: options.subsetChunks, seed: options.seed), search: search)
    let start = try self.start(regression, selection: selection, contest)
    var (chosen, criteria) = try choose(contest, start)
    chosen = try contest.searched(chosen, regression: start, besides: chosen.fits)
    let final = try finished(chosen, contest)
    return try JointOutcome(
      options: options, contest: contest, trial: final.trial, searched: chosen, fit: final.fit,
      regression: regression, criteria: criteria, tableScaling: tableScaling)
  }

  /// Refuses rows that no joint model can be fitted to; the summaries of x, t and y.
  private func check() throws -> [ColumnSummary] {
    guard table.roles.contains(.outcome) else {
      throw Failure(.data, "the joint model needs the outcome; give shards with y, or name its column with --y")
    }
    guard options.groups > 1 else {
      throw Failure(.usage, "--groups is \(options.groups): the joint model needs at least 2")
    }
    let summaries = try table.summary()
    let (treatment, outcome) = (summaries[table.covariateCount], summaries[table.covariateCount + 1])
    guard !outcome.isConstant else {
      throw Failure(.data, "outcome '\(table.outcomeName)' is constant; there is no effect to estimate")
    }
    let unit = outcome.standardDeviation / treatment.standardDeviation / treatment.standardDeviation
    guard unit.isNormal else {
      throw Failure(
        .data,
        "outcome '\(table.outcomeName)' varies by \(outcome.standardDeviation) and treatment '\(table.treatmentName)' by "
          + "\(treatment.standardDeviation): their ratios leave the range of Float64; change a unit")
    }
    return summaries
  }

  /// The mixture of regressions on ρ with the posteriors of the one of `regression`.
  private func start(
    _ regression: FitOutcome, selection: AnyRepresentation, _ contest: JointContest
  ) throws -> RegressionMixture {
    guard case .regression(let mixture) = regression.model.mixture else {
      throw Failure(.numerical, "the joint model starts from a mixture of regressions")
    }
    if case .identity = selection { return contest.bases.foundation.rescaled(mixture) }
    let design = Design(table: table, representation: selection)
    let statistics = try design.statistics(
      posteriorsOf: mixture, on: Design(table: table, representation: regression.model.representation))
    var spline = RegressionMixture(
      mixingWeights: mixture.mixingWeights,
      coefficients: mixture.mixingWeights.map { _ in Array(repeating: 0, count: design.columnCount - 1) },
      standardDeviations: mixture.standardDeviations)
    _ = try spline.maximize(statistics)
    return contest.bases.foundation.rescaled(spline)
  }

  // MARK: Choosing the basis

  /// X(x) first, with some functions of t; then these; then interactions: each by BIC, from the best fits so far.
  private func choose(
    _ contest: JointContest, _ start: RegressionMixture
  ) throws -> (JointTrial, [JointCriterion]) {
    let families = CovariateChoice.families(options.covariateBasis)
    let feasible = families.map { $0.filter(contest.isFeasible) }
    guard let smallest = feasible.joined().first else {
      let columns = families.joined().map(contest.bases.count).min()!
      let reason =
        columns <= JointBases.largestCount
        ? "at least \(JointContest.rowsPerColumn * columns) rows, and there are \(table.rows.rowCount)"
        : "\(columns) columns, and \(JointBases.largestCount) are the most"
      throw Failure(
        .data,
        "--covariate-basis \(options.covariateBasis.rawValue) of \(table.covariateCount) covariates takes \(reason); "
          + "choose a smaller basis, or leave covariates out with giv-dist shard --covariates")
    }
    let treatment = TreatmentChoice.first(options.outcomeBasis)
    var criteria: [JointCriterion] = []
    func note(_ trial: JointTrial) -> JointTrial {
      criteria.append(JointCriterion(trial))
      return trial
    }
    var best = note(
      try contest.searched(
        try contest.prepare(smallest, treatment, interactions: false, on: contest.subset), regression: start))
    for family in feasible {
      // A family is climbed while its bases gain.
      var previous = Double.infinity
      for choice in family {
        guard choice != smallest else { continue }
        let trial = note(
          try contest.carried(
            best.fits, from: best, to: contest.prepare(choice, treatment, interactions: false, on: contest.subset)))
        let bic = trial.bic
        if bic < best.bic { best = trial }
        guard bic < previous else { break }
        previous = bic
      }
    }
    for choice in TreatmentChoice.choices(options.outcomeBasis) where choice != treatment {
      best = try better(
        best,
        note(
          contest.carried(
            [best.fits[0]], from: best,
            to: contest.prepare(best.covariates, choice, interactions: false, on: contest.subset))))
    }
    best = try better(
      best,
      note(
        contest.carried(
          [best.fits[0]], from: best,
          to: contest.prepare(best.covariates, best.treatment, interactions: true, on: contest.subset))))
    return (best, criteria)
  }

  private func better(_ first: JointTrial, _ second: JointTrial) -> JointTrial {
    second.bic < first.bic ? second : first
  }

  /// The best fit carried on over all rows, where it was made on some.
  private func finished(
    _ chosen: JointTrial, _ contest: JointContest
  ) throws -> (trial: JointTrial, fit: Fit<JointMixture>) {
    guard contest.subset != nil else { return (chosen, chosen.fits[0]) }
    let all = try contest.trial(
      chosen.covariates, chosen.treatment, interactions: chosen.hasInteractions, basis: chosen.basis, on: nil)
    for fit in chosen.fits {
      let final = try contest.continued([Fit(continuing: fit, model: fit.model)], on: all.design, phase: "joint em")
      if let best = final.first { return (all, best) }
    }
    throw Failure(.numerical, "every fit of the joint model degenerated on all rows; choose fewer groups")
  }
}

/// A basis that was tried, and its BIC on the rows that it was tried on, carried over to all rows.
public struct JointCriterion: Sendable, Codable, Equatable {
  public let covariateBasis: String
  public let outcomeBasis: String
  public let hasInteractions: Bool
  /// Columns of the outcome's regression.
  public let columns: Int
  public let bic: Double

  init(_ trial: JointTrial) {
    covariateBasis = trial.covariates.description
    outcomeBasis = trial.treatment.description
    hasInteractions = trial.hasInteractions
    columns = trial.basis.columnCount - 1
    bic = trial.bic
  }
}
