/// What is asked of a graph: the law of some variables when others are set from outside, perhaps among units in which
/// further ones have been seen; P(outcome | do(intervened), given).
public struct CausalQuery: Sendable, Equatable {
  public var intervened: Set<Int>
  public var outcome: Set<Int>
  public var given: Set<Int>

  /// - Precondition: no two of the sets share a variable, and there is an outcome.
  public init(intervened: Set<Int>, outcome: Set<Int>, given: Set<Int> = []) {
    precondition(!outcome.isEmpty, "a query has an outcome")
    precondition(
      intervened.isDisjoint(with: outcome) && intervened.isDisjoint(with: given) && outcome.isDisjoint(with: given),
      "a variable has one part in a query")
    self.intervened = intervened
    self.outcome = outcome
    self.given = given
  }

  /// The same question with as many observed variables as can be taken for set ones: rule 2 of the do-calculus, by which
  /// z moves when it is separated from the outcome, given all else, in the graph without arrows into what is set and out
  /// of z (Shpitser and Pearl, UAI 2006). P(y | do(x), z) of what is left is identified when P(y, z | do(x)) is.
  public func observingLeast(in graph: MixedGraph) -> CausalQuery {
    var query = self
    while let moved = query.given.sorted().first(where: { query.mayIntervene(on: $0, in: graph) }) {
      query.given.remove(moved)
      query.intervened.insert(moved)
    }
    return query
  }

  private func mayIntervene(on vertex: Int, in graph: MixedGraph) -> Bool {
    graph.cuttingArrows(into: intervened).cuttingArrows(outOf: [vertex])
      .areSeparated([vertex], outcome, given: intervened.union(given).subtracting([vertex]))
  }
}
