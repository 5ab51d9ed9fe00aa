import CausalGraphs
import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Runs

/// The conditional models by which a causal graph answers what an intervention does, learned on rows of categories: ID-GEN
/// (Rahman, Jordan and Kocaoglu, NeurIPS 2024) with tables for models.
///
/// ```
/// exact     rows -> counts of all combinations -> every model a ratio of margins          PlanLaws
/// sampled   rows -> counts of each model's own variables -> its table
///           step 7: drawn variables uniform, the others by tables so far -> new rows      LevelSampler
///                   -> counts of the next models' variables -> their tables, and so on    GeneratedRows
/// ```
public struct NetworkEstimation: Estimator, Sendable {
  public let options: NetworkOptions
  private let graph: MixedGraph
  private let query: CausalQuery

  /// The most combinations of levels that one model may have.
  public static let mostCells = InterventionalSampling.mostCells

  /// - Parameter query: in places of the graph, as the options name it.
  public init(_ options: NetworkOptions, graph: MixedGraph, query: CausalQuery) {
    self.options = options
    self.graph = graph
    self.query = query
  }

  /// Learns all models. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `notIdentified` when the graph gives no answer; `usage` when the rows lack
  ///   a variable of the graph; `data` when a variable is no category, or there are too many combinations.
  public func fit(_ frame: Frame, in run: Run) throws -> InterventionalNetwork {
    guard let plan = try? Identification(of: query, in: graph).plan() else {
      throw Failure(.notIdentified, "the question is not identified by the graph")
    }
    let variables = try CategoricalVariables(graph.names, of: frame)
    let scope = plan.scope(of: query)
    let isExact =
      options.mode == .exact || options.mode == .auto && variables.size(scope) <= InterventionalSampling.mostCells
    let models = plan.freeModels + plan.generated.flatMap(\.models) + plan.network
    let tables =
      isExact
      ? try exact(plan, scope, variables, frame, run) : try sampled(plan, models, variables, frame, run)
    var rest = tables[plan.freeModels.count...]
    let generated = plan.generated.map { table in
      defer { rest = rest.dropFirst(table.models.count) }
      return Array(rest.prefix(table.models.count))
    }
    return InterventionalNetwork(
      options: options, graph: graph, plan: plan, isExact: isExact, rowCount: frame.rows.rowCount,
      generatedRowCount: isExact || plan.generated.isEmpty ? 0 : generatedRowCount(frame),
      variables: graph.names.indices.map { variables.described($0) },
      free: tables.prefix(plan.freeModels.count).map(\.trusted), generated: generated, network: Array(rest))
  }

  private func generatedRowCount(_ frame: Frame) -> Int { options.expand * frame.rows.rowCount }

  // MARK: Exactly

  /// The tables of the free inputs, of all generated tables and of the network, one after the other.
  private func exact(
    _ plan: IdentificationPlan, _ scope: [Int], _ variables: CategoricalVariables, _ frame: Frame, _ run: Run
  ) throws -> [ConditionalTable] {
    try variables.requireExact(scope, "join levels, or give --mode sampled")
    let table = JointCounts.Table(scope: scope, blocks: 1)
    let counts = try count([table], variables, frame, run)
    let laws = PlanLaws(plan, counts: counts.blocks(of: 0)[0])
    let data = SoundFactor(whole: laws.data, sound: laws.data)
    let free = plan.freeModels.map { ($0, data.law(of: $0, rows: nil)) }
    let generated = zip(plan.generated, laws.generated).flatMap { zip($0.models, $1) }
    return (free + generated + zip(plan.network, laws.network)).map(ConditionalTable.init)
  }

  // MARK: By sampling

  /// The same in the same order.
  private func sampled(
    _ plan: IdentificationPlan, _ models: [IdentificationPlan.Model], _ variables: CategoricalVariables,
    _ frame: Frame, _ run: Run
  ) throws -> [ConditionalTable] {
    for model in models { try requireSmall(model, variables) }
    let levelCounts = variables.levels.map(\.count)
    let random = CounterRandom(seed: options.seed, stream: .generatedRows)
    var learned = [ConditionalTable?](repeating: nil, count: models.count)
    var next = plan.freeModels.count
    for table in 0...plan.generated.count {
      let own = models.indices.filter { models[$0].table == table }
      let scopes = own.map { (models[$0].parents + [models[$0].variable]).sorted() }
      let laws: [SoundFactor]
      let rowCount: Int
      if table == 0 {
        let counts = try count(scopes.map { JointCounts.Table(scope: $0, blocks: 1) }, variables, frame, run)
        rowCount = frame.rows.rowCount
        laws = scopes.indices.map { counts.blocks(of: $0)[0].share(of: Double(rowCount)) }
      } else {
        let generated = plan.generated[table - 1]
        let makers = (next..<next + generated.models.count).map { learned[$0]! }
        next += generated.models.count
        let rows = GeneratedRows(
          sampler: LevelSampler(
            generated.drawn.map { ConditionalTable(uniform: $0, levelCount: levelCounts[$0]) } + makers,
            variableCount: graph.names.count, random: random),
          stage: table, levelCounts: levelCounts)
        rowCount = generatedRowCount(frame)
        let distributed = DistributedRows(rowCount: rowCount, communicator: frame.rows.communicator)
        let sums = try step("generated rows \(table)", rowCount, run) { try rows.sum(scopes, over: distributed) }
        laws = rows.tables(of: scopes, sums: sums, rowCount: rowCount)
      }
      for (index, law) in zip(own, laws) {
        learned[index] = ConditionalTable(models[index], law.law(of: models[index], rows: Double(rowCount)))
      }
    }
    return learned.map { $0! }
  }

  private func requireSmall(_ model: IdentificationPlan.Model, _ variables: CategoricalVariables) throws {
    let cells = variables.size(model.parents + [model.variable])
    guard cells > Self.mostCells else { return }
    throw Failure(
      .data,
      "the law of '\(graph.names[model.variable])' given \(model.parents.map { graph.names[$0] }.joined(separator: ", ")) has "
        + "\(cells) probabilities, more than the \(Int(Self.mostCells)) that a table may have; join levels, or leave variables "
        + "out of the graph")
  }

  // MARK: Passes

  private func count(
    _ tables: [JointCounts.Table], _ variables: CategoricalVariables, _ frame: Frame, _ run: Run
  ) throws -> JointCounts {
    let sums = try step("counts", frame.rows.rowCount, run) { try JointCounts.sum(variables, tables, over: frame) }
    return JointCounts(variables, tables, counts: sums)
  }

  private func step(_ name: String, _ rowCount: Int, _ run: Run, _ sum: () throws -> [Int64]) throws -> [Int64] {
    let sums = try run.journal.step(name, sum)
    try run.journal.end(0) {
      PassRecord(phase: name, pass: 0, seconds: $0, values: ["rows": .integer(rowCount)])
    }
    return sums
  }
}

extension Factor {
  /// Counts of so many rows as shares of them, all of which are observed.
  fileprivate func share(of rows: Double) -> SoundFactor {
    let shares = Factor(scope, sizes: sizes, values: values.map { $0 / rows })
    return SoundFactor(whole: shares, sound: shares)
  }
}
