import CausalGraphs
import Frames
import LinearAlgebra
import Statistics

/// An independence that a graph implies, tested on rows.
public struct IndependenceTest: Sendable, Equatable {
  public enum Statistic: String, Sendable, Codable {
    /// G² = 2 Σ n log(n n_given / (n_first n_second)) against χ², with (levels - 1)(levels - 1) degrees of freedom for every
    /// combination of the given that has rows, levels counted among these rows.
    case likelihoodRatio = "G2"
    /// That of ``ResidualCovariance``, where some of the variables are numbers.
    case residualCovariance = "residual covariance"
  }

  public let claim: ImpliedIndependence
  public let statistic: Statistic
  /// nil where there is nothing to test.
  public let test: ChiSquareTest?
  /// The p-value corrected for all tests of the graph (Holm, 1979).
  public let adjusted: Double?

  /// Whether the rows contradict it, at .05.
  public var isRejected: Bool { (adjusted ?? 1) < InterventionalResult.contradictionLevel }

  /// The claims of a graph that counts test: those about categories with few enough combinations of levels.
  static func counted(_ graph: MixedGraph, _ variables: GraphVariables) -> [ImpliedIndependence] {
    graph.impliedIndependences.filter { claim in
      claim.scope.allSatisfy(variables.isCategory)
        && variables.size(claim.scope) <= InterventionalSampling.mostCells / 100
    }
  }

  /// The tests of all claims of a graph. Collective; two passes for each claim about numbers.
  ///
  /// - Parameter counts: of the claims that are ``counted(_:_:)``.
  static func tests(
    _ graph: MixedGraph, _ variables: GraphVariables, _ frame: Frame, counts: [Factor]
  ) throws -> [IndependenceTest] {
    let ratios = zip(counted(graph, variables), counts).map { ($0, Statistic.likelihoodRatio, likelihoodRatio($0, $1)) }
    let others = graph.impliedIndependences.filter { !$0.scope.allSatisfy(variables.isCategory) }
    guard !others.isEmpty else { return corrected(ratios) }
    let measure = try ResidualCovariance(variables, frame)
    return corrected(ratios + (try others.map { ($0, .residualCovariance, try measure.test($0)) }))
  }

  private static func corrected(
    _ tests: [(claim: ImpliedIndependence, statistic: Statistic, test: ChiSquareTest?)]
  ) -> [IndependenceTest] {
    var next = MultipleTesting.holm.adjusted(tests.compactMap { $0.test?.pValue }).makeIterator()
    return tests.map {
      IndependenceTest(
        claim: $0.claim, statistic: $0.statistic, test: $0.test, adjusted: $0.test == nil ? nil : next.next())
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
