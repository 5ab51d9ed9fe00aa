import Diagnostics
import Statistics

/// What a reader should know before trusting the answers.
struct InterventionFindings {
  /// A donor with more than this share of the weights carries the answer.
  private static let carryingShare = 0.5
  /// More missing than this is a reason to doubt.
  private static let doubtfulShare = 0.2
  /// Of half an interval, by which dropping incomplete donors moves an estimate.
  private static let largeShift = 1.0
  /// A singular value so many times the next one is a factor beyond doubt.
  private static let clearGap = 2.0
  private static let level = 0.05
  private static let strictLevel = 0.001
  private static let coverageLevel = 0.01

  private let intervals: CellIntervals
  private let arms: [ArmAnswer]
  private let cells: [CellAnswer]
  private let studies: [EventStudy]

  init(_ intervals: CellIntervals, _ arms: [ArmAnswer], _ cells: [CellAnswer], _ studies: [EventStudy]) {
    self.intervals = intervals
    self.arms = arms
    self.cells = cells
    self.studies = studies
  }

  /// The most serious first.
  var findings: [Finding] {
    let all = arms.indices.flatMap(ofFactors) + arms.indices.flatMap(ofCells) + ofPanel
    return Finding.Severity.allCases.reversed().flatMap { severity in all.filter { $0.severity == severity } }
  }

  private func ofFactors(_ index: Int) -> [Finding] {
    let arm = arms[index]
    var found: [Finding] = []
    if let fit = arm.fitTest, fit.p < Self.level {
      found.append(
        Finding(
          .outcomesLeaveFactors, [.label: .name(arm.name), .value: .number(fit.f), .pValue: .number(fit.p)],
          severity: arm.verdict == .rejected ? .invalid : .warning))
    }
    if let subspace = arm.subspace {
      if subspace.hasPower, subspace.isRejected {
        found.append(
          Finding(
            .subspaceLeft,
            [
              .label: .name(arm.name), .value: .number(subspace.tau), .critical: .number(subspace.criticalValue!),
            ], severity: arm.verdict == .rejected ? .invalid : .warning))
      } else if !subspace.hasPower {
        found.append(.note(.subspaceUntestable, [.label: .name(arm.name)]))
      }
    }
    let validation = arm.validation
    if validation.chance(level: intervals.options.level) < Self.coverageLevel {
      found.append(
        Finding(
          .donorsUncovered,
          [.label: .name(arm.name), .count: .count(validation.covered), .total: .count(validation.of)]))
    }
    let seen = intervals.analysis.models.arms[index].seenRank
    if arm.rank != seen {
      found.append(
        Finding(
          .rankUnlikeSpectrum, [.label: .name(arm.name), .value: .count(arm.rank), .count: .count(seen)],
          severity: arm.rank < seen ? .warning : .note))
    }
    if let complete = arm.completeDonors {
      var values: [Finding.Key: Finding.Value] = [
        .label: .name(arm.name), .count: .count(complete.donors), .total: .count(arm.donors),
      ]
      if let shift = complete.shift { values[.value] = .number(shift) }
      found.append(
        Finding(.donorsIncomplete, values, severity: (complete.shift ?? 0) > Self.largeShift ? .warning : .note))
    }
    if let units = treatedWithin(index), !units.isEmpty {
      found.append(Finding(.startsWithinWindows, [.label: .name(arm.name), .names: .names(units)]))
    }
    if case .fixed(let rank) = intervals.analysis.problem.rules[index], arm.rank < rank {
      found.append(
        Finding(
          .rankLowered, [.label: .name(arm.name), .value: .count(arm.rank), .count: .count(arm.donors)]))
    }
    return found
  }

  /// Donors that by the panel's starts came under their arm before the windows end or after that of the arm begins.
  private func treatedWithin(_ index: Int) -> [String]? {
    let problem = intervals.analysis.problem
    return problem.panel.starts.map { starts in
      problem.donorArms.indices.filter { unit in
        guard problem.donorArms[unit] == index else { return false }
        let (start, arm) = (starts[unit] ?? .max, problem.panel.unitArms[unit])
        // Under the first arm nobody comes under another.
        return arm == 0
          ? start < problem.after[index].upperBound
          : start < problem.before.upperBound || start > problem.after[index].lowerBound
      }.map { problem.panel.units[$0] }
    }
  }

  private func ofCells(_ index: Int) -> [Finding] {
    let name = arms[index].name
    let own = cells.filter { $0.arm == name }
    func finding(_ code: Finding.Code, _ cells: [CellAnswer], _ reason: String? = nil) -> [Finding] {
      guard !cells.isEmpty else { return [] }
      var values: [Finding.Key: Finding.Value] = [.label: .name(name), .names: .names(Self.units(cells))]
      if let reason { values[.reason] = .name(reason) }
      return [Finding(code, values)]
    }
    let lacking = Dictionary(grouping: own.filter { $0.estimate != nil && $0.interval == nil }) { $0.reason ?? "" }
    let uncalibrated = own.filter { $0.interval != nil && $0.reason != nil }
    let isClear = (arms[index].gap ?? 0) > Self.clearGap
    return finding(.rankDecides, own.filter { Self.movesWithRank($0, isClear: isClear) })
      + finding(.donorCarries, own.filter { ($0.largestShare ?? 0) > Self.carryingShare })
      + finding(.targetsNotReproduced, own.filter { isNotReproduced($0, index) })
      + (uncalibrated.first.map {
        [Finding(.intervalsUncalibrated, [.label: .name(name), .reason: .name($0.reason!)])]
      }
        ?? []) + lacking.sorted { $0.key < $1.key }.flatMap { finding(.intervalsLacking, $0.value, $0.key) }
  }

  /// Each unit once, whatever its metrics.
  private static func units(_ cells: [CellAnswer]) -> [String] {
    cells.indices.filter { $0 == 0 || cells[$0].unit != cells[$0 - 1].unit }.map { cells[$0].unit }
  }

  /// Whether one rank more, or one less where the last factor is not clear of the next, moves the estimate by more than
  /// half the interval's width.
  private static func movesWithRank(_ cell: CellAnswer, isClear: Bool) -> Bool {
    guard let lower = cell.lower, let upper = cell.upper, cell.rankPath.indices.contains(cell.rank - 1) else {
      return false
    }
    let near = ((isClear ? [] : [cell.rank - 2]) + [cell.rank]).filter(cell.rankPath.indices.contains).compactMap {
      cell.rankPath[$0]
    }
    return near.contains { abs($0 - (cell.rankPath[cell.rank - 1] ?? $0)) > (upper - lower) / 2 }
  }

  /// Whether v₁ is above v₃ beyond chance.
  private func isNotReproduced(_ cell: CellAnswer, _ index: Int) -> Bool {
    let model = intervals.analysis.models.arms[index]
    let degrees = model.beforeDegrees(model.donorCount)
    guard !cell.own, let rmse = cell.preRMSE, let sigma = arms[index].sigmaPre, sigma > 0, model.targetDegrees > 0
    else {
      return false
    }
    let scale = model.scales[
      intervals.analysis.problem.metrics.indices.first {
        intervals.analysis.problem.metricName($0) == cell.metric
      }!]
    let variance = rmse * rmse * Double(model.beforeCount) / model.targetDegrees / (scale * scale)
    let expected = sigma * sigma / (model.scales[0] * model.scales[0])
    return FTest(statistic: variance / expected, numerator: model.targetDegrees, denominator: degrees).pValue
      < Self.strictLevel
  }

  private var ofPanel: [Finding] {
    let (filled, options) = (intervals.analysis.filled, intervals.options)
    var found: [Finding] = []
    if filled.shareMissing > 0 {
      found.append(
        Finding(
          .outcomesFilled, [.share: .number(filled.shareMissing), .rounds: .count(filled.rounds)],
          severity: filled.shareMissing > Self.doubtfulShare ? .warning : .note))
    }
    if options.placeboSpace { found.append(.note(.placeboTarget)) }
    if let left = studies.first?.leftOut, !left.isEmpty {
      found.append(Finding(.unitsBeyondWindows, [.names: .names(left)]))
    }
    return found
  }
}
