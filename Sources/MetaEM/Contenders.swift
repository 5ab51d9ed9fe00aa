import Communication
import Frames
import Mixture

/// The starts of a fit that were carried on to convergence, best first.
public struct Contenders: Sendable {
  public let representation: Representation
  public let mixtures: [FittedMixture]

  /// How far the starts lead to one grouping of the rows: the mean over pairs of the adjusted Rand index between their
  /// likeliest groups. Collective; nil when there are fewer than two, or one group.
  ///
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  func agreement(on table: Frame) throws -> Double? {
    let rules = mixtures.map { PosteriorRule(model: $0.base, labelRule: .argmax, seed: 0) }
    guard rules.count > 1, let groups = rules.map(\.groupCount).max(), groups > 1 else { return nil }
    let pairs = rules.indices.flatMap { first in rules.indices.filter { $0 > first }.map { (first, $0) } }
    let design = Design(table: table, representation: representation)
    let cells = groups * groups
    let counts = try design.rows.sum([Double](repeating: 0, count: pairs.count * cells)) { partial, chunk in
      let labels = try rules.map { try $0(design, chunk: chunk).block.labels }
      let frequencies = try design.frequencies(ofChunk: chunk)
      for (place, pair) in pairs.enumerated() {
        for (row, (first, second)) in zip(labels[pair.0], labels[pair.1]).enumerated() {
          partial[place * cells + first * groups + second] += frequencies?[row] ?? 1
        }
      }
    }
    let indices = pairs.indices.map { place in
      let confusion = (0..<groups).map { row in
        (0..<groups).map { Int(counts[place * cells + row * groups + $0]) }
      }
      return Agreement(confusion: confusion).adjustedRandIndex
    }
    return indices.reduce(0, +) / Double(indices.count)
  }
}
