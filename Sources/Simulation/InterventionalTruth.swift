import CausalGraphs

/// P(outcome | do(..)) of a known law, by going through all combinations of the variables and latents that lead to the
/// outcome when nothing leads into what is set.
struct InterventionalTruth {
  private let graph: MixedGraph
  private let levels: [Int]
  private let latentShares: [[Double]]
  private let tables: [GraphSimulation.Table]
  private let intervened: [Int]
  private let outcome: [Int]
  /// The variables that lead to the outcome and are not set, each after those that point to it.
  private let moving: [Int]
  /// The latents that do.
  private let latents: [Int]

  /// - Throws: ``Failure`` (usage) when there are too many combinations.
  init(
    _ graph: MixedGraph, _ levels: [Int], _ latentShares: [[Double]], _ tables: [GraphSimulation.Table],
    _ parameters: GraphParameters
  ) throws {
    (self.graph, self.levels, self.latentShares, self.tables) = (graph, levels, latentShares, tables)
    func places(_ names: [String]) -> [Int] { names.map { graph.names.firstIndex(of: $0)! } }
    intervened = places(parameters.intervened)
    outcome = places(parameters.outcome)
    var found = Set<Int>()
    var open = outcome
    while let vertex = open.popLast() {
      guard !intervened.contains(vertex), found.insert(vertex).inserted else { continue }
      open += tables[vertex].parents
    }
    moving = graph.order.filter(found.contains)
    latents = Set(moving.flatMap { tables[$0].latents }).sorted()
    let combinations =
      (intervened + moving).reduce(1.0) { $0 * Double(levels[$1]) }
      * latents.reduce(1.0) { product, _ in product * Double(GraphSimulation.latentLevels) }
    try parameters.check(
      combinations <= GraphSimulation.mostCombinations,
      "the truth of the effect is a sum over \(combinations) combinations, more than "
        + "\(Int(GraphSimulation.mostCombinations)); leave out --do and --outcome, or give fewer --levels")
  }

  /// A row for each combination of what is set, a column for each of the outcomes, the last variable the fastest.
  func effect() -> [[Double]] {
    var values = Array(repeating: 0, count: levels.count)
    return (0..<size(intervened)).map { set in
      place(set, intervened, in: &values)
      var law = Array(repeating: 0.0, count: size(outcome))
      var hidden = Array(repeating: 0, count: latentShares.count)
      addLatents(latents[...], 1, &hidden, &values, to: &law)
      return law
    }
  }

  private func size(_ variables: [Int]) -> Int { variables.reduce(1) { $0 * levels[$1] } }

  /// Sets variables to the combination of a number.
  private func place(_ number: Int, _ variables: [Int], in values: inout [Int]) {
    var rest = number
    for variable in variables.reversed() {
      (rest, values[variable]) = rest.quotientAndRemainder(dividingBy: levels[variable])
    }
  }

  private func addLatents(
    _ latents: ArraySlice<Int>, _ probability: Double, _ hidden: inout [Int], _ values: inout [Int],
    to law: inout [Double]
  ) {
    guard let latent = latents.first else {
      return addVariables(moving[...], probability, hidden, &values, to: &law)
    }
    for (level, share) in latentShares[latent].enumerated() {
      hidden[latent] = level
      addLatents(latents.dropFirst(), probability * share, &hidden, &values, to: &law)
    }
  }

  private func addVariables(
    _ variables: ArraySlice<Int>, _ probability: Double, _ hidden: [Int], _ values: inout [Int], to law: inout [Double]
  ) {
    guard let variable = variables.first else {
      law[outcome.reduce(0) { $0 * levels[$1] + values[$1] }] += probability
      return
    }
    for (level, share) in tables[variable].law(values, hidden, levels).enumerated() {
      values[variable] = level
      addVariables(variables.dropFirst(), probability * share, hidden, &values, to: &law)
    }
  }
}
