import CausalGraphs

/// A function of a table of rows, and the part of it that rests on cells with enough of them.
struct SoundFactor: Sendable {
  /// Rows below which a cell of parents is too small to be trusted.
  static let leastRows = 5.0

  var whole: Factor
  var sound: Factor

  static func * (first: SoundFactor, second: SoundFactor) -> SoundFactor {
    SoundFactor(whole: first.whole * second.whole, sound: first.sound * second.sound)
  }

  /// The law of a variable given its parents, in a table of shares: P̂(v | parents) = n(v, parents) / n(parents), uniform
  /// where no row has the parents' levels.
  ///
  /// - Parameter rows: the rows of the table, where its cells can be counted.
  func law(of model: IdentificationPlan.Model, rows: Double?) -> SoundFactor {
    let whole = whole.marginal(on: model.parents + [model.variable])
    let sound = sound.marginal(on: model.parents + [model.variable])
    let size = Double(whole.sizes[whole.scope.firstIndex(of: model.variable)!])
    let parents = whole.summed(over: [model.variable])
    return SoundFactor(
      whole: whole.combined(with: parents) { $1 > 0 ? $0 / $1 : 1 / size },
      sound: sound.combined(with: parents) { joint, parents in
        guard parents > 0, rows.map({ parents * $0 >= Self.leastRows * (1 - 1e-9) }) ?? true else { return 0 }
        return joint / parents
      })
  }
}

/// The laws of one variable given others that a plan asks for, made exactly from a table of categorical variables: every
/// model of an ``IdentificationPlan`` is a ratio of margins, and rows that would be generated are a product of such,
/// whatever the law of what is drawn, which cancels.
struct PlanLaws {
  /// The table as shares of its rows.
  let data: Factor
  /// Of the models of each generated table, and of those that answer.
  let generated: [[SoundFactor]]
  let network: [SoundFactor]

  /// - Parameter counts: rows by the levels of all variables of the graph that the plan has; they may be weighted.
  init(_ plan: IdentificationPlan, counts: Factor) {
    let rows = counts.values.reduce(0, +)
    var data = counts
    data.values = counts.values.map { $0 / rows }
    var tables = [SoundFactor(whole: data, sound: data)]
    func law(of model: IdentificationPlan.Model) -> SoundFactor {
      tables[model.table].law(of: model, rows: model.table == 0 ? rows : nil)
    }
    var generated: [[SoundFactor]] = []
    for table in plan.generated {
      generated.append(table.models.map(law))
      tables.append(generated.last!.reduce(SoundFactor(whole: .one, sound: .one), *))
    }
    self.data = data
    self.generated = generated
    network = plan.network.map(law)
  }
}
