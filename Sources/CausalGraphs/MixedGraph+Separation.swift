extension MixedGraph {
  /// Whether every path between two sets of variables is blocked by a third: m-separation, which is independence given
  /// the third in every law of the graph.
  ///
  /// A path is open when each of its variables with two arrowheads is an ancestor of `given`, or in it, and no other one
  /// is in it (Richardson, 2003). The search walks over (variable, whether an arrowhead led there), so it takes time
  /// linear in the edges.
  ///
  /// - Precondition: no two of the sets share a variable.
  public func areSeparated(_ first: Set<Int>, _ second: Set<Int>, given: Set<Int>) -> Bool {
    struct Arrival: Hashable {
      let vertex: Int
      /// nil where the walk begins.
      let byArrowhead: Bool?
    }
    let opening = ancestors(of: given)
    var open = first.map { Arrival(vertex: $0, byArrowhead: nil) }
    var seen = Set(open)
    while let here = open.popLast() {
      if second.contains(here.vertex) { return false }
      let passes = here.byArrowhead == nil || !given.contains(here.vertex)
      let passesAsCollider = here.byArrowhead == true ? opening.contains(here.vertex) : passes
      var next: [Arrival] = []
      if passes { next += children(of: here.vertex).map { Arrival(vertex: $0, byArrowhead: true) } }
      if passesAsCollider {
        next += parents(of: here.vertex).map { Arrival(vertex: $0, byArrowhead: false) }
        next += siblings(of: here.vertex).map { Arrival(vertex: $0, byArrowhead: true) }
      }
      for arrival in next where seen.insert(arrival).inserted { open.append(arrival) }
    }
    return true
  }

  /// The smallest set that separates two variables, among those that lie before them; nil where no set does.
  ///
  /// If any set does, one of their ancestors does; on these, separation is that of the undirected graph in which every
  /// c-component with its parents is a clique, and a smallest separating set a smallest cut of it (van der Zander,
  /// Liskiewicz and Textor, 2019). Of several, it is the one next to `first`.
  public func smallestSeparator(_ first: Int, _ second: Int) -> Set<Int>? {
    guard !areAdjacent(first, second) else { return nil }
    let relevant = ancestors(of: [first, second])
    let part = induced(on: relevant)
    var joined = [Int: Set<Int>]()
    for component in part.confoundedComponents {
      let clique = component.union(component.flatMap { part.parents(of: $0) })
      for vertex in clique { joined[vertex, default: []].formUnion(clique.subtracting([vertex])) }
    }
    guard joined[first]?.contains(second) != true else { return nil }
    return VertexCut(neighbours: joined).smallest(between: first, and: second)
  }

  /// What the graph says about data: for every pair without an edge that some set separates, the smallest such set.
  public var impliedIndependences: [ImpliedIndependence] {
    let places = vertices.sorted()
    return places.indices.flatMap { index in
      places[(index + 1)...].compactMap { second in
        smallestSeparator(places[index], second).map {
          ImpliedIndependence(first: places[index], second: second, given: $0.sorted())
        }
      }
    }
  }
}

/// Two variables that are independent given others, in every law of a graph.
public struct ImpliedIndependence: Sendable, Equatable {
  public let first: Int
  public let second: Int
  /// In ascending order.
  public let given: [Int]

  public init(first: Int, second: Int, given: [Int]) {
    self.first = first
    self.second = second
    self.given = given
  }
}

/// Smallest sets of vertices whose removal parts two others in an undirected graph.
struct VertexCut {
  /// The neighbours of every vertex.
  let neighbours: [Int: Set<Int>]

  /// A vertex as it is entered or left: one unit of flow may go from the one to the other.
  private struct Side: Hashable {
    let vertex: Int
    let isExit: Bool
  }

  /// By flow along shortest augmenting paths (Edmonds and Karp); the cut next to `first`.
  ///
  /// - Precondition: the two are not neighbours.
  func smallest(between first: Int, and second: Int) -> Set<Int> {
    var flow = [Side: Set<Side>]()
    let (source, target) = (Side(vertex: first, isExit: true), Side(vertex: second, isExit: false))
    while true {
      let before = search(from: source, flow)
      guard before[target] != nil else {
        let reached = Set(before.keys)
        return Set(
          neighbours.keys.filter { vertex in
            vertex != first && vertex != second && reached.contains(Side(vertex: vertex, isExit: false))
              && !reached.contains(Side(vertex: vertex, isExit: true))
          })
      }
      var side = target
      while side != source, let last = before[side] {
        if flow[side]?.contains(last) == true {
          flow[side]?.remove(last)
        } else {
          flow[last, default: []].insert(side)
        }
        side = last
      }
    }
  }

  /// The sides that more flow can reach, each with the one before it; the source is before itself.
  private func search(from source: Side, _ flow: [Side: Set<Side>]) -> [Side: Side] {
    var (before, open) = ([source: source], [source])
    var index = 0
    while index < open.count {
      let here = open[index]
      index += 1
      let twin = Side(vertex: here.vertex, isExit: !here.isExit)
      let others = (neighbours[here.vertex] ?? []).sorted().map { Side(vertex: $0, isExit: !here.isExit) }
      // Edges are wide, vertices let one unit through; what flows can be taken back.
      let next =
        here.isExit
        ? others + (flow[twin]?.contains(here) == true ? [twin] : [])
        : (flow[here]?.contains(twin) == true ? [] : [twin]) + others.filter { flow[$0]?.contains(here) == true }
      for side in next where before[side] == nil {
        before[side] = here
        open.append(side)
      }
    }
    return before
  }
}
