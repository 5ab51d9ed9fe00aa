import CausalGraphs
import Diagnostics
import Frames
import Runs
import Statistics

/// The law of an outcome under interventions from a causal graph with unmeasured confounders (Rahman, Jordan and Kocaoglu,
/// NeurIPS 2024), exactly, for categories.
///
/// ```
/// graph, question -> models that answer                    Identification
/// rows  -> counts by block and combination of levels       JointCounts, the only sum
///       -> P(outcome | do(set), given), as a function of them   InterventionalLaw
///       -> without each block in turn                      Jackknife
///       -> does the graph fit the rows                     InvarianceTest, IndependenceTest
/// ```
public struct InterventionalSampling: Estimator, Sendable {
  public let options: InterventionalOptions
  private let graph: MixedGraph
  private let query: CausalQuery

  /// The most combinations of levels of the variables that an answer needs.
  public static let mostCells = 1e6

  /// - Parameter query: in places of the graph, as the options name it.
  public init(_ options: InterventionalOptions, graph: MixedGraph, query: CausalQuery) {
    self.options = options
    self.graph = graph
    self.query = query
  }

  /// Answers for every level of what is set and given. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `notIdentified` when the graph gives no answer; `usage` when the rows lack
  ///   a variable of the graph or a value that is asked for; `data` when a variable is no category, there are too many
  ///   combinations, or an answer rests on too few rows.
  public func fit(_ frame: Frame, in run: Run) throws -> InterventionalResult {
    guard let plan = try? Identification(of: query, in: graph).plan() else {
      throw Failure(.notIdentified, "the question is not identified by the graph")
    }
    let variables = try NetworkEstimation(options.network, graph: graph, query: query).variables(of: frame)
    let claims = IndependenceTest.counted(graph, variables)
    let scope = plan.scope(of: query)
    try variables.requireExact(scope, "join levels, or leave variables out of the graph")
    let blocks = min(options.blocks, frame.rows.rowCount)
    let tables =
      [JointCounts.Table(scope: scope, blocks: blocks)]
      + claims.map { JointCounts.Table(scope: $0.scope, blocks: 1) }
    let sums = try run.journal.step("counts") { try JointCounts.sum(variables, tables, over: frame) }
    try run.journal.end(0) {
      PassRecord(phase: "counts", pass: 0, seconds: $0, values: ["rows": .integer(frame.rows.rowCount)])
    }
    let counts = JointCounts(variables, tables, counts: sums)
    let byBlock = counts.blocks(of: 0)
    let whole = byBlock.dropFirst().reduce(byBlock[0]) { $0.combined(with: $1, +) }
    let jackknife = Jackknife(
      whole: InterventionalLaw(plan, counts: whole),
      replicates: byBlock.map { InterventionalLaw(plan, counts: whole.combined(with: $0, -)) }, level: options.level)
    let answers = try InterventionalAnswers(options, graph, query, variables, jackknife, counts: whole)
    return InterventionalResult(
      options: options, rowCount: frame.rows.rowCount,
      variables: graph.names.indices.map { place in
        InterventionalResult.Variable(
          name: graph.names[place],
          levels: variables.described(place).levels)
      },
      graph: graph, plan: plan, intervened: answers.intervened, given: answers.given, outcome: answers.outcome,
      answers: answers.answers, contrasts: answers.contrasts,
      invariance: try InvarianceTest.test(plan, jackknife),
      independences: try IndependenceTest.tests(
        graph, variables, frame, counts: claims.indices.map { counts.blocks(of: $0 + 1)[0] }))
  }
}

extension ImpliedIndependence {
  var scope: [Int] { ([first, second] + given).sorted() }
}

extension IdentificationPlan {
  /// The variables that the answer to a question, and what conditioning says, need.
  func scope(of query: CausalQuery) -> [Int] {
    Set((network + generated.flatMap(\.models)).flatMap { $0.parents + [$0.variable] })
      .union(query.intervened).union(query.outcome).union(query.given).sorted()
  }
}

extension GraphVariables {
  /// - Parameter remedy: what to do about it.
  /// - Throws: ``Failure`` `data` when variables have too many combinations of levels for exact answers.
  func requireExact(_ scope: [Int], _ remedy: String) throws {
    let cells = size(scope)
    guard cells > InterventionalSampling.mostCells else { return }
    throw Failure(
      .data,
      "the variables \(scope.map { names[$0] }.joined(separator: ", ")) have \(cells) combinations of levels, more "
        + "than the \(Int(InterventionalSampling.mostCells)) that are answered exactly; \(remedy)")
  }

  /// A variable as results name it.
  func described(_ place: Int) -> InterventionalNetwork.Variable {
    guard isCategory(place) else {
      return InterventionalNetwork.Variable(name: names[place], levels: [], values: nil, numbers: numbers[place])
    }
    let column = columns[place].category
    return InterventionalNetwork.Variable(
      name: names[place], levels: levels[place].map(column.words),
      values: column.levels == nil ? levels[place] : nil, numbers: nil)
  }
}
