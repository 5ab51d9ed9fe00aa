import CausalGraphs

/// The law of an outcome under interventions, made exactly from a table of categorical variables: every model of an
/// ``IdentificationPlan`` is a ratio of margins, and rows that would be generated are a product of such (ID-GEN with no
/// sampling).
///
/// ```
/// P̂(v | parents) = n(v, parents) / n(parents)             uniform where no row has the parents' levels
/// generated rows  = Π P̂(v | parents) over their models      any law of what is drawn: it cancels
/// P̂(y | do(x))   = Σ_free P̂(free) Σ_others Π P̂(v | parents)
/// ```
package struct InterventionalLaw: Sendable {
  /// A function of the table, and the part of it that rests on cells with enough rows.
  private struct Law {
    var whole: Factor
    var sound: Factor

    static func * (first: Law, second: Law) -> Law {
      Law(whole: first.whole * second.whole, sound: first.sound * second.sound)
    }
  }

  /// Rows below which a cell of parents is too small to be trusted.
  package static let leastRows = 5.0

  /// P(outcome | do(set), given), of the variables among these that it depends on, the free inputs averaged over their
  /// joint law in the table.
  package let law: Factor
  /// The same for every level of the free inputs, which it should not depend on.
  package let lawByFreeInputs: Factor
  /// The law of the free inputs in the table.
  package let freeLaw: Factor
  /// For every level of what is set and given, the share of the answer that went through cells of fewer than
  /// ``leastRows`` rows.
  package let rareShare: Factor
  /// The same for every level of the free inputs.
  package let rareShareByFreeInputs: Factor

  /// - Parameter counts: rows by the levels of all variables of the graph that the plan has; they may be weighted.
  package init(_ plan: IdentificationPlan, counts: Factor) {
    let rows = counts.values.reduce(0, +)
    var data = counts
    data.values = counts.values.map { $0 / rows }
    var tables = [Law(whole: data, sound: data)]
    func law(of model: IdentificationPlan.Model) -> Law {
      Self.conditional(model, in: tables[model.table], rows: model.table == 0 ? rows : nil)
    }
    for table in plan.generated {
      tables.append(table.models.map(law).reduce(Law(whole: .one, sound: .one), *))
    }
    let asked = plan.query.outcome.union(plan.query.given)
    let hidden = plan.network.map(\.variable).filter { !asked.contains($0) }.reversed().map(\.self)
    let network = plan.network.map(law)
    let answer = Law(
      whole: .product(of: network.map(\.whole), summedOver: hidden),
      sound: .product(of: network.map(\.sound), summedOver: hidden))
    freeLaw = data.marginal(on: plan.freeInputs)
    lawByFreeInputs = Self.conditioned(answer.whole, on: plan)
    let (whole, sound) = (
      (answer.whole * freeLaw).summed(over: plan.freeInputs), (answer.sound * freeLaw).summed(over: plan.freeInputs)
    )
    self.law = Self.conditioned(whole, on: plan)
    rareShare = Self.rareShare(whole, sound, plan)
    rareShareByFreeInputs = Self.rareShare(answer.whole, answer.sound, plan)
  }

  private static func rareShare(_ whole: Factor, _ sound: Factor, _ plan: IdentificationPlan) -> Factor {
    whole.summed(over: plan.query.outcome)
      .combined(with: sound.summed(over: plan.query.outcome)) { $0 > 0 ? max(0, 1 - $1 / $0) : 1 }
  }

  private static func conditioned(_ joint: Factor, on plan: IdentificationPlan) -> Factor {
    guard !plan.query.given.isEmpty else { return joint }
    let outcomes = Double(
      zip(joint.scope, joint.sizes).reduce(1) { plan.query.outcome.contains($1.0) ? $0 * $1.1 : $0 })
    return joint.combined(with: joint.summed(over: plan.query.outcome)) { $1 > 0 ? $0 / $1 : 1 / outcomes }
  }

  /// The law of a variable given its parents in a table.
  ///
  /// - Parameter rows: the rows of the data, where the table is theirs and its cells can be counted.
  private static func conditional(_ model: IdentificationPlan.Model, in table: Law, rows: Double?) -> Law {
    let whole = table.whole.marginal(on: model.parents + [model.variable])
    let sound = table.sound.marginal(on: model.parents + [model.variable])
    let size = Double(whole.sizes[whole.scope.firstIndex(of: model.variable)!])
    let parents = whole.summed(over: [model.variable])
    return Law(
      whole: whole.combined(with: parents) { $1 > 0 ? $0 / $1 : 1 / size },
      sound: sound.combined(with: parents) { joint, parents in
        guard parents > 0, rows.map({ parents * $0 >= leastRows * (1 - 1e-9) }) ?? true else { return 0 }
        return joint / parents
      })
  }
}
