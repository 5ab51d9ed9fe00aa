import Communication
import LinearAlgebra

// Posteriors add up to 1, so the Gram matrices of the groups add up to that of all rows, which no pass changes: G_k of one
// group is what the others leave, G - Σ_{j≠k} G_j, and a pass sums K - 1 matrices. That is of the largest group, whose
// entries are of the size of G's: they round like ε G, as sums over the rows do, where those of a small group would
// cancel.
extension SufficientStatistics {
  /// The least share of the square sum of a column over all rows that a group must have for the difference to be taken:
  /// its own then has eleven digits and more.
  static let leastDifference = 1e-4

  /// Sets Σ γ c c' of a group that was left out to what the others leave of the sums over all rows.
  mutating func complete(_ group: Int, from pooled: SufficientStatistics) {
    for (entry, whole) in pooled.grams.row(0).enumerated() {
      var rest = pooled.summands[whole]
      for k in 0..<groupCount where k != group { rest -= summands[grams[k, entry]] }
      summands[grams[group, entry]] = rest
    }
  }

  /// Whether the square sum of every column in a group is no small difference.
  func isPrecise(_ group: Int, from pooled: SufficientStatistics) -> Bool {
    let (own, all) = (gram(group), pooled.gram(0))
    return (0..<columnCount).allSatisfy { own[$0, $0] >= Self.leastDifference * all[$0, $0] }
  }

  /// Takes Σ γ c c' of a group from other statistics of the same model.
  mutating func replace(_ group: Int, from other: SufficientStatistics) {
    let places = grams.row(group)
    summands.replaceSubrange(places, with: other.summands[places])
  }
}

extension Design {
  /// One pass, as ``statistics(of:)``, with the Gram matrix of each model's largest group as a difference. Where that is a
  /// small one another pass sums it; with errors of a t law, or columns of the groups' own, all matrices are summed.
  ///
  /// Needs ``pooledStatistics()``, which take a pass when they were not asked for before.
  public func statisticsByDifference(of models: [some MixtureModel]) throws -> [SufficientStatistics] {
    try statisticsByDifference(of: models, keepingIn: nil)
  }

  /// - Parameter store: takes the weights of groups of the models that it was made for.
  package func statisticsByDifference(
    of models: [some MixtureModel], keepingIn store: PosteriorStore?
  ) throws -> [SufficientStatistics] {
    let pooled = try pooledStatistics()
    // Posteriors times precisions of a t law do not add up to 1, and columns times u differ by group.
    let largest = models.map { model in
      let forms = model.forms
      return forms.errors == nil && forms.rowTerms?.pulls == nil ? model.largestGroup : nil
    }
    var result = try statistics(
      of: models,
      summing: zip(models, largest).map { model, group in
        group.map { [0..<$0, $0 + 1..<model.groupCount] }
      }, keepingIn: store)
    var small: [(index: Int, group: Int)] = []
    for (index, group) in largest.enumerated() {
      guard let group else { continue }
      result[index].complete(group, from: pooled)
      if !result[index].isPrecise(group, from: pooled) { small.append((index, group)) }
    }
    guard !small.isEmpty else { return result }
    let summed = try statistics(
      of: small.map { models[$0.index] }, summing: small.map { [$0.group..<$0.group + 1] })
    for ((index, group), statistics) in zip(small, summed) { result[index].replace(group, from: statistics) }
    return result
  }
}

extension MixtureModel {
  /// The group of the largest share, the first of equals.
  fileprivate var largestGroup: Int? {
    mixingWeights.indices.max { (mixingWeights[$0], -$0) < (mixingWeights[$1], -$1) }
  }
}
