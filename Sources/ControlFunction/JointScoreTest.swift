import LinearAlgebra
import Mixture

/// Score tests of parameters that a joint mixture lacks being 0, at its maximum without them (Rao 1948), with the
/// variance of a sandwich (White 1982).
///
/// With u the scores of those parameters, s those of the model and A the information of both, it is U'V⁻¹U for
/// U = Σ w (u - C s), C = A_us A_ss⁻¹, and V = Σ v (u - C s)(u - C s)', v = w² or, of frequencies, w. With
/// clusters V is the sum over them of squares of the sums of w (u - C s).
public struct JointScoreTest: Sendable, Equatable {
  public let statistic: Double
  public let degreesOfFreedom: Int
}

/// What score tests of one larger model read of the rows.
struct ScoreSums {
  let gradient: [Double]
  let squared: Matrix
  let information: Matrix

  /// A pass over the rows. Collective.
  ///
  /// - Parameter parameters: those of the model, and others that are 0 there.
  init(_ model: JointMixture, _ parameters: JointParameters, on design: Design, clusters: RowClusters?) throws {
    let scores = try design.scores(of: model, parameters, clusters: clusters)
    information = scores.information
    (gradient, squared) = (scores.gradient, scores.meat)
  }

  /// The parameters but some.
  func others(than excluded: [Int]) -> [Int] {
    let excluded = Set(excluded)
    return gradient.indices.filter { !excluded.contains($0) }
  }

  /// C = A_us A_ss⁻¹.
  func projection(of tested: [Int], on own: [Int]) throws -> Matrix {
    let factor = try Cholesky(information.selecting(rows: own, columns: own), tolerance: 0)
    return factor.solve(information.selecting(rows: own, columns: tested)).transposed
  }

  /// - Parameter own: the parameters of the model.
  func test(of tested: [Int], in own: [Int]) throws -> JointScoreTest {
    let projection = try projection(of: tested, on: own)
    let crossed = projection * squared.selecting(rows: own, columns: tested)
    let variance =
      squared.selecting(rows: tested, columns: tested) - crossed - crossed.transposed
      + projection * squared.selecting(rows: own, columns: own) * projection.transposed
    let explained = projection * own.map { gradient[$0] }
    let score = tested.indices.map { gradient[tested[$0]] - explained[$0] }
    return JointScoreTest(statistic: score.dot(try Cholesky(variance).solve(score)), degreesOfFreedom: tested.count)
  }
}
