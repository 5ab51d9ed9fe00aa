/// Whether and how the effect of an intervention follows from a graph and data: ID-GEN (Rahman, Jordan and Kocaoglu,
/// NeurIPS 2024), the recursion of Shpitser and Pearl's ID that asks only for models of one variable given others.
///
/// The numbers of the steps are the paper's.
/// ```
/// 1  nothing is set            -> models of the outcome, one variable after the other
/// 2  not all are ancestors     -> leave the others out
/// 3  some may be set as well   -> set them; their values are free
/// 4  several c-components      -> each by itself, all else set
/// 5  one, and so is the graph  -> a hedge
/// 6  one of the graph's        -> its models
/// 7  a part of one             -> generate rows of that one, and go on in them
/// ```
public struct Identification: Sendable {
  public let query: CausalQuery
  public let graph: MixedGraph

  public init(of query: CausalQuery, in graph: MixedGraph) {
    self.query = query
    self.graph = graph
  }

  /// The models that answer.
  ///
  /// - Throws: the proof that there are none.
  public func plan() throws(Hedge) -> IdentificationPlan {
    let reduced = query.observingLeast(in: graph)
    var tables: [IdentificationPlan.GeneratedTable] = []
    let network = try models(
      of: reduced.outcome.union(reduced.given), setting: reduced.intervened, in: graph, table: 0, &tables, reduced)
    let outputs = Set(network.map(\.variable))
    let inputs = Set(network.flatMap(\.parents)).subtracting(outputs).subtracting(reduced.intervened)
    return IdentificationPlan(
      query: reduced, generated: tables,
      network: graph.order.compactMap { vertex in network.first { $0.variable == vertex } },
      freeInputs: graph.ordered(inputs))
  }

  /// The models of P(outcome | do(set)) in a graph whose law a table shows.
  ///
  /// - Parameters:
  ///   - set: what is set from outside, besides what is fixed in the graph already.
  ///   - tables: those that are generated on the way are added.
  private func models(
    of outcome: Set<Int>, setting set: Set<Int>, in graph: MixedGraph, table: Int,
    _ tables: inout [IdentificationPlan.GeneratedTable], _ asked: CausalQuery
  ) throws(Hedge) -> [IdentificationPlan.Model] {
    let free = graph.vertices.subtracting(graph.fixed)
    // 1
    if set.isEmpty { return Self.models(of: outcome, among: outcome, in: graph, table: table, tables) }
    // 2
    let ancestors = graph.ancestors(of: outcome)
    if !free.isSubset(of: ancestors) {
      return try models(
        of: outcome, setting: set.intersection(ancestors), in: graph.induced(on: ancestors.union(graph.fixed)),
        table: table, &tables, asked)
    }
    // 3
    let others = free.subtracting(set)
    let idle = others.subtracting(graph.cuttingArrows(into: set).ancestors(of: outcome))
    if !idle.isEmpty {
      return try models(of: outcome, setting: set.union(idle), in: graph, table: table, &tables, asked)
    }
    // 4
    let parts = graph.induced(on: others.union(graph.fixed)).confoundedComponents
    if parts.count > 1 {
      var found: [IdentificationPlan.Model] = []
      for part in parts {
        found += try models(of: part, setting: free.subtracting(part), in: graph, table: table, &tables, asked)
      }
      return found
    }
    // 5
    let wholes = graph.confoundedComponents
    guard wholes.count > 1, let whole = wholes.first(where: { others.isSubset(of: $0) }) else {
      throw Hedge(query: asked, larger: free, smaller: others)
    }
    // 6
    let made = Self.models(of: whole, among: free, in: graph, table: table, tables)
    if whole == others { return made }
    // 7
    tables.append(
      IdentificationPlan.GeneratedTable(models: made, drawn: graph.ordered(graph.vertices.subtracting(whole))))
    return try models(
      of: outcome, setting: set.intersection(whole), in: graph.fixing(free.subtracting(whole)), table: tables.count,
      &tables, asked)
  }

  /// The models of some variables, each given what comes before it: of the variables that count, and of those fixed.
  ///
  /// A model leaves out what the others separate from its variable, for that says nothing more. Of what is fixed, it
  /// takes all that the rows were made from, even where no value of it matters: that is what tests the graph. A fixed
  /// variable that comes later is none of them, and would close a cycle.
  private static func models(
    of subset: Set<Int>, among counted: Set<Int>, in graph: MixedGraph, table: Int,
    _ tables: [IdentificationPlan.GeneratedTable]
  ) -> [IdentificationPlan.Model] {
    let read = table == 0 ? [] : graph.fixed.intersection(tables[table - 1].models.flatMap(\.parents))
    let known = counted.union(read)
    return graph.ordered(subset).map { vertex in
      let earlier = graph.order.prefix { $0 != vertex }.filter(known.contains)
      let parents = earlier.filter { parent in
        read.contains(parent)
          || !graph.areSeparated([vertex], [parent], given: Set(earlier).subtracting([parent]))
      }
      return IdentificationPlan.Model(variable: vertex, parents: parents, table: table)
    }
  }
}
