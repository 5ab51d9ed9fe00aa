import CausalGraphs
import Diagnostics
import Statistics

/// The answers to a question for all levels that are asked for, with what they differ by.
struct InterventionalAnswers {
  let intervened: [Int]
  let given: [Int]
  let outcome: [Int]
  private(set) var answers: [InterventionalResult.Answer] = []
  private(set) var contrasts: [InterventionalResult.Contrast] = []

  private let variables: GraphVariables
  private let jackknife: Jackknife<InterventionalLaw>
  /// The combinations of levels of the outcome.
  private let outcomes: [[Int: Int]]

  /// - Throws: ``Failure`` `usage` when a value is asked for that no row has; `data` when an answer rests on cells with few
  ///   rows for more than a fifth, and the options do not allow it.
  init(
    _ options: InterventionalOptions, _ graph: MixedGraph, _ query: CausalQuery, _ variables: GraphVariables,
    _ jackknife: Jackknife<InterventionalLaw>, counts: Factor
  ) throws {
    func places(_ names: [String]) -> [Int] { names.map { graph.names.firstIndex(of: $0)! } }
    (intervened, given, outcome) = (
      places(options.network.intervened), places(options.network.given), places(options.network.outcome)
    )
    self.variables = variables
    self.jackknife = jackknife
    outcomes = counts.combinations(of: outcome)
    let asked = try Self.levels(intervened + given, options, graph, variables)
    let joint = counts.marginal(on: intervened + given + outcome)
    for levels in asked { answers.append(answer(levels, joint)) }
    try requireOverlap(options, graph)
    let perGiven = given.reduce(1) {
      $0 * (options.values[graph.names[$1]]?.count ?? variables.levels[$1].count)
    }
    for index in answers.indices.dropFirst(perGiven) {
      contrasts.append(contrast(index, against: index % perGiven, levels: asked))
    }
  }

  /// The combinations that are asked for, those of the given running fastest.
  private static func levels(
    _ places: [Int], _ options: InterventionalOptions, _ graph: MixedGraph, _ variables: GraphVariables
  ) throws -> [[Int: Int]] {
    try places.reduce([[:]]) { found, place in
      let variable = variables.described(place)
      let wanted = try options.values[graph.names[place]]?.map { try variable.occurringLevel(named: $0) }
      return found.flatMap { levels in
        (wanted ?? Array(variable.levels.indices)).map { levels.merging([place: $0]) { $1 } }
      }
    }
  }

  // MARK: Numbers

  private func probability(_ law: InterventionalLaw, _ levels: [Int: Int], _ outcome: [Int: Int]) -> Double {
    law.law.value(at: levels.merging(outcome) { $1 })
  }

  /// The values of the outcome in the order of its levels, where it is one variable of numbers.
  private var numbers: [Double]? {
    guard outcome.count == 1, variables.columns[outcome[0]].category.levels == nil else { return nil }
    return variables.levels[outcome[0]]
  }

  private func mean(_ probabilities: [Double]) -> Double? {
    numbers.map { zip($0, probabilities).reduce(0) { $0 + $1.0 * $1.1 } }
  }

  private func answer(_ levels: [Int: Int], _ joint: Factor) -> InterventionalResult.Answer {
    let rows = outcomes.map { joint.value(at: levels.merging($0) { $1 }) }
    let total = rows.reduce(0, +)
    let conditional = total > 0 ? rows.map { $0 / total } : nil
    return InterventionalResult.Answer(
      levels: (intervened + given).map { levels[$0]! },
      probabilities: outcomes.map { outcome in
        jackknife.estimate { probability($0, levels, outcome) }!.clamped(to: 0...1)
      },
      conditional: conditional,
      mean: numbers == nil
        ? nil : jackknife.estimate { law in mean(outcomes.map { probability(law, levels, $0) }) },
      conditionalMean: conditional.flatMap(mean), rareShare: jackknife.whole.rareShare.value(at: levels),
      rowCount: Int(total))
  }

  private func contrast(_ index: Int, against reference: Int, levels: [[Int: Int]]) -> InterventionalResult.Contrast {
    func difference(_ law: InterventionalLaw, _ outcome: [Int: Int]) -> Double {
      probability(law, levels[index], outcome) - probability(law, levels[reference], outcome)
    }
    return InterventionalResult.Contrast(
      answer: index, reference: reference,
      differences: outcomes.map { outcome in
        jackknife.estimate { difference($0, outcome) }!.clamped(to: -1...1)
      },
      mean: numbers == nil
        ? nil : jackknife.estimate { law in mean(outcomes.map { difference(law, $0) }) })
  }

  private func requireOverlap(_ options: InterventionalOptions, _ graph: MixedGraph) throws {
    guard !options.allowsExtrapolation,
      let thin = answers.first(where: { $0.rareShare > Overlap.refusedShare })
    else { return }
    let words = zip(intervened + given, thin.levels).map { place, level in
      "\(graph.names[place]) = \(variables.columns[place].category.words(variables.levels[place][level]))"
    }
    throw Overlap.refusal(of: words, share: thin.rareShare)
  }
}

extension JackknifeEstimate {
  /// The same with an interval within bounds that the number has.
  func clamped(to bounds: ClosedRange<Double>) -> JackknifeEstimate {
    JackknifeEstimate(
      estimate: estimate, standardError: standardError, lower: lower.map { max($0, bounds.lowerBound) },
      upper: upper.map { min($0, bounds.upperBound) })
  }
}
