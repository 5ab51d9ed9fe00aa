import CausalGraphs
import InterventionalSampling
import Testing

@Suite struct InterventionalLawTests {
  /// The largest distance between an answer from the population's table and the enumerated one, and how much the answer
  /// moves with the free inputs.
  private func errors(_ plan: IdentificationPlan, _ query: CausalQuery, _ law: RandomLaw) -> (
    answer: Double, free: Double
  ) {
    let found = InterventionalLaw(plan, counts: law.law(setting: []).scaled(by: 1e9))
    let truth = law.answer(query)
    let distance = found.law.combined(with: truth) { abs($0 - $1) }.values.max()!
    let moves = found.lawByFreeInputs.combined(with: found.law) { abs($0 - $1) }.values.max()!
    return (distance, moves)
  }

  /// Questions about random graphs that have an answer, with how many tables their plans generate.
  private func questions(
    _ count: Int, given: Bool, seed: UInt64, where isWanted: (IdentificationPlan) -> Bool = { _ in true }
  ) -> [(RandomLaw, CausalQuery, IdentificationPlan)] {
    var random = SplitMix(state: seed)
    var found: [(RandomLaw, CausalQuery, IdentificationPlan)] = []
    while found.count < count {
      let variables = Int.random(in: 3...5, using: &random)
      let graph = MixedGraph.random(variables: variables, arrows: 0.55, confounded: 0.3, &random)
      guard graph.confoundedPairs.count <= 4 else { continue }
      let shuffled = (0..<variables).shuffled(using: &random)
      let query = CausalQuery(
        intervened: Set(shuffled[..<1]), outcome: Set(shuffled[1..<2]), given: given ? Set(shuffled[2..<3]) : [])
      guard let plan = try? Identification(of: query, in: graph).plan(), isWanted(plan) else { continue }
      found.append((RandomLaw(graph, levels: 2...3, latentLevels: 2, &random), query, plan))
    }
    return found
  }

  @Test func `a thousand answers from the population's table are the enumerated ones`() {
    for (law, query, plan) in questions(1000, given: false, seed: 1) {
      let (answer, free) = errors(plan, query, law)
      #expect(answer < 1e-12 && free < 1e-12, "\(law.graph.text) \(query) \(plan)")
    }
  }

  @Test func `answers that rows are generated for are the enumerated ones`() {
    let once = questions(100, given: false, seed: 2) { $0.generated.count == 1 }
    for (law, query, plan) in once {
      let (answer, free) = errors(plan, query, law)
      #expect(answer < 1e-12 && free < 1e-12, "\(law.graph.text) \(query) \(plan)")
    }
  }

  /// Napkins within napkins: rows that are generated from rows that were.
  @Test(arguments: [
    "W1 -> W2 -> U2; U1 -> U2 -> X -> Y; U1 <-> X; U1 <-> Y; W1 <-> U2; W1 <-> U1",
    "W1 -> W2 -> U2; U1 -> U2 -> X -> M -> Y; U1 <-> X; U1 <-> M; W1 <-> U2; W1 <-> U1",
  ]) func `answers that rows are generated for twice are the enumerated ones`(text: String) throws {
    let graph = try MixedGraph(text: text, file: "g")
    let query = CausalQuery(
      intervened: [graph.names.firstIndex(of: "X")!], outcome: [graph.names.firstIndex(of: "Y")!])
    let plan = try Identification(of: query, in: graph).plan()
    #expect(plan.generated.contains { $0.models.contains { $0.table > 0 } })
    var random = SplitMix(state: 5)
    for _ in 0..<5 {
      let (answer, free) = errors(plan, query, RandomLaw(graph, levels: 2...2, latentLevels: 2, &random))
      #expect(answer < 1e-12 && free < 1e-12)
    }
  }

  @Test func `five hundred conditional answers are the enumerated ones`() {
    for (law, query, plan) in questions(500, given: true, seed: 4) {
      let (answer, free) = errors(plan, query, law)
      #expect(answer < 1e-12 && free < 1e-12, "\(law.graph.text) \(query) \(plan)")
    }
  }

  // MARK: Plans that are wrong

  /// Plans with one thing wrong each; nil where there is nothing to get wrong.
  private enum Mutation: CaseIterable {
    /// What rows were generated from is left out of the models learned on them.
    case drawnLeftOut
    /// Models that ask for generated rows are learned on those of the data.
    case dataKept
    /// A model of a generated table reads a variable that is drawn and comes later.
    case laterParent

    func callAsFunction(_ plan: IdentificationPlan) -> IdentificationPlan? {
      typealias Model = IdentificationPlan.Model
      let drawn = plan.generated.map { Set($0.drawn) }
      func changed(_ model: Model) -> Model {
        switch self {
        case .drawnLeftOut where model.table > 0:
          Model(
            variable: model.variable, parents: model.parents.filter { !drawn[model.table - 1].contains($0) },
            table: model.table)
        case .dataKept: Model(variable: model.variable, parents: model.parents, table: 0)
        default: model
        }
      }
      let generated = plan.generated.map { table in
        IdentificationPlan.GeneratedTable(
          models: table.models.map { model in
            let later = self == .laterParent ? table.drawn.filter { $0 > model.variable } : []
            let own = changed(model)
            return Model(
              variable: own.variable, parents: Set(own.parents + later).sorted(), table: own.table)
          }, drawn: table.drawn)
      }
      let network = plan.network.map(changed)
      guard generated != plan.generated || network != plan.network else { return nil }
      let read = Set((network + generated.flatMap(\.models)).flatMap { $0.parents })
      return IdentificationPlan(
        query: plan.query, generated: generated, network: network, freeInputs: plan.freeInputs.filter(read.contains))
    }
  }

  /// Most of them give wrong answers by far more than rounding, so the tests above would fail of them.
  @Test(arguments: Mutation.allCases) private func `a plan that is wrong gives wrong answers`(mutation: Mutation) {
    let wrong = questions(60, given: false, seed: 2) { $0.generated.count == 1 }.compactMap { law, query, plan in
      mutation(plan).map { errors($0, query, law) }
    }
    #expect(wrong.count > 10 && wrong.count { $0.answer > 1e-3 || $0.free > 1e-3 } > wrong.count / 2, "\(wrong)")
  }

  /// On 2,000 rows of ten napkins the answer at one value of W2 is farther from the truth than the mean over its law.
  @Test func `an answer at one free value is worse than the mean over all`() throws {
    let graph = try MixedGraph(text: "W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y", file: "g")
    let query = CausalQuery(intervened: [2], outcome: [3])
    let plan = try Identification(of: query, in: graph).plan()
    var (mean, one) = (0.0, 0.0)
    for seed in 0..<10 as Range<UInt64> {
      let law = try RandomLaw(graph.text, seed: seed)
      let cells = law.rows(2000, seed: seed + 50)
      let sizes = law.sizes
      var counts = Factor([0, 1, 2, 3], sizes: sizes, values: Array(repeating: 0, count: sizes.reduce(1, *)))
      for row in cells { counts.values[zip(row, sizes).reduce(0) { $0 * $1.1 + Int($1.0) }] += 1 }
      let found = InterventionalLaw(plan, counts: counts)
      let truth = law.answer(query)
      mean += found.law.combined(with: truth) { abs($0 - $1) }.values.reduce(0, +) / Double(sizes[2])
      let free = plan.freeInputs[0]
      for x in 0..<sizes[2] {
        for y in 0..<sizes[3] {
          one +=
            abs(
              found.lawByFreeInputs.value(at: [free: 0, 2: x, 3: y]) - truth.value(at: [2: x, 3: y])) / Double(sizes[2])
        }
      }
    }
    #expect(mean < one, "\(mean), \(one)")
  }

  @Test func `a cell with few rows is counted where the answer goes through it`() throws {
    // Z -> X, Z -> Y, X -> Y; two rows have Z = 1 and X = 1.
    let graph = try MixedGraph(text: "Z -> X; Z -> Y; X -> Y", file: "g")
    let plan = try Identification(of: CausalQuery(intervened: [1], outcome: [2]), in: graph).plan()
    let counts = Factor([0, 1, 2], sizes: [2, 2, 2], values: [30, 30, 10, 10, 16, 2, 1, 1])
    let found = InterventionalLaw(plan, counts: counts)
    // Under do(X = 1) the answer goes through that cell with P(Z = 1) = .2; under do(X = 0) through none.
    #expect(
      found.rareShare.values.count == 2 && zip(found.rareShare.values, [0, 0.2]).allSatisfy { abs($0 - $1) < 1e-15 })
    #expect(abs(found.law.value(at: [1: 1, 2: 1]) - (0.8 * 0.5 + 0.2 * 0.5)) < 1e-15)
    #expect(abs(found.law.value(at: [1: 0, 2: 1]) - (0.8 * 0.5 + 0.2 * 2 / 18)) < 1e-15)
  }
}

extension Factor {
  func scaled(by factor: Double) -> Factor { Factor(scope, sizes: sizes, values: values.map { $0 * factor }) }
}
