import Diagnostics
import Runs

/// Every never-treated donor taken for treated and predicted from the others (Abadie, Diamond and Hainmueller 2010).
struct PlacebosInSpace {
  /// The arm of the never-treated among those answered for.
  let control: Int
  let options: SyntheticInterventionsOptions
  let isExact: Bool

  /// - Throws: ``Failure`` usage where the first arm is not answered for.
  init(_ options: SyntheticInterventionsOptions, _ design: InterventionDesign, isExact: Bool) throws {
    guard let control = design.arms.firstIndex(of: 0) else {
      throw Failure(
        .usage,
        "placebos are units under arm '\(design.problem.panel.arms[0])', which --arms leaves out; name it there")
    }
    self.control = control
    self.options = options
    self.isExact = isExact
  }

  /// The answers for all targets that are none of the placebos. Collective.
  func answers(_ cells: [TargetCell], _ analysis: PanelAnalysis, in run: Run) throws -> [PlaceboInSpace] {
    let targets = cells.filter { $0.arm == control && !$0.isOwn }
    let metrics = analysis.problem.metrics.indices
    // Where targets are no donors of placebos, all have the same.
    let shared = options.placeboIncludesTarget ? nil : placebos(analysis.ownCells(control), analysis.problem)
    return try targets.flatMap { target in
      let placebos = try shared ?? placebos(with: target, analysis, in: run)
      return metrics.compactMap { PlaceboInSpace(target, placebos[$0], $0, analysis.problem, analysis.rule) }
    }
  }

  private func placebos(_ cells: [TargetCell], _ problem: PanelProblem) -> [PlaceboUnits] {
    problem.metrics.indices.map { PlaceboUnits(cells, metric: $0, problem) }
  }

  /// Never-treated units left out of their arm, in which the target is. Collective.
  private func placebos(
    with target: TargetCell, _ analysis: PanelAnalysis, in run: Run
  ) throws -> [PlaceboUnits] {
    let problem = analysis.problem
    var donors = problem.donorArms.map { $0 == control ? 0 : -1 }
    donors[target.unit] = 0
    let joined = PanelProblem(
      problem.panel, metrics: problem.metrics, before: problem.before, after: [problem.after[control]],
      donorArms: donors, rules: [problem.rules[control]], names: [problem.names[control]])
    let cells = try PanelAnalysis(joined, options, isExact: isExact, keepsPaths: true, in: run).ownCells(0)
    return placebos(cells.filter { $0.unit != target.unit }, problem)
  }

  /// The smallest effects that are found, by metric.
  func power(_ analysis: PanelAnalysis) -> [PlaceboPower] {
    analysis.problem.metrics.indices.map { metric in
      PlaceboPower(
        analysis.ownCells(control).compactMap { PlaceboStatistic($0, metric) }, analysis.problem.metricName(metric),
        analysis.rule)
    }
  }
}

extension PanelAnalysis {
  /// The donors of an arm under it, by their places.
  func ownCells(_ arm: Int) -> [TargetCell] {
    leaveOut.cells.values.filter { $0.arm == arm }.sorted { $0.unit < $1.unit }
  }
}

/// What a unit's gaps say: their mean and variance over periods after, and the mean square before.
struct PlaceboStatistic: Sendable {
  let mean: Double
  let variance: Double
  let before: Double

  /// Nil where a unit has no outcome after, or is reproduced without an error before.
  init?(_ cell: TargetCell, _ metric: Int) {
    let gaps = cell.gaps(metric: metric).filter(\.isFinite)
    let error = cell.numbers[metric].preRMSE
    guard !gaps.isEmpty, error > 0 else { return nil }
    let mean = gaps.reduce(0, +) / Double(gaps.count)
    self.mean = mean
    variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
    before = error * error
  }

  /// √(mean square after / before), were a constant added to the gaps.
  func ratio(adding effect: Double = 0) -> Double {
    ((variance + (mean + effect) * (mean + effect)) / before).squareRoot()
  }

  /// The constants τ with which the ratio of gaps less τ is `ratio`: mean ± √(ratio² before - variance); nil for none.
  func ends(ratio: Double) -> (lower: Double, upper: Double)? {
    let square = ratio * ratio * before - variance
    return square < 0 ? nil : (mean - square.squareRoot(), mean + square.squareRoot())
  }
}

/// Those of some units taken for treated that have a ratio in a metric.
struct PlaceboUnits: Sendable {
  let placebos: [Placebo]
  let means: [Double]
  /// Ascending.
  let ratios: [Double]

  init(_ cells: [TargetCell], metric: Int, _ problem: PanelProblem) {
    let found = cells.compactMap { cell in PlaceboStatistic(cell, metric).map { (cell, $0) } }
    placebos = found.map { cell, statistic in
      Placebo(
        unit: problem.panel.units[cell.unit], ratio: statistic.ratio(),
        gaps: cell.gaps(metric: metric).map(\.defined))
    }
    means = found.map(\.1.mean)
    ratios = placebos.map(\.ratio).sorted()
  }
}

extension PlaceboInSpace {
  /// Nil where the target has no ratio.
  init?(
    _ target: TargetCell, _ units: PlaceboUnits, _ metric: Int, _ problem: PanelProblem, _ rule: IntervalRule
  ) {
    guard let own = PlaceboStatistic(target, metric) else { return nil }
    let (ratio, ratios) = (own.ratio(), units.ratios)
    let side = own.mean < 0 ? -1.0 : 1
    let sameSide = zip(units.placebos, units.means).count { $0.ratio >= ratio && $1 * side >= 0 }
    unit = problem.panel.units[target.unit]
    self.metric = problem.metricName(metric)
    self.ratio = ratio
    rank = 1 + ratios.count { $0 >= ratio }
    of = 1 + ratios.count
    p = Double(1 + ratios.count { $0 >= ratio }) / Double(1 + ratios.count)
    oneSidedP = Double(1 + sameSide) / Double(1 + ratios.count)
    gaps = target.gaps(metric: metric).map(\.defined)
    placebos = units.placebos
    if let order = rule.order(of: ratios.count) {
      let ends = own.ends(ratio: ratios[order - 1])
      lower = ends?.lower
      upper = ends?.upper
      reason = ends == nil ? "every constant effect is rejected" : nil
    } else {
      (lower, upper) = (nil, nil)
      reason = "\(ratios.count) placebos reject no effect at level \(rule.level): it needs \(rule.fewestDonors)"
    }
  }
}

extension [PlaceboInSpace] {
  /// The same with the placebos of the first targets alone, at most so many in all; the others remain in ranks and ratios.
  public func listing(atMost count: Int) -> [PlaceboInSpace] {
    var left = count
    return map { target in
      var target = target
      target.placebos = [Placebo](target.placebos.prefix(left))
      left -= target.placebos.count
      return target
    }
  }
}

extension PlaceboPower {
  /// The share of units in which an effect is to be found.
  private static let share = 0.8

  /// An effect is added to each unit in turn, and its ratio is held against those of the others.
  init(_ units: [PlaceboStatistic], _ metric: String, _ rule: IntervalRule) {
    self.metric = metric
    self.units = units.count
    guard let order = rule.order(of: units.count - 1) else {
      (positive, negative) = (nil, nil)
      reason =
        "\(units.count) untreated units find no effect at level \(rule.level): it needs \(rule.fewestDonors + 1)"
      return
    }
    let ratios = units.map { $0.ratio() }
    let sorted = ratios.sorted()
    // The critical ratio is of rank `order` among the others. Gaps + τ lie beyond it where τ is above root - mean or
    // below -root - mean; everywhere where there is no root.
    let ends = zip(units, ratios).compactMap { unit, ratio in
      unit.ends(ratio: ratio <= sorted[order - 1] ? sorted[order] : sorted[order - 1])
    }
    let others = units.count - ends.count
    positive = Self.smallest(ends.map { (above: -$0.lower, below: -$0.upper) }, others)
    negative = Self.smallest(ends.map { (above: $0.upper, below: $0.lower) }, others).map { -$0 }
    reason = nil
  }

  /// The smallest effect that is found in the share of units, each of which finds what is above one number or below
  /// another, besides those that find every effect.
  private static func smallest(_ ends: [(above: Double, below: Double)], _ others: Int) -> Double? {
    let needed = Self.share * Double(ends.count + others)
    return ([0] + ends.map { max(0, $0.above) }).sorted().first { effect in
      Double(others + ends.count { effect >= $0.above || effect < $0.below }) >= needed
    }
  }
}
