import CausalGraphs
import InterventionalSampling

/// A random law of a mixed graph of categorical variables, and what follows from it by enumeration: every combination of
/// all variables and of an unobserved one for every `<->`.
struct RandomLaw {
  let graph: MixedGraph
  let sizes: [Int]
  /// The unobserved variables: which two they move, and their laws.
  private let latents: [(pair: (Int, Int), law: [Double])]
  /// Of each variable, for every combination of its parents and the latents that move it, a law.
  private let tables: [[[Double]]]

  init(_ graph: MixedGraph, levels: ClosedRange<Int>, latentLevels: Int, _ random: inout some RandomNumberGenerator) {
    self.graph = graph
    let sizes = graph.names.map { _ in Int.random(in: levels, using: &random) }
    /// Uneven, and no level rarer than .1 / its number.
    func law(_ size: Int) -> [Double] {
      let weights = (0..<size).map { _ in Double.random(in: 0...1, using: &random) }.map { $0 * $0 * $0 + 1e-6 }
      return weights.map { 0.9 * $0 / weights.reduce(0, +) + 0.1 / Double(size) }
    }
    latents = graph.confoundedPairs.map { ($0, law(latentLevels)) }
    let latents = latents
    tables = graph.names.indices.map { vertex in
      let parents = graph.parents(of: vertex).map { sizes[$0] }.reduce(1, *)
      let moving = latents.count { $0.pair.0 == vertex || $0.pair.1 == vertex }
      return (0..<(parents * (0..<moving).reduce(1) { product, _ in product * latentLevels })).map { _ in
        law(sizes[vertex])
      }
    }
    self.sizes = sizes
  }

  /// The law of all variables when some are set: cells with another level of these have probability 0 unless `keeps`
  /// says that they count as they are, each level as if it were set.
  func law(setting set: Set<Int>) -> Factor {
    let states = sizes + latents.map(\.law.count)
    var values = [Double](repeating: 0, count: sizes.reduce(1, *))
    var levels = [Int](repeating: 0, count: states.count)
    for _ in 0..<states.reduce(1, *) {
      var probability = 1.0
      for (index, latent) in latents.enumerated() { probability *= latent.law[levels[sizes.count + index]] }
      for vertex in sizes.indices where !set.contains(vertex) {
        var row = 0
        for parent in graph.parents(of: vertex).sorted() { row = row * sizes[parent] + levels[parent] }
        for (index, latent) in latents.enumerated() where latent.pair.0 == vertex || latent.pair.1 == vertex {
          row = row * latent.law.count + levels[sizes.count + index]
        }
        probability *= tables[vertex][row][levels[vertex]]
      }
      values[sizes.indices.reduce(0) { $0 * sizes[$1] + levels[$1] }] += probability
      for place in states.indices.reversed() {
        levels[place] += 1
        if levels[place] < states[place] { break }
        levels[place] = 0
      }
    }
    return Factor(Array(sizes.indices), sizes: sizes, values: values)
  }

  /// P(outcome | do(set), given), for every level of what is set and given.
  func answer(_ query: CausalQuery) -> Factor {
    let joint = law(setting: query.intervened).marginal(on: query.intervened.union(query.outcome).union(query.given))
    return joint.combined(with: joint.summed(over: query.outcome)) { $0 / $1 }
  }
}

/// A generator that is the same everywhere: SplitMix64.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension MixedGraph {
  /// A random graph of so many variables, and a question about it.
  static func random(
    variables: Int, arrows: Double, confounded: Double, _ random: inout some RandomNumberGenerator
  ) -> MixedGraph {
    var (edges, pairs): ([(Int, Int)], [(Int, Int)]) = ([], [])
    for second in 0..<variables {
      for first in 0..<second {
        if Double.random(in: 0...1, using: &random) < arrows { edges.append((first, second)) }
        if Double.random(in: 0...1, using: &random) < confounded { pairs.append((first, second)) }
      }
    }
    return MixedGraph(names: (0..<variables).map { "V\($0)" }, arrows: edges, confounded: pairs)!
  }
}
