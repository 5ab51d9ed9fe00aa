import CausalGraphs
import LinearAlgebra

/// Rows of categories that follow a causal graph, by a law drawn at random: behind every `<->` stands a latent of three
/// levels with shares from Dirichlet(3, 3, 3), and each variable has, for every combination of its parents and latents, a
/// law from Dirichlet(.25, ..), of which a tenth is replaced by the uniform one so that every level occurs.
///
/// Every row is a pure function of (parameters, row number), whoever computes it and in whatever order.
public struct GraphSimulation: Sendable {
  public let parameters: GraphParameters
  public let graph: MixedGraph
  /// The number of levels of each variable.
  public let levels: [Int]
  /// Pr(latent), by the pairs of ``MixedGraph/confoundedPairs``.
  public let latentShares: [[Double]]
  /// The law of each variable given what moves it.
  public let tables: [Table]
  /// P(outcome | do(intervened)), a row for each combination of what is set and a column for each of the outcomes, the last
  /// variable the fastest; nil when no effect is asked for.
  public let effect: [[Double]]?

  static let latentLevels = 3
  /// The share of each law that is uniform.
  private static let uniformShare = 0.1
  /// Combinations that the truth may be a sum over.
  static let mostCombinations = 1e8

  /// The law of a variable.
  public struct Table: Sendable {
    /// The observed variables that move it, in ascending order.
    public let parents: [Int]
    /// The latents that do, in ascending order.
    public let latents: [Int]
    /// Pr(level), for every combination of parents, then latents, the last the fastest.
    public let probabilities: [[Double]]
  }

  /// - Throws: ``Failure``: `data` when the text makes no graph; `usage` when a parameter is out of range, or when tables or
  ///   the truth are too large.
  public init(_ parameters: GraphParameters) throws {
    let graph = try MixedGraph(text: parameters.graph, file: "graph")
    try parameters.validate(graph)
    let levels = graph.names.map { parameters.levels[$0] ?? 2 }
    let pairs = graph.confoundedPairs
    var random = RandomVariates(seed: parameters.seed)
    latentShares = pairs.map { _ in random.dirichlet(shape: 3, count: Self.latentLevels) }
    tables = try graph.names.indices.map { vertex in
      let parents = graph.parents(of: vertex).sorted()
      let latents = pairs.indices.filter { pairs[$0].0 == vertex || pairs[$0].1 == vertex }
      let size = latents.reduce(parents.reduce(1.0) { $0 * Double(levels[$1]) }) { size, _ in
        size * Double(Self.latentLevels)
      }
      try parameters.check(
        size * Double(levels[vertex]) <= Double(GraphParameters.mostProbabilities),
        "the law of '\(graph.names[vertex])' has \(size * Double(levels[vertex])) probabilities, for it has "
          + "\(parents.count) parents and \(latents.count) latents; draw fewer arrows, or give fewer --levels")
      let uniform = Self.uniformShare / Double(levels[vertex])
      return Table(
        parents: parents, latents: latents,
        probabilities: (0..<Int(size)).map { _ in
          random.dirichlet(shape: 0.25, count: levels[vertex]).map { (1 - Self.uniformShare) * $0 + uniform }
        })
    }
    (self.parameters, self.graph, self.levels) = (parameters, graph, levels)
    effect =
      parameters.outcome.isEmpty
      ? nil : try InterventionalTruth(graph, levels, latentShares, tables, parameters).effect()
  }

  /// The levels of all variables in a row, and of the latents.
  public func row(_ row: Int) -> (variables: [Int], latents: [Int]) {
    let random = CounterRandom(seed: parameters.seed, stream: .simulatedGraphRow)
    let latents = latentShares.indices.map {
      random.categorical(row: row, draw: graph.names.count + $0, probabilities: latentShares[$0])
    }
    var values = Array(repeating: 0, count: graph.names.count)
    for vertex in graph.order {
      values[vertex] = random.categorical(
        row: row, draw: vertex, probabilities: tables[vertex].law(values, latents, levels))
    }
    return (values, latents)
  }
}

extension GraphSimulation.Table {
  /// The law of the variable where all variables and latents have these levels.
  func law(_ values: [Int], _ latents: [Int], _ levels: [Int]) -> [Double] {
    var place = 0
    for parent in parents { place = place * levels[parent] + values[parent] }
    for latent in self.latents { place = place * GraphSimulation.latentLevels + latents[latent] }
    return probabilities[place]
  }
}

/// Variates of a law, one after the other.
private struct RandomVariates {
  private let random: CounterRandom
  private var next = 0

  init(seed: UInt64) { random = CounterRandom(seed: seed, stream: .simulatedGraphLaw) }

  /// Shares from the symmetric Dirichlet law.
  mutating func dirichlet(shape: Double, count: Int) -> [Double] {
    let draws = (0..<count).map { _ in gamma(shape: shape) }
    let sum = draws.reduce(0, +)
    // All of them can be 0 to the last bit where the shape is small.
    return sum > 0 ? draws.map { $0 / sum } : draws.map { _ in 1 / Double(count) }
  }

  /// By rejection (Marsaglia and Tsang 2000), for a shape below 1 from that of shape + 1.
  private mutating func gamma(shape: Double) -> Double {
    let row = next
    next += 1
    let boosted = shape < 1 ? shape + 1 : shape
    let d = boosted - 1 / 3.0
    let c = 1 / (9 * d).squareRoot()
    for attempt in 0... {
      let x = random.normal(row: row, draw: 2 * attempt + 1)
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      let u = random.openUniform(row: row, draw: 2 * attempt + 2)
      guard Elementary.log(u) < x * x / 2 + d * (1 - v + Elementary.log(v)) else { continue }
      let own = d * v
      guard shape < 1 else { return own }
      return own * Elementary.exp(Elementary.log(random.openUniform(row: row, draw: 0)) / shape)
    }
    preconditionFailure("rejection ends")
  }
}
