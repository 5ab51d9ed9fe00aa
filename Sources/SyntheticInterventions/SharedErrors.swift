import Communication

/// The errors that treated units share through the noise of their common donors, which no placebo has: a unit's is Σ w_j ε_j,
/// and a cohort's mean that of the mean weights w̄, whose square does not fall with the number of units.
///
/// With n_a of n units in cohort a, what the units do not have by themselves is s_a = (n_a² |w̄_a|² - Σ |w_i|²) / n², and
/// the mean effect at a time since the start has the further variance Σ_a s_a (v₂ + |b_t|² v₃), as in intervals by the delta
/// method. In the mean over T1 times v₂ / T1 and |b|² of the mean path stand there, and noise of a donor in the same period
/// of two cohorts adds n_a n_b w̄_a'w̄_b v₂ / n² for each of the periods that both have, over T1².
struct SharedErrors {
  /// The treated units of one start, and the models that they are from.
  struct Cohort {
    let start: Int
    let analysis: PanelAnalysis
    let treated: [TargetCell]
  }

  private let cohorts: [Cohort]
  /// w̄_a'w̄_b over all units, cohort by cohort.
  private let products: [Double]

  /// Collective.
  init(_ cohorts: [Cohort]) throws {
    self.cohorts = cohorts
    let forms = cohorts.map { MeanWeights($0.treated) }
    guard let rows = cohorts.first?.analysis.problem.panel.frame.rows else {
      products = []
      return
    }
    products = try rows.sum([Double](repeating: 0, count: cohorts.count * cohorts.count)) { partial, chunk in
      // By cohort those of the units of the chunk.
      let weights = try zip(cohorts, forms).map { cohort, form in
        let problem = cohort.analysis.problem
        let block = try UnitBlock(problem, chunk: chunk, fills: cohort.analysis.models.fills)
        return block.units.enumerated().map { row, unit in
          problem.donorArms[unit] < 0 ? 0 : form.weight(of: unit, block.values(row, 0..<problem.beforeCount))
        }
      }
      for (a, first) in weights.enumerated() {
        for (b, second) in weights.enumerated() {
          partial[a * weights.count + b] += zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
        }
      }
    }
  }

  /// n.
  var treatedCount: Int { cohorts.reduce(0) { $0 + $1.treated.count } }

  /// Of the mean effect at a time since the start, or over all times.
  func variance(time: Int?, metric: Int) -> Double {
    let count = Double(treatedCount * treatedCount)
    let own = cohorts.enumerated().reduce(0) { sum, entry in
      let (place, cohort) = entry
      let size = Double(cohort.treated.count)
      let squares = cohort.treated.reduce(0) { $0 + $1.numbers[metric].weightSquare }
      let share = max(0, size * size * products[place * cohorts.count + place] - squares) / count
      return sum + share * noise(cohort, time, metric)
    }
    return time == nil ? own + max(-own, sameNoise(metric) / count) : own
  }

  /// v₂ + |b|² v₃; bias-corrected weights have no gradient b, and their intervals no part for it.
  private func noise(_ cohort: Cohort, _ time: Int?, _ metric: Int) -> Double {
    let (cell, metrics) = (cohort.treated[0], cohort.treated[0].numbers.count)
    let numbers = cell.numbers[metric]
    guard !cell.pathSlopes.isEmpty else {
      return numbers.afterVariance / (time == nil ? Double(numbers.periodCount) : 1)
    }
    guard let time else {
      return numbers.afterVariance / Double(numbers.periodCount) + numbers.slopeSquare * numbers.beforeVariance
    }
    return numbers.afterVariance + cell.pathSlopes[time * metrics + metric] * numbers.beforeVariance
  }

  /// What noise in the periods that two cohorts have in common adds to n² times the variance of the mean over times.
  private func sameNoise(_ metric: Int) -> Double {
    var sum = 0.0
    for (a, first) in cohorts.enumerated() {
      for (b, second) in cohorts.enumerated() where a != b {
        let periods = first.treated[0].numbers[metric].periodCount
        let common = Double(max(0, periods - abs(first.start - second.start))) / Double(periods * periods)
        let noise =
          (first.treated[0].numbers[metric].afterVariance + second.treated[0].numbers[metric].afterVariance) / 2
        sum += Double(first.treated.count * second.treated.count) * products[a * cohorts.count + b] * common * noise
      }
    }
    return sum
  }
}

/// The mean over some targets of the weights of their common donors.
private struct MeanWeights {
  /// The vector a [p] with weights w_j = a'x_j; none for bias-corrected weights.
  private let form: [Double]
  /// By unit, of bias-corrected weights.
  private var chosen: [Int: Double] = [:]

  init(_ targets: [TargetCell]) {
    let share = 1 / Double(targets.count)
    var form = [Double](repeating: 0, count: targets[0].weightForm.count)
    for target in targets {
      for (place, value) in target.weightForm.enumerated() { form[place] += share * value }
      for (unit, weight) in zip(target.chosenUnits, target.chosenWeights) { chosen[unit, default: 0] += share * weight }
    }
    self.form = form
  }

  func weight(of unit: Int, _ before: [Double]) -> Double {
    form.isEmpty ? chosen[unit] ?? 0 : zip(form, before).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
