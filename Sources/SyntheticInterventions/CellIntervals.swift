import Panels

/// From cells to what is said of them.
struct CellIntervals {
  let analysis: PanelAnalysis
  let options: SyntheticInterventionsOptions

  private var rule: IntervalRule { analysis.rule }
  private var panel: Panel { analysis.problem.panel }

  /// The interval that is shown, its kind, and why it is not another or none.
  struct Shown {
    var half: Double?
    var kind: IntervalKind?
    var reason: String?
  }

  /// The interval of a cell for the mean outcome itself.
  func shown(_ cell: CellNumbers, arm: Int, metric: Int, own unit: Int? = nil) -> Shown {
    if let refusal = cell.refusal { return Shown(reason: refusal) }
    let published = rule.quantile * cell.published(rule.variance).prediction.squareRoot()
    switch options.interval {
    case .published: return Shown(half: published, kind: .published)
    case .delta where rule.base == .published:
      return Shown(
        half: published, kind: .published, reason: "delta intervals are of principal component regression alone")
    case .delta: return Shown(half: rule.baseHalf(cell), kind: .delta)
    case .calibrated:
      if let factor = analysis.calibration(arm: arm, metric: metric, without: unit) {
        return Shown(half: factor * rule.baseHalf(cell), kind: .calibrated)
      }
      let donors = analysis.leaveOut.scores[arm][metric].count - (unit == nil ? 0 : 1)
      return Shown(
        half: rule.baseHalf(cell), kind: rule.base,
        reason: "uncalibrated: \(donors) donors, and calibration at level \(options.level) needs \(rule.fewestDonors)")
    }
  }

  /// All intervals that a cell has.
  func named(_ cell: CellNumbers, arm: Int, metric: Int, own unit: Int?) -> [NamedInterval] {
    guard cell.refusal == nil else { return [] }
    func interval(_ name: String, _ half: Double) -> NamedInterval {
      NamedInterval(name: name, lower: cell.estimate - half, upper: cell.estimate + half)
    }
    func normal(_ name: String, _ variance: Double) -> NamedInterval {
      interval(name, rule.quantile * variance.squareRoot())
    }
    var result: [NamedInterval] = []
    if let factor = analysis.calibration(arm: arm, metric: metric, without: unit) {
      result.append(interval("calibrated", factor * rule.baseHalf(cell)))
    }
    if rule.base == .delta {
      result += [
        normal("delta-prediction", cell.delta.prediction), normal("delta-confidence", cell.delta.confidence),
      ]
    }
    let published = cell.published(rule.variance)
    return result + [
      normal("published-prediction", published.prediction), normal("published-confidence", published.confidence),
    ]
  }

  func answers(_ cell: TargetCell, _ weights: WeightSummary?) -> [CellAnswer] {
    let metrics = analysis.problem.metrics
    return metrics.indices.map { metric in
      let (numbers, means) = (cell.numbers[metric], cell.means(metric: metric))
      let own = cell.isOwn ? cell.unit : nil
      let shown = shown(numbers, arm: cell.arm, metric: metric, own: own)
      let cells = stride(from: metric, to: cell.path.count, by: metrics.count)
      return CellAnswer(
        unit: panel.units[cell.unit], arm: analysis.problem.names[cell.arm],
        metric: analysis.problem.metricName(metric),
        own: cell.isOwn, estimate: numbers.estimate.defined, lower: shown.half.map { numbers.estimate - $0 },
        upper: shown.half.map { numbers.estimate + $0 }, interval: shown.kind, reason: shown.reason,
        intervals: named(numbers, arm: cell.arm, metric: metric, own: own), observed: means.observed.defined,
        effect: means.error.defined, weightNorm: numbers.weightSquare.squareRoot().defined,
        largestShare: weights?.largestShare, effectiveDonors: weights?.effectiveDonors,
        negativeDonors: weights?.negativeDonors, preRMSE: numbers.preRMSE.defined, rank: numbers.rank,
        rankPath: cell.rankPaths[metric].map(\.defined), path: cells.map { cell.path[$0].defined },
        observedPath: cells.map { cell.observed[$0].defined })
    }
  }
}

extension Double {
  /// Nil where it is not a number.
  var defined: Double? { isFinite ? self : nil }
}
