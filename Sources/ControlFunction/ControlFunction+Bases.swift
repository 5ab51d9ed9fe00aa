import Frames
import Mixture

extension ControlFunction {
  /// X(x) first, with some functions of t; then these; then interactions, and with these functions of t again; then, where
  /// the coefficient of V depends on x or t, functions of t and interactions anew: each by BIC, from the best fits so far.
  /// Collective.
  ///
  /// - Returns: the basis of the lowest BIC with its fits, and every basis that was tried.
  func choose(
    _ contest: JointContest, _ groups: RegressionMixture
  ) throws -> (chosen: JointTrial, tried: [JointCriterion]) {
    var criteria: [JointCriterion] = []
    func note(_ trial: JointTrial) -> JointTrial {
      criteria.append(JointCriterion(trial))
      return trial
    }
    var best = try chooseCovariates(contest, groups, note)
    best = try chooseTreatment(best, contest, note)
    let variables = try interactingVariables(best, contest)
    guard !variables.isEmpty else { return (best, criteria) }
    let interacted = try chooseTreatment(
      note(contest.interacted(best, with: variables)), contest, note)
    if options.interaction == .given || interacted.bic < best.bic { best = interacted }
    return (best, criteria)
  }

  /// The best basis of x.
  private func chooseCovariates(
    _ contest: JointContest, _ groups: RegressionMixture, _ note: (JointTrial) -> JointTrial
  ) throws -> JointTrial {
    let feasible = try CovariateChoice.feasible(
      options.covariateBasis, in: contest.table, clusters: contest.clusters)
    let smallest = feasible.joined().first!
    let treatment = TreatmentChoice.first(options.outcomeBasis)
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
    return best
  }

  /// The best functions of t, then its interactions with x, on the basis of x of a trial without these; and where they
  /// explain something the best functions of t once more, for with less noise finer ones show.
  private func chooseTreatment(
    _ trial: JointTrial, _ contest: JointContest, _ note: (JointTrial) -> JointTrial
  ) throws -> JointTrial {
    let smooth = try chooseFunctions(trial, contest, note)
    let varying = note(try contest.replacing(smooth.treatment, interactions: true, in: smooth))
    return varying.bic < smooth.bic ? try chooseFunctions(varying, contest, note) : smooth
  }

  /// The best functions of t in place of those of a trial.
  private func chooseFunctions(
    _ trial: JointTrial, _ contest: JointContest, _ note: (JointTrial) -> JointTrial
  ) throws -> JointTrial {
    var (best, last) = (trial, trial.treatment)
    for choice in TreatmentChoice.choices(options.outcomeBasis) {
      defer { last = choice }
      guard choice != trial.treatment else { continue }
      guard !choice.isUnusual || best.treatment == last else { break }
      let attempt = note(try contest.replacing(choice, interactions: trial.hasInteractions, in: best))
      if attempt.bic < best.bic { best = attempt }
    }
    return best
  }

  /// Which of x_1 … x_m, t the coefficient of V is to depend on, counted from 0: all where that was asked for; else x, t or
  /// both where score tests say so and a quadratic control function does not explain it better.
  private func interactingVariables(_ best: JointTrial, _ contest: JointContest) throws -> [Int] {
    switch options.interaction {
    case .none: return []
    case .given: return Array(0...contest.table.covariateCount)
    case .chosen:
      guard case .interaction(let variables, _) = try contest.missingControl(of: best) else {
        return []
      }
      return variables
    }
  }
}

/// A basis that was tried, and its BIC on the rows that it was tried on, carried over to all rows.
public struct JointCriterion: Sendable, Codable, Equatable {
  public let covariateBasis: String
  public let outcomeBasis: String
  public let hasInteractions: Bool
  /// Whether the coefficient of V depends on x or t.
  public let hasInteractedControl: Bool
  /// Columns of the outcome's regression.
  public let columns: Int
  public let bic: Double

  init(_ trial: JointTrial) {
    covariateBasis = trial.covariates.description
    outcomeBasis = trial.treatment.description
    hasInteractions = trial.hasInteractions
    hasInteractedControl = !trial.controlVariables.isEmpty
    columns = trial.basis.columnCount - 1
    bic = trial.bic
  }
}
