import Communication
import Dataset
import Foundation
import LinearAlgebra
import Mixture
import Representation

/// The checks of a joint fit: each says in plain words when the answer may be wrong.
struct JointAudit {
  let options: JointOptions
  let contest: JointContest
  let trial: JointTrial
  let model: JointModel
  let curve: [EffectPoint]
  let covariance: JointCovariance?

  static let significance = 0.01
  /// Of the comparison with 2SLS, whose labels are estimates too.
  static let disagreement = 0.001
  static let noticeableErrors = 2.0

  private var mixture: JointMixture { model.mixture }

  /// All warnings. Collective.
  func warnings(
    fit: Fit<JointMixture>, search: SearchSummary, regression: FitOutcome, exclusion: WaldTest?
  ) throws -> [String] {
    var warnings = fit.events
    if !fit.isConverged {
      warnings.append("not converged after \(options.maximumIterations) passes; raise --max-iterations")
    }
    if covariance == nil {
      warnings.append(
        "the likelihood has no regular maximum here, so there are no standard errors; choose fewer groups or a smaller "
          + "--covariate-basis")
    }
    if search.continued > 1 && search.agreed == 1 {
      warnings.append("only one start reached the best likelihood: it may not be the highest there is; raise --starts")
    }
    warnings += try noGroups(regression)
    if let largest = try largestMove(), largest > Self.noticeableErrors {
      warnings.append(
        "a larger basis of x moves the effect by \(largest.rounded(.toNearestOrAwayFromZero)) standard errors: what "
          + "this basis misses may look like groups; choose a larger --covariate-basis")
    }
    if let test = try twoStageTest(), test.pValue < Self.disagreement {
      warnings.append(
        "two-stage least squares on the labels found here gives another effect (p = \(text(test.pValue))): groups may "
          + "differ in more than the model says")
    }
    if let exclusion, exclusion.pValue < Self.significance {
      warnings.append(
        "groups shift the outcome by themselves (p = \(text(exclusion.pValue))): they are no instrument unless "
          + "--free-delta takes the shifts up")
    }
    return warnings
  }

  private func text(_ p: Double) -> String { p < 1e-4 ? "below 0.0001" : String(format: "%.4f", p) }

  // MARK: Is there a group?

  /// Of β_k without their constants being the same in all groups.
  var slopesTest: WaldTest? {
    guard let covariance else { return nil }
    let groups = mixture.groupCount
    let slopes = mixture.selectionCount - 1
    var differences: [Double] = []
    var pairs: [(Int, Int)] = []
    for k in 1..<groups {
      for j in 1...slopes {
        differences.append(mixture.selectionCoefficients[k][j] - mixture.selectionCoefficients[0][j])
        pairs.append((covariance.parameters.slopes(k).lowerBound + j, covariance.parameters.slopes(0).lowerBound + j))
      }
    }
    var matrix = Matrix(rows: pairs.count, columns: pairs.count)
    let v = covariance.matrix
    for (a, (i, base)) in pairs.enumerated() {
      for (b, (j, other)) in pairs.enumerated() {
        matrix[a, b] = v[i, j] - v[i, other] - v[base, j] + v[base, other]
      }
    }
    return WaldTest(differences, covariance: matrix)
  }

  private func noGroups(_ regression: FitOutcome) throws -> [String] {
    var warnings: [String] = []
    if let test = slopesTest, test.pValue > Self.significance {
      warnings.append(
        "the groups do not differ in how x drives t (p = \(text(test.pValue))): there may be no group, and then the "
          + "effect found here is arbitrary")
    }
    if try prefersOneGroup(regression) {
      warnings.append(
        "one group explains t given x as well as \(options.groups) (by ICL): there may be no group, and then the effect "
          + "found here is arbitrary")
    }
    return warnings
  }

  /// Whether ICL of t | x is lower with one group, on x or on its splines, than with the groups of `regression`.
  private func prefersOneGroup(_ regression: FitOutcome) throws -> Bool {
    let design = Design(table: contest.table, representation: regression.model.representation)
    guard case .regression(let many) = regression.model.mixture else { return false }
    let n = Double(contest.table.rows.rowCount)
    let statistics = try design.statistics(of: [many])[0]
    let icl = InformationCriteria(
      logLikelihood: statistics.logLikelihood, entropy: statistics.entropy, parameterCount: regression.parameterCount,
      rowCount: n
    ).icl
    let pooled = try design.pooledStatistics()
    let one = try RegressionMixture(pooled: pooled)
    let sigma = one.standardDeviations[0]
    // At the maximum the squared residuals add up to n σ².
    let logLikelihood = -n * (log(sigma) + 0.5 * log(2 * .pi) + 0.5)
    return -2 * logLikelihood + Double(one.parameterCount) * log(n) < icl
  }

  // MARK: Is the basis large enough?

  /// By how many of its standard errors the next larger basis of x moves the effect curve, at most; nil when there is
  /// none that the rows can carry.
  private func largestMove() throws -> Double? {
    guard let larger = trial.covariates.enlarged, contest.bases.count(larger) * 10 <= contest.table.rows.rowCount,
      contest.bases.count(larger) <= JointBases.largestCount
    else { return nil }
    let prepared = try contest.prepare(
      larger, trial.treatment, interactions: trial.hasInteractions, on: contest.subset)
    let source = contest.subset == nil
      ? trial
      : try contest.trial(
        trial.covariates, trial.treatment, interactions: trial.hasInteractions, basis: trial.basis, on: contest.subset)
    let moved = try contest.carried([Fit(start: 0, model: mixture)], from: source, to: prepared)
    guard let fit = moved.fits.first else { return nil }
    let other = JointModel(
      covariateNames: model.covariateNames, treatmentName: model.treatmentName, outcomeName: model.outcomeName,
      tableScaling: model.tableScaling, basis: prepared.basis, mixture: fit.model)
    let weights = other.curveWeights(curve.map(\.t))
    return zip(curve, weights).compactMap { point, weights in
      let difference = abs(weights.combined(with: fit.model.outcomeCoefficients) - point.tau)
      return point.standardError > 0 ? difference / point.standardError : nil
    }.max()
  }

  // MARK: Do others agree?

  /// Of the effect being that of 2SLS on the labels.
  private func twoStageTest() throws -> WaldTest? {
    guard let covariance else { return nil }
    let labelled = try trial.design.statistics(labelledBy: mixture)
    guard let other = JointTwoStage(labelled, basis: trial.basis) else { return nil }
    let columns = Array(trial.basis.treatmentColumns) + [trial.basis.columnCount - 2]
    let differences = columns.map { mixture.outcomeCoefficients[$0] - other.coefficients[$0] }
    let own = covariance.block(columns)
    return WaldTest(differences, covariance: own + other.covariance.selecting(rows: columns, columns: columns))
  }

  /// Of δ_k = 0, where they are free: in this fit, or in one carried on from it. Collective.
  func exclusionTest() throws -> WaldTest? {
    var free = mixture
    var estimate = covariance
    if !mixture.hasFreeShifts {
      free.hasFreeShifts = true
      guard let fit = try contest.continued([Fit(start: 0, model: free)], on: trial.design, phase: "joint shifts").first
      else { return nil }
      free = fit.model
      estimate = try JointCovariance.orNil(free, on: trial.design)
    }
    guard let estimate else { return nil }
    return WaldTest(
      Array(free.shifts.dropFirst()), covariance: estimate.block(Array(estimate.parameters.shifts)))
  }
}
