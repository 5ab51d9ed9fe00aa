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
    var joined = [Set<Int>](repeating: [], count: names.count)
    for component in part.confoundedComponents {
      let clique = component.union(component.flatMap { part.parents(of: $0) })
      for vertex in clique { joined[vertex].formUnion(clique) }
    }
    guard !joined[first].contains(second) else { return nil }
    let neighbours = joined.enumerated().map { vertex, others in others.filter { $0 != vertex }.sorted() }
    return VertexCut(neighbours: neighbours).smallest(between: first, and: second)
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
///
/// By flow of which each vertex lets one unit through: vertex v is entered at side 2v and left at side 2v + 1.
struct VertexCut {
  /// The neighbours of every vertex, in ascending order.
  let neighbours: [[Int]]

  /// By flow along shortest augmenting paths (Edmonds and Karp); the cut next to `first`.
  ///
  /// - Precondition: the two are not neighbours.
  func smallest(between first: Int, and second: Int) -> Set<Int> {
    // By side, the sides that take a unit from it.
    var flow = [[Int]](repeating: [], count: 2 * neighbours.count)
    let (source, target) = (2 * first + 1, 2 * second)
    while true {
      let before = search(from: source, to: target, flow)
      guard before[target] != nil else {
        return Set(
          neighbours.indices.filter { vertex in
            vertex != first && vertex != second && before[2 * vertex] != nil && before[2 * vertex + 1] == nil
          })
      }
      var side = target
      while side != source, let last = before[side] {
        if let back = flow[side].firstIndex(of: last) {
          flow[side].remove(at: back)
        } else {
          flow[last].append(side)
        }
        side = last
      }
    }
  }

  /// Of every side that more flow can reach the one before it, until the target is reached; the source is before itself.
  private func search(from source: Int, to target: Int, _ flow: [[Int]]) -> [Int?] {
    var before = [Int?](repeating: nil, count: flow.count)
    before[source] = source
    var open = [source]
    var index = 0
    while index < open.count, before[target] == nil {
      let here = open[index]
      index += 1
      func reach(_ side: Int) {
        guard before[side] == nil else { return }
        before[side] = here
        open.append(side)
      }
      let (twin, isExit) = (here ^ 1, here & 1 == 1)
      // Edges are wide; what flows can be taken back.
      if isExit {
        for other in neighbours[here / 2] { reach(2 * other) }
        if flow[twin].contains(here) { reach(twin) }
      } else {
        if !flow[here].contains(twin) { reach(twin) }
        for other in neighbours[here / 2] where flow[2 * other + 1].contains(here) { reach(2 * other + 1) }
      }
    }
    return before
  }
}
