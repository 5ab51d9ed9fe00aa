import CausalGraphs
import LinearAlgebra
import Statistics

/// An independence that a graph implies, tested on rows.
public struct IndependenceTest: Sendable, Equatable {
  public let claim: ImpliedIndependence
  /// The likelihood ratio G² = 2 Σ n log(n n_given / (n_first n_second)) against χ², with (levels - 1)(levels - 1) degrees
  /// of freedom for every combination of the given that has rows, levels counted among these rows; nil where none is left.
  public let test: ChiSquareTest?
  /// The p-value corrected for all tests of the graph (Holm, 1979).
  public let adjusted: Double?

  /// The tests of several claims, each with the counts of its variables.
  static func tests(_ claims: [(claim: ImpliedIndependence, counts: Factor)]) -> [IndependenceTest] {
    let tests = claims.map { likelihoodRatio($0.claim, $0.counts) }
    let adjusted = MultipleTesting.holm.adjusted(tests.compactMap { $0?.pValue })
    var next = adjusted.makeIterator()
    return zip(claims, tests).map { entry, test in
      IndependenceTest(claim: entry.claim, test: test, adjusted: test == nil ? nil : next.next())
    }
  }

  private static func likelihoodRatio(_ claim: ImpliedIndependence, _ counts: Factor) -> ChiSquareTest? {
    let (first, second) = (
      counts.marginal(on: claim.given + [claim.first]), counts.marginal(on: claim.given + [claim.second])
    )
    let given = counts.marginal(on: claim.given)
    let expected = (first * second).combined(with: given) { $1 > 0 ? $0 / $1 : 0 }
    let terms = counts.combined(with: expected) { $0 > 0 ? $0 * Elementary.log($0 / $1) : 0 }
    func occurring(_ factor: Factor) -> Factor {
      var indicator = factor
      indicator.values = factor.values.map { $0 > 0 ? 1 : 0 }
      return indicator.marginal(on: claim.given)
    }
    let freedom = occurring(first).combined(with: occurring(second)) { max(0, $0 - 1) * max(0, $1 - 1) }
    let degrees = Int(freedom.values.reduce(0, +))
    guard degrees > 0 else { return nil }
    return ChiSquareTest(statistic: max(0, 2 * terms.values.reduce(0, +)), degreesOfFreedom: degrees)
  }
}
