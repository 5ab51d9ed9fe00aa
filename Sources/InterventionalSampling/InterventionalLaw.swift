import CausalGraphs

/// The law of an outcome under interventions, made exactly from a table of categorical variables by ``PlanLaws``
/// (ID-GEN with no sampling).
///
/// ```
/// P̂(v | parents) = n(v, parents) / n(parents)             uniform where no row has the parents' levels
/// generated rows  = Π P̂(v | parents) over their models      any law of what is drawn: it cancels
/// P̂(y | do(x))   = Σ_free P̂(free) Σ_others Π P̂(v | parents)
/// ```
package struct InterventionalLaw: Sendable {
  /// P(outcome | do(set), given), of the variables among these that it depends on, the free inputs averaged over their
  /// joint law in the table.
  package let law: Factor
  /// The same for every level of the free inputs, which it should not depend on.
  package let lawByFreeInputs: Factor
  /// The law of the free inputs in the table.
  package let freeLaw: Factor
  /// For every level of what is set and given, the share of the answer that went through cells of fewer than
  /// ``SoundFactor/leastRows`` rows.
  package let rareShare: Factor
  /// The same for every level of the free inputs.
  package let rareShareByFreeInputs: Factor

  /// - Parameter counts: rows by the levels of all variables of the graph that the plan has; they may be weighted.
  package init(_ plan: IdentificationPlan, counts: Factor) {
    let laws = PlanLaws(plan, counts: counts)
    let asked = plan.query.outcome.union(plan.query.given)
    let hidden = plan.network.map(\.variable).filter { !asked.contains($0) }.reversed().map(\.self)
    let answer = SoundFactor(
      whole: .product(of: laws.network.map(\.whole), summedOver: hidden),
      sound: .product(of: laws.network.map(\.sound), summedOver: hidden))
    freeLaw = laws.data.marginal(on: plan.freeInputs)
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
}
