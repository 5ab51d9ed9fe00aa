/// An acyclic directed mixed graph: arrows between variables, and `a <-> b` where something that is not observed moves
/// both.
///
/// Variables are places in ``names``. A graph may lack some of them, as an induced subgraph does, and some of those it
/// has may be ``fixed``: set from outside, with no arrow into them. What depends on an order among variables takes
/// ``order``, in which arrows point forward; subgraphs keep it.
public struct MixedGraph: Sendable, Equatable {
  /// The names of all variables, in the order in which ties of ``order`` are broken.
  public let names: [String]
  /// All variables, each after those that point to it; ties go by the place in ``names``.
  public let order: [Int]
  /// The variables of the graph.
  public private(set) var vertices: Set<Int>
  /// Those of ``vertices`` that are set from outside.
  public private(set) var fixed: Set<Int> = []
  private var parentSets: [Set<Int>]
  private var childSets: [Set<Int>]
  private var siblingSets: [Set<Int>]

  /// - Parameters:
  ///   - arrows: from and to, by places in `names`.
  ///   - confounded: the pairs that something unobserved moves.
  /// - Returns: nil when the arrows close a cycle, or an edge joins a variable to itself.
  public init?(names: [String], arrows: [(from: Int, to: Int)], confounded: [(Int, Int)] = []) {
    guard arrows.allSatisfy({ $0.from != $0.to }), confounded.allSatisfy({ $0.0 != $0.1 }) else { return nil }
    var (parents, children, siblings) = (
      [Set<Int>](repeating: [], count: names.count), [Set<Int>](repeating: [], count: names.count),
      [Set<Int>](repeating: [], count: names.count)
    )
    for (from, to) in arrows {
      parents[to].insert(from)
      children[from].insert(to)
    }
    for (first, second) in confounded {
      siblings[first].insert(second)
      siblings[second].insert(first)
    }
    guard let order = Self.order(parents) else { return nil }
    self.names = names
    self.order = order
    vertices = Set(names.indices)
    (parentSets, childSets, siblingSets) = (parents, children, siblings)
  }

  /// The variables, each after its parents, the lowest first where several could come next; nil where there is a cycle.
  private static func order(_ parents: [Set<Int>]) -> [Int]? {
    var order: [Int] = []
    var placed = Set<Int>()
    while order.count < parents.count {
      guard let next = parents.indices.first(where: { !placed.contains($0) && parents[$0].isSubset(of: placed) }) else {
        return nil
      }
      order.append(next)
      placed.insert(next)
    }
    return order
  }

  // MARK: Neighbours

  public func parents(of vertex: Int) -> Set<Int> { parentSets[vertex] }
  public func children(of vertex: Int) -> Set<Int> { childSets[vertex] }
  /// Those that something unobserved moves together with the vertex.
  public func siblings(of vertex: Int) -> Set<Int> { siblingSets[vertex] }

  public func areAdjacent(_ first: Int, _ second: Int) -> Bool {
    parentSets[first].contains(second) || childSets[first].contains(second) || siblingSets[first].contains(second)
  }

  /// The pairs joined by `<->`, the lower place first, in ascending order.
  public var confoundedPairs: [(Int, Int)] {
    vertices.sorted().flatMap { vertex in siblingSets[vertex].filter { $0 > vertex }.sorted().map { (vertex, $0) } }
  }

  /// The arrows, in ascending order.
  public var arrows: [(from: Int, to: Int)] {
    vertices.sorted().flatMap { vertex in childSets[vertex].sorted().map { (vertex, $0) } }
  }

  /// Some of the variables in the order of the graph.
  public func ordered(_ subset: Set<Int>) -> [Int] { order.filter(subset.contains) }

  // MARK: Reach

  /// The variables, and all from which a chain of arrows leads to them.
  public func ancestors(of subset: Set<Int>) -> Set<Int> { reach(from: subset, parentSets) }

  /// The variables, and all to which a chain of arrows leads from them.
  public func descendants(of subset: Set<Int>) -> Set<Int> { reach(from: subset, childSets) }

  /// The classes of the variables, those that are fixed apart, that chains of `<->` join: c-components, each in the
  /// order of the graph, and in the order of their first variables (Tian and Pearl, 2002).
  public var confoundedComponents: [Set<Int>] {
    var left = vertices.subtracting(fixed)
    return order.compactMap { vertex in
      guard left.contains(vertex) else { return nil }
      let component = reach(from: [vertex], siblingSets)
      left.subtract(component)
      return component
    }
  }

  private func reach(from start: Set<Int>, _ neighbours: [Set<Int>]) -> Set<Int> {
    var (found, open) = (start, Array(start))
    while let vertex = open.popLast() {
      for next in neighbours[vertex] where found.insert(next).inserted { open.append(next) }
    }
    return found
  }

  // MARK: Parts of it

  /// The graph of these variables and the edges among them; G[S].
  public func induced(on subset: Set<Int>) -> MixedGraph {
    var graph = self
    graph.vertices.formIntersection(subset)
    graph.fixed.formIntersection(subset)
    for vertex in names.indices {
      let isKept = graph.vertices.contains(vertex)
      graph.parentSets[vertex] = isKept ? parentSets[vertex].intersection(subset) : []
      graph.childSets[vertex] = isKept ? childSets[vertex].intersection(subset) : []
      graph.siblingSets[vertex] = isKept ? siblingSets[vertex].intersection(subset) : []
    }
    return graph
  }

  /// The graph without arrows into some variables, of both kinds: what is left when they are set from outside.
  public func cuttingArrows(into subset: Set<Int>) -> MixedGraph {
    var graph = self
    for vertex in subset {
      for parent in parentSets[vertex] { graph.childSets[parent].remove(vertex) }
      for sibling in siblingSets[vertex] { graph.siblingSets[sibling].remove(vertex) }
      graph.parentSets[vertex] = []
      graph.siblingSets[vertex] = []
    }
    return graph
  }

  /// The graph without arrows out of some variables; `<->` stays.
  public func cuttingArrows(outOf subset: Set<Int>) -> MixedGraph {
    var graph = self
    for vertex in subset {
      for child in childSets[vertex] { graph.parentSets[child].remove(vertex) }
      graph.childSets[vertex] = []
    }
    return graph
  }

  /// The graph in which some variables are set from outside, besides those that are.
  public func fixing(_ subset: Set<Int>) -> MixedGraph {
    var graph = cuttingArrows(into: subset)
    graph.fixed.formUnion(subset)
    return graph
  }

  /// The graph without one of its `<->`.
  public func without(confounded first: Int, _ second: Int) -> MixedGraph {
    var graph = self
    graph.siblingSets[first].remove(second)
    graph.siblingSets[second].remove(first)
    return graph
  }

  public static func == (first: MixedGraph, second: MixedGraph) -> Bool {
    first.names == second.names && first.vertices == second.vertices && first.fixed == second.fixed
      && first.parentSets == second.parentSets && first.siblingSets == second.siblingSets
  }
}
