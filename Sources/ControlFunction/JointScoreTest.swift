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

  /// Of groups moving the outcome by more than their treatment does: shifts δ_k'ρ of group k = 1 …, on the first columns
  /// of ρ.
  ///
  /// On all columns one direction cannot be told from another linear effect of t, δ_k = c (β_k - β_0), so the shift that
  /// has most of it is left out. An effect of t that differs by group shows there too. Shifts that the model has already,
  /// δ_k, are not tested.
  ///
  /// - Parameter columns: 1 for constant shifts; all of ρ unless told.
  /// - Throws: ``NotPositiveDefinite`` when the information of the model is not; on all ranks the same ``Failure`` when a
  ///   pass fails.
  public static func exclusion(
    of model: JointMixture, columns: Int? = nil, on design: Design, clusters: RowClusters? = nil
  ) throws -> JointScoreTest {
    let parameters = JointParameters(model, shiftColumns: columns ?? model.selectionCount)
    let shifts = (1..<model.groupCount).flatMap { parameters.shifts($0).dropFirst(model.hasFreeShifts ? 1 : 0) }
    let leftOut = parameters.shiftColumns == model.selectionCount ? untestable(shifts, model, parameters) : nil
    return try ScoreSums(model, parameters, on: design, clusters: clusters)
      .test(of: shifts.filter { $0 != leftOut }, ignoring: leftOut.map { [$0] } ?? [])
  }

  /// The score test of the outcome bending with V, by κ2_k.
  ///
  /// - Throws: as ``exclusion(of:columns:on:)``.
  public static func bends(of model: JointMixture, on design: Design, clusters: RowClusters? = nil) throws
    -> JointScoreTest
  {
    var larger = model
    larger.bends = Array(repeating: 0, count: model.groupCount)
    let parameters = JointParameters(larger)
    return try ScoreSums(larger, parameters, on: design, clusters: clusters).test(of: Array(parameters.bends))
  }

  /// The score tests of the coefficient of V varying with some of the columns of `interactions`, without the others.
  ///
  /// - Parameters:
  ///   - blocks: the columns that are tested together, by their places.
  ///   - design: with the columns of `interactions`.
  /// - Throws: as ``exclusion(of:columns:on:)``.
  public static func interactions(
    _ interactions: ControlInteractions, blocks: [[Int]], of model: JointMixture, on design: Design,
    clusters: RowClusters? = nil
  ) throws -> [JointScoreTest] {
    var larger = model
    larger.interactions = interactions
    let parameters = JointParameters(larger)
    let sums = try ScoreSums(larger, parameters, on: design, clusters: clusters)
    let all = Array(parameters.interactions)
    return try blocks.map { block in
      try sums.test(
        of: block.map { all[$0] }, ignoring: all.indices.filter { !block.contains($0) }.map { all[$0] })
    }
  }

  /// The score test of shares depending on x: of ω_k but for its constant, k = 1 ….
  ///
  /// - Throws: as ``exclusion(of:columns:on:)``.
  public static func concomitants(of model: JointMixture, on design: Design, clusters: RowClusters? = nil) throws
    -> JointScoreTest
  {
    var larger = model
    larger.concomitants = model.constantLogShares
    let parameters = JointParameters(larger)
    return try ScoreSums(larger, parameters, on: design, clusters: clusters).test(of: parameters.shareSlopes)
  }

  /// The shift of the column whose coefficient in t differs most between the shift's group and the first.
  private static func untestable(_ shifts: [Int], _ model: JointMixture, _ parameters: JointParameters) -> Int? {
    let beta = model.selectionCoefficients
    func difference(_ shift: Int) -> Double {
      let position = shift - parameters.shifts(1).lowerBound
      let (group, column) = (1 + position / model.selectionCount, position % model.selectionCount)
      return abs(beta[group][column] - beta[0][column])
    }
    return shifts.max { difference($0) < difference($1) }
  }
}

/// What score tests of one larger model read of the rows.
private struct ScoreSums {
  private let gradient: [Double]
  private let squared: Matrix
  private let information: Matrix

  /// Two passes over the rows. Collective.
  init(_ model: JointMixture, _ parameters: JointParameters, on design: Design, clusters: RowClusters?) throws {
    let scores = try design.scores(of: model, parameters, clusters: clusters)
    information = JointCovariance.information(model, try design.statistics(of: [model])[0], scores)
    (gradient, squared) = (scores.gradient, scores.meat)
  }

  /// - Parameter ignored: parameters that are neither tested nor of the model.
  func test(of tested: [Int], ignoring ignored: [Int] = []) throws -> JointScoreTest {
    let others = Set(tested + ignored)
    let own = gradient.indices.filter { !others.contains($0) }
    let factor = try Cholesky(information.selecting(rows: own, columns: own), tolerance: 0)
    let projection = factor.solve(information.selecting(rows: own, columns: tested)).transposed
    let crossed = projection * squared.selecting(rows: own, columns: tested)
    let variance =
      squared.selecting(rows: tested, columns: tested) - crossed - crossed.transposed
      + projection * squared.selecting(rows: own, columns: own) * projection.transposed
    let explained = projection * own.map { gradient[$0] }
    let score = tested.indices.map { gradient[tested[$0]] - explained[$0] }
    return JointScoreTest(statistic: score.dot(try Cholesky(variance).solve(score)), degreesOfFreedom: tested.count)
  }
}
