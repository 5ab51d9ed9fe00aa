import CausalGraphs
import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Networks
import Runs

/// The conditional models by which a causal graph answers what an intervention does, learned on rows: ID-GEN (Rahman, Jordan
/// and Kocaoglu, NeurIPS 2024).
///
/// ```
/// exact     rows -> counts of all combinations -> every model a ratio of margins          PlanLaws
/// sampled   rows -> counts of each model's own variables -> its table                     ConditionalTable
///                -> minibatches -> its network, where one of them is a number             ConditionalTraining
///           step 7: variables drawn, the others by models so far -> new rows              RowSampler
///                   -> the next models by these, and so on                                GeneratedRows
/// ```
public struct NetworkEstimation: Estimator, Sendable {
  public let options: NetworkOptions
  let graph: MixedGraph
  let query: CausalQuery

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
  ///   a variable of the graph, or a kind of model is asked for that the variable cannot have; `data` when a variable has
  ///   one value, or there are too many combinations; `numerical` when a training left the range of numbers.
  public func fit(_ frame: Frame, in run: Run) throws -> InterventionalNetwork {
    try fit(frame, variables(of: frame), in: run)
  }

  /// With the levels and scales that variables have in these rows and perhaps others. Collective.
  func fit(_ frame: Frame, _ variables: GraphVariables, in run: Run) throws -> InterventionalNetwork {
    let way = try Way(self, variables)
    let (plan, free) = (way.plan, way.free)
    let learned =
      way.isExact
      ? try exact(plan, free, way.scope, variables, frame, run).map(ConditionalModel.table)
      : try SampledModels(options, plan, free, variables, frame, run).learn()
    var rest = learned[free.count...]
    let generated = plan.generated.map { table in
      defer { rest = rest.dropFirst(table.models.count) }
      return Array(rest.prefix(table.models.count))
    }
    return InterventionalNetwork(
      options: options, graph: graph, plan: plan, isExact: way.isExact, rowCount: frame.rows.rowCount,
      generatedRowCount: way.generatedRowCount(frame),
      variables: graph.names.indices.map { variables.described($0) },
      free: free.count < plan.freeInputs.count
        ? [.rows(try variables.rows(of: frame).sample(of: plan.freeInputs, variables, seed: options.seed))]
        : learned.prefix(free.count).map { .table($0.table!.trusted) },
      generated: generated, network: Array(rest))
  }

  /// What learning would take, without learning. Collective; reads the values that variables take.
  ///
  /// - Throws: as ``fit(_:in:)``, but for trainings.
  public func plan(_ frame: Frame) throws -> NetworkPlan {
    let way = try Way(self, variables(of: frame))
    if way.isExact { try way.variables.requireExact(way.scope, "join levels, or give --mode sampled") }
    let sampled = SampledModels(options, way.plan, way.free, way.variables, frame, Run())
    return NetworkPlan(
      isExact: way.isExact, models: try way.isExact ? [] : sampled.described(),
      cells: way.isExact ? Int(way.variables.size(way.scope)) : 0, generatedRows: way.generatedRowCount(frame),
      keptNumbers: way.isExact ? 0 : try sampled.keptNumbers())
  }

  /// Whether all models are functions of joint counts, so that an answer needs no draws. Collective.
  ///
  /// - Throws: as ``fit(_:in:)``, but for trainings.
  public func isExact(_ frame: Frame) throws -> Bool { try Way(self, variables(of: frame)).isExact }

  /// The variables as the options take them. Collective.
  func variables(of frame: Frame) throws -> GraphVariables {
    try GraphVariables(
      graph.names, of: frame,
      options.mode == .exact
        ? .categories : .few(categories: Set(options.models.categories), numbers: Set(options.models.numbers)))
  }

  /// What an answer may be read at any value of.
  func freeInputs(_ variables: GraphVariables) throws -> [Int] { try Way(self, variables).plan.freeInputs }

  /// How the question is answered with the variables as they are.
  private struct Way {
    let variables: GraphVariables
    let scope: [Int]
    let isExact: Bool
    let plan: IdentificationPlan
    let free: [IdentificationPlan.Model]
    private let expand: Int

    init(_ own: NetworkEstimation, _ variables: GraphVariables) throws {
      guard let identified = try? Identification(of: own.query, in: own.graph).plan() else {
        throw Failure(.notIdentified, "the question is not identified by the graph")
      }
      let options = own.options
      let scope = identified.scope(of: own.query)
      isExact =
        options.mode == .exact
        || options.mode == .auto && options.models.kinds.isEmpty && scope.allSatisfy(variables.isCategory)
          && variables.size(scope) <= InterventionalSampling.mostCells
      plan = identified.answering(numbers: { !variables.isCategory($0) })
      free = plan.freeModels(isCategory: variables.isCategory)
      (self.variables, self.scope, expand) = (variables, scope, options.expand)
    }

    func generatedRowCount(_ frame: Frame) -> Int {
      isExact || plan.generated.isEmpty ? 0 : expand * frame.rows.rowCount
    }
  }

  /// The tables of the free inputs, of all generated tables and of the network, one after the other.
  private func exact(
    _ plan: IdentificationPlan, _ free: [IdentificationPlan.Model], _ scope: [Int], _ variables: GraphVariables,
    _ frame: Frame, _ run: Run
  ) throws -> [ConditionalTable] {
    try variables.requireExact(scope, "join levels, or give --mode sampled")
    let table = JointCounts.Table(scope: scope, blocks: 1)
    let sums = try run.pass("counts", frame.rows.rowCount) { try JointCounts.sum(variables, [table], over: frame) }
    let laws = PlanLaws(plan, counts: JointCounts(variables, [table], counts: sums).blocks(of: 0)[0])
    let data = SoundFactor(whole: laws.data, sound: laws.data)
    let generated = zip(plan.generated, laws.generated).flatMap { zip($0.models, $1) }
    return (free.map { ($0, data.law(of: $0, rows: nil)) } + generated + zip(plan.network, laws.network)).map(
      ConditionalTable.init)
  }
}

extension IdentificationPlan {
  /// The plan, or where what is seen is a number, that no draw meets again, one that learns the answer given it.
  func answering(numbers isNumber: (Int) -> Bool) -> IdentificationPlan {
    query.given.contains(where: isNumber) ? learningGiven() : self
  }
}
