import Panels

/// Differences of the outcomes of units under two arms.
struct Contrasts {
  private let names: [SyntheticInterventionsOptions.Contrast]
  /// By contrast the places of its arms among those answered for.
  private let arms: [(treated: Int, control: Int)]

  /// - Throws: ``Failure`` usage where a contrast names an arm that is not answered for.
  init(_ options: SyntheticInterventionsOptions, _ design: InterventionDesign, _ panel: Panel) throws {
    names = options.contrasts
    let answered = design.arms.map { panel.arms[$0] }
    arms = try options.contrasts.map {
      (
        try InterventionDesign.place($0.treated, answered, "--contrast", "arm"),
        try InterventionDesign.place($0.control, answered, "--contrast", "arm")
      )
    }
  }

  /// - Parameter cells: by unit, then by arm.
  func answers(_ cells: [TargetCell], _ intervals: CellIntervals) -> [ContrastAnswer] {
    let problem = intervals.analysis.problem
    let byUnit = Dictionary(grouping: cells, by: \.unit)
    return byUnit.keys.sorted().flatMap { unit in
      zip(names, arms).flatMap { name, arms -> [ContrastAnswer] in
        guard let treated = byUnit[unit]!.first(where: { $0.arm == arms.treated }),
          let control = byUnit[unit]!.first(where: { $0.arm == arms.control })
        else { return [] }
        return problem.metrics.indices.map { metric in
          let variance = Self.variance(treated, control, metric)
          let half = variance.value.map { intervals.analysis.rule.quantile * $0.squareRoot() }
          let estimate = treated.numbers[metric].estimate - control.numbers[metric].estimate
          return ContrastAnswer(
            unit: problem.panel.units[unit], metric: problem.metricName(metric),
            treated: name.treated, control: name.control, estimate: estimate.defined,
            standardError: variance.value?.squareRoot(), lower: half.map { estimate - $0 },
            upper: half.map { estimate + $0 }, reason: variance.reason)
        }
      }
    }
  }

  /// v₂|w|²/T1 + v₃|w|²|b|² of both, and v₁|U b - U'b'|² with the mean of their v₁; or why there is none.
  private static func variance(
    _ first: TargetCell, _ second: TargetCell, _ metric: Int
  ) -> (value: Double?, reason: String?) {
    let (a, b) = (first.numbers[metric], second.numbers[metric])
    if let refusal = a.refusal ?? b.refusal { return (nil, refusal) }
    guard first.gradients.count > metric, second.gradients.count > metric else {
      return (nil, "standard errors of contrasts are of principal component regression alone")
    }
    var variance = 0.0
    for (slope, other) in zip(first.gradients[metric], second.gradients[metric]) {
      variance += (slope - other) * (slope - other)
    }
    variance *= (a.targetVariance + b.targetVariance) / 2
    for cell in [a, b] {
      let donors = cell.afterVariance / Double(cell.periodCount) + cell.beforeVariance * cell.slopeSquare
      variance += donors * cell.weightSquare
    }
    return (variance, nil)
  }
}
