import Diagnostics
import Frames
import Mixture

extension ControlFunction {
  /// X(x) first, with some functions of t; then these; then interactions: each by BIC, from the best fits so far.
  /// Collective.
  ///
  /// - Returns: the basis of the lowest BIC with its fits, and every basis that was tried.
  func choose(
    _ contest: JointContest, _ groups: RegressionMixture
  ) throws -> (chosen: JointTrial, tried: [JointCriterion]) {
    let families = CovariateChoice.families(options.covariateBasis)
    let feasible = families.map { $0.filter(contest.isFeasible) }
    guard let smallest = feasible.joined().first else { throw tooFewRows(contest, families) }
    let treatment = TreatmentChoice.first(options.outcomeBasis)
    var criteria: [JointCriterion] = []
    func note(_ trial: JointTrial) -> JointTrial {
      criteria.append(JointCriterion(trial))
      return trial
    }
    var best = note(
      try contest.searched(
        try contest.prepare(smallest, treatment, interactions: false, on: contest.subset), regression: groups))
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

  private func tooFewRows(_ contest: JointContest, _ families: [[CovariateChoice]]) -> Failure {
    let columns = families.joined().map(contest.bases.count).min()!
    let reason =
      columns <= JointBases.largestCount
      ? "at least \(JointContest.rowsPerColumn * columns) rows, and there are \(contest.table.observationCount)"
      : "\(columns) columns, and \(JointBases.largestCount) are the most"
    return Failure(
      .data,
      "--covariate-basis \(options.covariateBasis.rawValue) of \(contest.table.covariateCount) covariates takes \(reason); "
        + "choose a smaller basis, or leave covariates out with giv-dist shard --covariates")
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
