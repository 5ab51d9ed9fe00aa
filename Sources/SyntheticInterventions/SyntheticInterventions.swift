import Communication
import Diagnostics
import Panels
import Runs

/// Synthetic interventions (Agarwal, Shah and Shen, arXiv 2006.07691): the outcome of every unit of a panel under every
/// arm, from the units that came under the arm.
///
/// ```
/// names -> places, windows, donors                 InterventionDesign
///   -> models of arms, donors left out             PanelAnalysis
///   -> all targets under all arms                  CellTable
///   -> intervals, contrasts, weights               CellIntervals, DonorWeights
///   -> tests of what it rests on, verdicts         PostPeriodFit, SubspaceInclusion, InterventionVerdict
///   -> incomplete donors dropped instead of filled CompleteDonorFits
///   -> placebos, donors dropped, power, cohorts    PlacebosInSpace, PlacebosInTime, DroppedDonors, StaggeredStarts
/// ```
public struct SyntheticInterventions: Sendable {
  public let options: SyntheticInterventionsOptions

  public init(_ options: SyntheticInterventionsOptions) { self.options = options }

  /// Opens a run of the options on the panel, and fits. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``.
  public func run(on panel: Panel, in run: Run = Run()) throws -> FittedInterventions {
    try run.open(options, inputDigest: panel.digest)
    return try fit(panel, in: run)
  }

  /// Finds what units would have seen under every arm. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `usage` when options name what the panel does not have or windows
  ///   overlap; `data` when one period lies before, or what is observed of a unit does not determine it.
  public func fit(_ panel: Panel, in run: Run) throws -> FittedInterventions {
    let panel = try panel.inUnits()
    let design = try InterventionDesign(options, panel)
    let isExact = PanelAnalysis.isExact(options, design.problem)
    let listed = Set(design.listed)
    var digests = ChunkDigests(options, design)
    let analysis = try PanelAnalysis(
      design.problem, options, isExact: isExact, keepsPaths: options.placeboSpace || options.findsPower,
      isListed: listed.contains, visit: { try digests.add($0, $1) }, in: run)
    let table = CellTable(analysis, options, design)
    let cells = try table.listedCells()
    let weights = try DonorWeights(cells, analysis)
    let intervals = CellIntervals(analysis: analysis, options: options)
    let answers = cells.enumerated().flatMap { intervals.answers($1, weights?.summary($0)) }
    let complete = try CompleteDonorFits(analysis: analysis, options: options).answers(cells)
    let arms = try design.arms.indices.map { try ArmAnswer(intervals, $0, cells, complete[$0]) }
    let space =
      try options.placeboSpace || options.findsPower ? PlacebosInSpace(options, design, isExact: isExact) : nil
    let studies =
      try options.eventStudy ? StaggeredStarts(options, panel).answers(design.problem.metrics, in: run) : []
    let result = SyntheticInterventionsResult(
      options: options, units: panel.units.count, periods: panel.periods.count, targets: design.targets.count,
      metrics: design.problem.metrics.map { panel.metrics[$0] }, leaveOut: isExact ? .exact : .fixedSubspace,
      shareMissing: analysis.filled.shareMissing, fillRounds: analysis.filled.rounds, arms: arms, cells: answers,
      contrasts: try Contrasts(options, design, panel).answers(cells, intervals),
      placeboSpace: options.placeboSpace ? try space!.answers(cells, analysis, in: run) : [],
      placeboTime: options.placeboTimes.isEmpty
        ? [] : try PlacebosInTime(options, design, isExact: isExact).answers(cells, design.problem, in: run),
      leaveOneDonorOut: options.leavesOneDonorOut ? try DroppedDonors(analysis: analysis).answers(cells) : [],
      eventStudy: studies,
      power: options.findsPower ? space!.power(analysis) : [],
      warnings: InterventionFindings(intervals, arms, answers, studies).findings, tableDigest: try table.digest(digests)
    )
    return FittedInterventions(result: result, table: table, cells: cells, weights: weights)
  }
}

/// What a fit has found, and all cells of it.
public struct FittedInterventions: Sendable {
  public let result: SyntheticInterventionsResult
  let table: CellTable
  let cells: [TargetCell]
  let weights: DonorWeights?
}

extension ArmAnswer {
  init(_ intervals: CellIntervals, _ arm: Int, _ cells: [TargetCell], _ complete: CompleteDonors?) throws {
    let (analysis, options) = (intervals.analysis, intervals.options)
    let (model, problem) = (analysis.models.arms[arm], analysis.problem)
    let panel = problem.panel
    name = problem.names[arm]
    let donors = model.donorCount
    self.donors = donors
    let rank = model.rank
    self.rank = rank
    let window = problem.after[arm]
    after = [panel.periods[window.lowerBound], panel.periods[window.upperBound - 1]]
    let targetVariances = cells.filter { $0.arm == arm && !$0.isOwn }.map { $0.numbers[0].targetVariance }
      .filter(\.isFinite)
    let (degrees, degreesBefore) = (model.afterDegrees(donors), model.beforeDegrees(donors))
    let scale = model.scales[0]
    spectrum = model.spectrum
    let cutoff = problem.rules[arm].threshold(model.spectrum, rows: model.beforeCount, columns: donors)
    let ratio = rank < model.spectrum.count ? (model.spectrum[rank - 1] / model.spectrum[rank]).defined : nil
    let scores = analysis.leaveOut.scores[arm]
    let validation = ValidationCoverage(
      covered: scores.reduce(0) { $0 + $1.coveredCount }, of: scores.reduce(0) { $0 + $1.count },
      interval: analysis.rule.base)
    let fit = PostPeriodFit(model)
    let inclusion = try SubspaceInclusion(model, analysis.moments[arm])
    let factors = scores.indices.map { analysis.calibration(arm: arm, metric: $0) }
    self.validation = validation
    verdict = InterventionVerdict(
      fit: fit, subspace: inclusion, validation: validation, level: options.level,
      isCalibrated: !factors.contains { $0 == nil })
    sigmaTarget =
      targetVariances.isEmpty
      ? nil : (targetVariances.reduce(0, +) / Double(targetVariances.count)).squareRoot()
    sigmaDonors = degrees > 0 ? scale * (model.afterResiduals[0] / degrees).squareRoot() : nil
    sigmaPre = degreesBefore > 0 ? scale * (model.beforeResidual / degreesBefore).squareRoot() : nil
    threshold = cutoff
    gap = ratio
    fitTest = fit
    subspace = inclusion
    completeDonors = complete
    calibrationFactor = factors.contains { $0 == nil } ? nil : factors.compactMap(\.self).max()
  }
}
