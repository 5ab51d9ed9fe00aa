import CausalGraphs
import Testing

/// Separation by its definition: every path is walked, in every graph of the file of verdicts.
@Suite struct SeparationTests {
  /// Whether some path between the two is open: no vertex twice, each one with two arrowheads an ancestor of `given`,
  /// each other one outside it.
  private func hasOpenPath(_ graph: MixedGraph, _ first: Int, _ second: Int, given: Set<Int>) -> Bool {
    /// The ways on from a vertex: where to, whether an arrowhead lies here, and whether one lies there.
    func edges(_ vertex: Int) -> [(to: Int, here: Bool, there: Bool)] {
      graph.children(of: vertex).map { ($0, false, true) } + graph.parents(of: vertex).map { ($0, true, false) }
        + graph.siblings(of: vertex).map { ($0, true, true) }
    }
    let opening = graph.ancestors(of: given)
    func walk(_ vertex: Int, cameByHead: Bool, _ path: Set<Int>) -> Bool {
      if vertex == second { return true }
      return edges(vertex).contains { edge in
        let isOpen = cameByHead && edge.here ? opening.contains(vertex) : !given.contains(vertex)
        return isOpen && !path.contains(edge.to)
          && walk(edge.to, cameByHead: edge.there, path.union([edge.to]))
      }
    }
    return edges(first).contains { walk($0.to, cameByHead: $0.there, [first, $0.to]) }
  }

  private func subsets(of places: [Int]) -> [Set<Int>] {
    (0..<(1 << places.count)).map { bits in Set(places.indices.filter { bits & (1 << $0) != 0 }.map { places[$0] }) }
  }

  @Test func `separation is what a walk over all paths says`() {
    var (open, closed) = (0, 0)
    for verdict in Verdict.all.prefix(120) {
      let vertices = verdict.graph.vertices.sorted()
      for first in vertices {
        for second in vertices where second > first {
          for given in subsets(of: vertices.filter { $0 != first && $0 != second }.prefix(4).map(\.self)) {
            let isOpen = hasOpenPath(verdict.graph, first, second, given: given)
            if isOpen { open += 1 } else { closed += 1 }
            #expect(verdict.graph.areSeparated([first], [second], given: given) == !isOpen, "\(verdict)")
            #expect(verdict.graph.areSeparated([second], [first], given: given) == !isOpen, "\(verdict)")
          }
        }
      }
    }
    #expect(open > 1000 && closed > 500)
  }

  @Test func `implied independences condition on a smallest set that separates`() {
    var found = 0
    for verdict in Verdict.all.prefix(150) {
      let graph = verdict.graph
      let vertices = graph.vertices.sorted()
      let implied = graph.impliedIndependences
      for first in vertices {
        for second in vertices where second > first {
          let separators =
            graph.areAdjacent(first, second)
            ? []
            : subsets(of: vertices.filter { $0 != first && $0 != second })
              .filter { graph.areSeparated([first], [second], given: $0) }
          let claim = implied.first { $0.first == first && $0.second == second }
          #expect(claim?.given.count == separators.map(\.count).min(), "\(verdict)")
          if let claim {
            found += 1
            #expect(separators.contains(Set(claim.given)), "\(verdict)")
          }
        }
      }
    }
    #expect(found > 300)
  }

  @Test func `parts and reach of a graph`() throws {
    let graph = try MixedGraph(text: "A -> B -> C -> D; B <-> D; A <-> C", file: "g")
    #expect(graph.confoundedComponents == [[0, 2], [1, 3]])
    #expect(graph.ancestors(of: [2]) == [0, 1, 2] && graph.descendants(of: [1]) == [1, 2, 3])
    #expect(graph.cuttingArrows(into: [2]).text == "A -> B\nC -> D\nB <-> D\n")
    #expect(graph.cuttingArrows(outOf: [2]).text == "A -> B\nB -> C\nA <-> C\nB <-> D\n")
    #expect(graph.induced(on: [1, 2, 3]).text == "B -> C\nC -> D\nB <-> D\n")
    #expect(graph.fixing([0]).fixed == [0] && graph.fixing([0]).confoundedComponents == [[1, 3], [2]])
    #expect(graph.ordered([3, 0, 2]) == [0, 2, 3])
    #expect(MixedGraph(names: ["A", "B"], arrows: [(0, 1), (1, 0)]) == nil)
  }
}
