import Communication
import Diagnostics
import Foundation
import LinearAlgebra
import Mixture
import Regression
import Statistics

/// The checks of a joint fit: each finds when the answer may be wrong.
struct JointAudit {
  let options: ControlFunction.Options
  let contest: JointContest
  /// The basis on all rows.
  let trial: JointTrial
  /// The basis on the rows that it was chosen on, with the fits that competed.
  let searched: JointTrial
  let model: JointModel
  let curve: [EffectPoint]
  let covariance: JointCovariance?
  let tests: JointScoreTests

  /// The level of the test of equal slopes.
  static let significance = 0.01
  /// The level of the comparison with 2SLS and of the score tests. These take groups for normal: with exponential
  /// errors .01 was reached in 3 of 20 draws and .001 in 1.
  static let disagreement = 0.001
  /// Standard errors by which a larger basis, and by which another start, may move the effect.
  static let noticeableMove = 2.0
  static let noticeableDistance = 1.0

  private var mixture: JointMixture { model.mixture }

  /// All findings. Collective.
  ///
  /// - Parameter statistics: of the fit.
  func findings(
    fit: Fit<JointMixture>, search: SearchSummary, start: ControlFunction.Start, exclusion: ExclusionTests,
    statistics: SufficientStatistics
  ) throws -> [Finding] {
    // What keeps groups from degenerating moves the effect too.
    var findings = fit.findings.map { $0.with(severity: .warning) }
    if !fit.isConverged { findings.append(Finding(.notConverged, [.passes: .count(options.maximumIterations)])) }
    if covariance == nil { findings.append(Finding(.noRegularMaximum)) }
    if let distance = startDistance(search), distance > Self.noticeableDistance {
      findings.append(Finding(.startsDisagree, [.distance: .number(distance)]))
    }
    if let clusters = contest.clusters, clusters.degreesOfFreedom != nil {
      findings.append(Finding(.fewClusters, [.count: .count(clusters.count)]))
    }
    findings += try repeatedRows
    findings += try noGroups(start, statistics)
    findings += distantReference
    let decided = try trial.design.decidedRows(of: mixture)
    if 2 * decided > trial.design.rows.rowCount {
      findings.append(Finding(.groupsDecidedByCovariates, [.count: .count(decided)]))
    }
    if let largest = try largestMove(), largest > Self.noticeableMove {
      findings.append(Finding(.basisTooSmall, [.distance: .number(largest)]))
    }
    if trial.covariates.isSmall && options.covariateBasis == .auto {
      findings.append(Finding(.smallBasis, [.names: .names([trial.covariates.description])]))
    }
    if trial.treatment.isFinest {
      findings.append(Finding(.finestOutcomeBasis, [.names: .names([trial.treatment.description])]))
    }
    if let test = try twoStageTest(statistics), test.pValue < Self.disagreement {
      findings.append(Finding(.twoStageDisagrees, test))
    }
    if let test = exclusion.shifts, test.pValue < Self.disagreement {
      findings.append(Finding(.groupsShiftOutcome, test))
    } else if let test = exclusion.slopes, test.pValue < Self.disagreement {
      findings.append(Finding(.groupsMoveOutcome, test))
    }
    return try findings + extensionsMissed()
  }

  /// The share of repeated rows from which on it is told.
  private static let repeatedShare = 0.05

  /// Whether rows are there several times, and count as if they were others. Collective.
  private var repeatedRows: [Finding] {
    get throws {
      guard contest.clusters == nil else { return [] }
      let share = try contest.table.repeatedShare()
      return share < Self.repeatedShare ? [] : [Finding(.repeatedRows, [.share: .number(share)])]
    }
  }

  /// Whether 0, which effects are against, lies outside the treatments that there are.
  private var distantReference: [Finding] {
    let treatment = contest.summaries[model.basis.covariateCount]
    let (center, scale) = (
      model.tableScaling.centers[model.basis.covariateCount], model.tableScaling.scales[model.basis.covariateCount]
    )
    let (low, high) = (center + scale * treatment.minimum, center + scale * treatment.maximum)
    return low > 0 || high < 0 ? [Finding(.distantReference, [.low: .number(low), .high: .number(high)])] : []
  }

  /// Which extensions of the model the rows ask for. Collective.
  private func extensionsMissed() throws -> [Finding] {
    guard covariance != nil else { return [] }
    var findings = try controlMissed()
    if mixture.concomitants == nil,
      let test = try contest.scoreTest(tests.concomitants),
      test.pValue < Self.disagreement
    {
      findings.append(Finding(.sharesDependOnCovariates, test))
    }
    return findings
  }

  /// What is missing of a linear control function. Collective.
  private func controlMissed() throws -> [Finding] {
    var fitted = trial
    fitted.fits = [Fit(start: 0, model: mixture)]
    switch try contest.missingControl(of: fitted, tests: tests) {
    case .nothing: return []
    case .interaction(_, let test): return [Finding(.confoundingInteracts, test)]
    case .bend(let test): return [Finding(.outcomeBends, test)]
    }
  }

  // MARK: Is there a group?

  /// Wald's test of β_k without their constants being the same in all groups.
  var slopesTest: ChiSquareTest? {
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
    return ChiSquareTest(differences, covariance: matrix)
  }

  private func noGroups(_ start: ControlFunction.Start, _ statistics: SufficientStatistics) throws -> [Finding] {
    var findings: [Finding] = []
    if let test = slopesTest, test.pValue > Self.significance {
      findings.append(Finding(.equalSlopes, test, severity: .invalid))
    }
    let explained = [
      ("treatment", try prefersOneGroup(start)), ("treatment-and-outcome", try prefersOneJointGroup(statistics)),
    ].filter(\.1).map(\.0)
    if !explained.isEmpty {
      findings.append(
        Finding(
          .oneGroupSuffices, [.names: .names(explained), .groups: .count(options.groups)], severity: .invalid))
    }
    return findings
  }

  /// Whether BIC of t | x is lower with one group than with those of `start`, on the same features.
  ///
  /// Not ICL: with strong confounding t alone tells groups apart so badly that ICL prefers one where there are three.
  private func prefersOneGroup(_ start: ControlFunction.Start) throws -> Bool {
    let design = Design(table: contest.table, representation: start.representation)
    let statistics = try design.statistics(of: [start.mixture])[0]
    var one = try RegressionMixture(pooled: design.pooledStatistics())
    one.errors = start.mixture.errors
    let fit = try design.expectationMaximization([Fit(start: 0, model: one)], convergence: options.convergence)[0]
    let n = statistics.total
    return -2 * fit.logLikelihood + Double(one.parameterCount) * Elementary.log(n)
      < -2 * statistics.logLikelihood + Double(start.parameterCount) * Elementary.log(n)
  }

  /// Whether ICL of (t, y) | x is lower with one group: ordinary regressions of t on ρ and of y on φ, which say nothing where
  /// errors are not normal.
  ///
  /// - Parameter statistics: of the fit.
  private func prefersOneJointGroup(_ statistics: SufficientStatistics) throws -> Bool {
    guard mixture.errors == nil else { return false }
    let selection = try PooledRegression(
      trial.pooled.selection(mixture.selectionCount), name: "the treatment's regression")
    // The joint columns end with y.
    let outcome = try PooledRegression(trial.pooled, name: "the outcome's regression")
    let n = statistics.total
    let logLikelihood =
      pooledLogLikelihood(n, selection.standardDeviation)
      + pooledLogLikelihood(n, outcome.standardDeviation)
    let many = InformationCriteria(
      logLikelihood: statistics.logLikelihood, entropy: statistics.entropy, parameterCount: mixture.parameterCount,
      rowCount: n)
    return -2 * logLikelihood + Double(selection.parameterCount + outcome.parameterCount) * Elementary.log(n) < many.icl
  }

  /// At the maximum the squared residuals add up to n σ².
  private func pooledLogLikelihood(_ n: Double, _ sigma: Double) -> Double {
    -n * (Elementary.log(sigma) + 0.5 * Elementary.log(2 * .pi) + 0.5)
  }

  // MARK: Is the basis large enough?

  /// By how many of its standard errors a larger basis of x moves the effect curve, at most; nil when there is none that
  /// the rows can carry.
  private func largestMove() throws -> Double? {
    guard covariance != nil, let larger = trial.covariates.enlargements.first(where: contest.isFeasible) else {
      return nil
    }
    // On all rows: what a basis misses counts against the standard errors of all.
    let prepared = try contest.prepare(
      larger, trial.treatment, interactions: trial.hasInteractions, control: trial.controlVariables, on: nil)
    let moved = try contest.carried([Fit(start: 0, model: mixture)], from: trial, to: prepared)
    return moved.fits.first.map { distance(effects(of: $0.model, basis: prepared.basis), curve.map(\.tau)) }
  }

  /// The effect curve of another model.
  private func effects(of other: JointMixture, basis: JointBasis) -> [Double] {
    JointModel(
      covariateNames: model.covariateNames, treatmentName: model.treatmentName, outcomeName: model.outcomeName,
      tableScaling: model.tableScaling, basis: basis, mixture: other
    ).curveWeights(curve.map(\.t)).map { $0.combined(with: other.outcomeCoefficients) }
  }

  /// The largest difference of two effect curves, in standard errors of the fit's own.
  private func distance(_ first: [Double], _ second: [Double]) -> Double {
    zip(curve, zip(first, second)).reduce(0) { largest, entry in
      let (point, effects) = entry
      guard let error = point.standardError, error > 0 else { return largest }
      return max(largest, abs(effects.0 - effects.1) / error)
    }
  }

  // MARK: Do starts agree?

  /// How far the effect of the second best fit is from that of the best, when no other start reached the best; nil when
  /// one did.
  private func startDistance(_ search: SearchSummary) -> Double? {
    guard search.agreed == 1, searched.fits.count > 1 else { return nil }
    let (best, second) = (searched.fits[0].model, searched.fits[1].model)
    return distance(effects(of: best, basis: searched.basis), effects(of: second, basis: searched.basis))
  }

  // MARK: Do others agree?

  /// Of the effect being that of 2SLS on the posteriors, which knows no shifts; nil where these are free. Collective.
  ///
  /// - Parameter statistics: of the fit.
  private func twoStageTest(_ statistics: SufficientStatistics) throws -> ChiSquareTest? {
    guard let covariance, !mixture.hasFreeShifts else { return nil }
    let basis = trial.basis
    let posterior =
      statistics.isOfPosteriors
      ? statistics : try trial.design.statistics(posteriorsOf: mixture, on: trial.design)
    guard
      let other = JointTwoStage(
        posterior.leading(basis.columnCount), exogenous: basis.treatmentColumns.lowerBound,
        selection: basis.selectionCount)
    else { return nil }
    let difference = try TwoStageDifference.between(
      mixture, covariance, and: other, columns: Array(basis.treatmentColumns) + [basis.columnCount - 2],
      on: trial.design, clusters: contest.clusters)
    return ChiSquareTest(difference.values, covariance: difference.covariance)
  }

  /// Of groups not shifting the outcome, nor moving it with x or t in ways of their own.
  ///
  /// - Parameter slope: the average slope as a combination of b.
  func exclusionTests(_ slope: [Double]) throws -> ExclusionTests {
    guard covariance != nil else { return ExclusionTests() }
    var exclusion = ExclusionTests()
    exclusion.slopes = try contest.scoreTest(tests.exclusion)
    guard !mixture.hasFreeShifts else { return exclusion }
    do {
      let (test, responses) = try tests.shifts()
      exclusion.shifts = ChiSquareTest(test)
      exclusion.sensitivity = ShiftSensitivity(
        slope, of: mixture, responses: responses, outcomeScale: model.outcomeScale)
    } catch is NotPositiveDefinite {}
    return exclusion
  }
}

/// Whether groups move the outcome by more than their treatment; nil where there is nothing to test.
struct ExclusionTests {
  /// Of constant shifts, and what these would do; see ``JointScoreTests``.
  var shifts: ChiSquareTest?
  var sensitivity: ShiftSensitivity?
  /// Of ways of their own with x or t.
  var slopes: ChiSquareTest?
}

extension Finding {
  /// What a test says.
  fileprivate init(_ code: Code, _ test: ChiSquareTest, severity: Severity = .warning) {
    self.init(
      code,
      [.test: .test(statistic: test.statistic, degreesOfFreedom: test.degreesOfFreedom, pValue: test.pValue)],
      severity: severity)
  }
}
