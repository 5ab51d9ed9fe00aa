/// How P(outcome | do(intervened), given) is made of laws that data show: models of one variable given others, each
/// learned on the data or on rows that models have generated before.
public struct IdentificationPlan: Sendable, Equatable {
  /// A law of one variable given others, to be learned on a table.
  public struct Model: Sendable, Equatable {
    public let variable: Int
    /// In the order of the graph; all of them come before the variable.
    public let parents: [Int]
    /// 0 for the data, else one more than the place in ``IdentificationPlan/generated``.
    public let table: Int

    package init(variable: Int, parents: [Int], table: Int) {
      self.variable = variable
      self.parents = parents
      self.table = table
    }
  }

  /// Rows that are generated: some variables drawn from any law that leaves out no value, others by models in turn.
  public struct GeneratedTable: Sendable, Equatable {
    /// The variables that models generate, in order.
    public let models: [Model]
    /// The variables that are drawn independently of all else, in the order of the graph.
    public let drawn: [Int]

    package init(models: [Model], drawn: [Int]) {
      self.models = models
      self.drawn = drawn
    }
  }

  /// The question that is answered: with ``CausalQuery/given`` moved to what is set wherever that is the same.
  public let query: CausalQuery
  /// The tables that are generated, in the order in which they can be.
  public let generated: [GeneratedTable]
  /// The models that answer, in the order of the graph: what is set and what models before have given goes in.
  public let network: [Model]
  /// What models read that is neither set nor given by a model before, in the order of the graph: any value will do, and
  /// whether it does tests the graph.
  public let freeInputs: [Int]

  package init(query: CausalQuery, generated: [GeneratedTable], network: [Model], freeInputs: [Int]) {
    self.query = query
    self.generated = generated
    self.network = network
    self.freeInputs = freeInputs
  }

  /// The same answer with what is seen among what is set: rows of the answer are generated for values of what is set, and
  /// of the outcome models are learned on these, each given what is set, seen, and asked about before.
  ///
  /// Where what is seen takes few values, rows can be drawn until they have it, and this is not needed.
  public func learningGiven() -> IdentificationPlan {
    let drawn = query.intervened.union(freeInputs).sorted()
    let known = query.intervened.union(query.given).sorted()
    var outcome: [Model] = []
    for model in network where query.outcome.contains(model.variable) {
      outcome.append(
        Model(
          variable: model.variable, parents: (known + outcome.map(\.variable)).sorted(), table: generated.count + 1))
    }
    return IdentificationPlan(
      query: CausalQuery(intervened: query.intervened.union(query.given), outcome: query.outcome, given: []),
      generated: generated + [GeneratedTable(models: network, drawn: drawn)], network: outcome, freeInputs: [])
  }
}

/// A proof that a question cannot be answered from any data of a graph: two sets of variables such that two models agree
/// on all that can be seen and differ on what is asked (Shpitser and Pearl, 2006).
public struct Hedge: Error, Sendable, Equatable {
  /// The question, as in ``IdentificationPlan/query``; what stood under ``CausalQuery/given`` belongs to the outcome.
  public let query: CausalQuery
  /// F: connected by `<->`, and meets what is set.
  public let larger: Set<Int>
  /// F': within F, connected by `<->`, and without what is set.
  public let smaller: Set<Int>

  public init(query: CausalQuery, larger: Set<Int>, smaller: Set<Int>) {
    self.query = query
    self.larger = larger
    self.smaller = smaller
  }

  /// The members of F' without a child in F'.
  public func roots(in graph: MixedGraph) -> Set<Int> {
    let part = graph.induced(on: smaller)
    return smaller.filter { part.children(of: $0).isEmpty }
  }

  /// Whether it is a proof, by the definition and without regard to how it was found: F' lies properly in F; both are
  /// connected by `<->` within themselves; each member is an ancestor of the roots within its set; F meets what is set and
  /// F' does not; the roots are ancestors of the outcome where arrows into what is set are cut.
  public func isValid(in graph: MixedGraph) -> Bool {
    let roots = roots(in: graph)
    let reaching = graph.cuttingArrows(into: query.intervened).ancestors(of: query.outcome.union(query.given))
    return smaller.isStrictSubset(of: larger) && !larger.isDisjoint(with: query.intervened)
      && smaller.isDisjoint(with: query.intervened) && !roots.isEmpty && roots.isSubset(of: reaching)
      && [larger, smaller].allSatisfy { set in
        let part = graph.induced(on: set)
        return part.confoundedComponents.count == 1 && part.ancestors(of: roots) == set
      }
  }

  /// The pairs whose `<->` alone stands in the way: without one of them the question would have an answer.
  public func wouldIdentify(_ asked: CausalQuery, in graph: MixedGraph) -> [(Int, Int)] {
    graph.confoundedPairs.filter { first, second in
      (try? Identification(of: asked, in: graph.without(confounded: first, second)).plan()) != nil
    }
  }
}
