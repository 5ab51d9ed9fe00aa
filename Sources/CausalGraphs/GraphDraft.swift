import Diagnostics

/// What a graph file says, before it is known to make a graph.
struct GraphDraft {
  struct Edge {
    let from: String
    let to: String
    let place: GraphPlace
  }

  /// The variables in the order in which they are mentioned.
  private(set) var names: [String] = []
  var arrows: [Edge] = []
  var confounded: [Edge] = []
  /// Those that are not observed, and where it is said.
  var latents: [String: GraphPlace] = [:]
  private var known = Set<String>()

  mutating func mention(_ name: String) {
    if known.insert(name).inserted { names.append(name) }
  }

  /// The graph of the observed variables.
  ///
  /// - Throws: ``Failure`` `data` with line and column: a cycle, a latent variable that nothing mentions, no variable.
  func graph(file: String) throws -> MixedGraph {
    for (name, place) in latents.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
      throw Failure.ofGraph(file, place, "'\(name)' is latent and has no arrow; write \(name) -> A; \(name) -> B")
    }
    let observed = names.filter { latents[$0] == nil }
    guard !observed.isEmpty else { throw Failure(.data, "\(file) names no observed variable; write A -> B") }
    if let edge = firstEdgeThatClosesACycle {
      throw Failure.ofGraph(
        file, edge.place,
        "'\(edge.from)' -> '\(edge.to)' closes a cycle: \(path(from: edge.to, to: edge.from).joined(separator: " -> "))"
          + " -> \(edge.to); causes come before their effects")
    }
    let place = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    let whole = MixedGraph(
      names: names, arrows: arrows.map { (place[$0.from]!, place[$0.to]!) },
      confounded: confounded.map { (place[$0.from]!, place[$0.to]!) })!
    return whole.projected(ontoNames: observed)
  }

  private var firstEdgeThatClosesACycle: Edge? {
    var children: [String: Set<String>] = [:]
    for edge in arrows {
      if Self.reach(from: edge.to, children).contains(edge.from) { return edge }
      children[edge.from, default: []].insert(edge.to)
    }
    return nil
  }

  private static func reach(from start: String, _ children: [String: Set<String>]) -> Set<String> {
    var (found, open) = (Set([start]), [start])
    while let name = open.popLast() {
      for next in children[name] ?? [] where found.insert(next).inserted { open.append(next) }
    }
    return found
  }

  /// The names on a shortest chain of arrows.
  private func path(from start: String, to end: String) -> [String] {
    var (before, open, index) = ([start: start], [start], 0)
    while index < open.count, before[end] == nil {
      for edge in arrows where edge.from == open[index] && before[edge.to] == nil {
        before[edge.to] = edge.from
        open.append(edge.to)
      }
      index += 1
    }
    var path = [end]
    while let last = path.last, last != start, let previous = before[last] { path.append(previous) }
    return path.reversed()
  }
}

extension MixedGraph {
  /// Reads a graph: arrows as one writes them, DOT or DAGitty.
  ///
  /// - Parameter file: what messages call it.
  /// - Throws: ``Failure`` `data` with line and column of what makes no graph.
  public init(text: String, file: String) throws {
    self = try GraphParser.draft(of: text, file: file).graph(file: file)
  }

  /// The graph of some variables that says the same about them as this one: the latent projection (Verma, 1993). What
  /// is left out hands its parents to its children, and joins those that it moves by `<->`.
  func projected(ontoNames kept: [String]) -> MixedGraph {
    var arrows = Set<[Int]>(self.arrows.map { [$0.from, $0.to] })
    var pairs = Set<Set<Int>>(confoundedPairs.map { [$0.0, $0.1] })
    for latent in order where !kept.contains(names[latent]) {
      let parents = arrows.filter { $0[1] == latent }.map { $0[0] }
      let children = arrows.filter { $0[0] == latent }.map { $0[1] }
      let siblings = pairs.filter { $0.contains(latent) }.flatMap { $0.subtracting([latent]) }
      arrows = arrows.filter { !$0.contains(latent) }
      pairs = pairs.filter { !$0.contains(latent) }
      for child in children {
        for parent in parents { arrows.insert([parent, child]) }
        for other in children + siblings where other != child { pairs.insert([child, other]) }
      }
    }
    let place = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
    func moved(_ vertex: Int) -> Int { place[names[vertex]]! }
    return MixedGraph(
      names: kept, arrows: arrows.map { (moved($0[0]), moved($0[1])) },
      confounded: pairs.map { pair in
        let both = pair.map(moved)
        return (both[0], both[1])
      })!
  }

  /// The graph as it is read: a line for every edge, in the order of the variables, and one for each variable without
  /// edges.
  public var text: String {
    func word(_ vertex: Int) -> String {
      let name = names[vertex]
      let isPlain = !name.isEmpty && name.allSatisfy { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
      return isPlain && name.lowercased() != "latent" ? name : "\"\(name)\""
    }
    let alone = vertices.sorted().filter { vertex in
      parents(of: vertex).isEmpty && children(of: vertex).isEmpty && siblings(of: vertex).isEmpty
    }
    return
      (arrows.map { "\(word($0.from)) -> \(word($0.to))" }
      + confoundedPairs.map { "\(word($0.0)) <-> \(word($0.1))" } + alone.map(word))
      .map { $0 + "\n" }.joined()
  }
}
