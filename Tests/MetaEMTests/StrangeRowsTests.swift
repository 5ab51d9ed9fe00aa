import Diagnostics
import Foundation
import LinearAlgebra
import MetaEM
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// What fits say of rows that no model of theirs describes.
@Suite struct StrangeRowsTests {
  private static let rows = TestRows(rowCount: 900, covariateCount: 2, groups: 2, seed: 81)

  private static func finding(_ code: Finding.Code, _ result: MetaEM.Result) throws -> Finding {
    try #require(result.findings.first { $0.code == code })
  }

  @Test(arguments: [1, 3]) func `a group of one row is named with its row and the value`(ranks: Int) throws {
    var rows = Self.rows
    rows.treatment[17] = 9999
    let shards = try TestShards(rows)
    let kmeans = configuration(groups: 2) {
      $0.distribution = .kmeans
      $0.representation = .identity
    }
    for (result, _) in try shards.train(kmeans, ranks: ranks) {
      let far = try Self.finding(.farValue, result)
      #expect(far.count(.row) == 17 && far.number(.value) == 9999 && far.name(.column) == "t")
      #expect(far.name(.file).hasSuffix("rows.h5") && far.count(.fileRow) == 17)
      #expect(try Self.finding(.groupOfFewRows, result).counts(.memberRows) == [17])
    }
    let failure = try #require(
      try shards.failure(
        configuration(groups: 2) {
          $0.distribution = .gaussian
          $0.representation = .identity
        }))
    #expect(failure.exitCode == .data)
    #expect(failure.message.contains("column 't' is 9999 in row 17"))
    #expect(!failure.message.contains("fewer groups"))
  }

  @Test func `a group of equal treatments is named`() throws {
    var rows = Self.rows
    for row in 0..<60 { rows.treatment[15 * row + 1] = -999 }
    let result = try TestShards(rows).result(
      configuration(groups: 2) {
        $0.distribution = .kmeans
        $0.representation = .identity
      })
    let group = try Self.finding(.groupOfOneTreatment, result)
    #expect(
      group.number(.value) == -999 && group.count(.count) == 60 && group.counts(.memberRows) == [1, 16, 31, 46, 61])
  }

  @Test func `treatments of few values, and heaped ones, are told with their numbers`() throws {
    var few = Self.rows
    few.treatment = few.treatment.map { max(-2, min(2, $0.rounded())) }
    let told = try Self.finding(.fewTreatmentValues, TestShards(few).result(Configuration(groups: 2)))
    #expect(told.count(.distinct) == 5 && told.count(.total) == 900)
    #expect(told.count(.count) == few.treatment.count { $0 == told.number(.value) })
    var heaped = Self.rows
    for row in 0..<300 { heaped.treatment[3 * row] = 0.5 }
    let heap = try Self.finding(.heapedTreatment, TestShards(heaped).result(Configuration(groups: 2)))
    #expect(heap.number(.value) == 0.5 && heap.count(.count) == 300 && heap.values[.distinct] == nil)
    #expect(try TestShards(Self.rows).result(Configuration(groups: 2)).findings.isEmpty)
  }

  /// A group on the rows with x0 = 0 has a likelihood without bound, but for covariances that are spherical or shared.
  @Test(arguments: CovarianceShape.allCases) func `mass at a point wins by no singular covariance`(
    shape: CovarianceShape
  ) throws {
    var rows = Self.rows
    for row in 0..<900 where row % 5 < 2 { rows.covariates[0][row] = 0 }
    let gaussian = configuration(groups: 2) {
      $0.distribution = .gaussian
      $0.representation = .identity
      $0.covariance = shape
    }
    let shards = try TestShards(rows)
    do {
      let result = try shards.result(gaussian)
      let mass = try Self.finding(.massAtPoint, result)
      #expect(mass.names(.names) == ["x0"] && mass.counts(.counts) == [360])
      guard case .gaussian(let mixture) = result.model.mixture else { throw OtherMixture() }
      for covariance in mixture.covariances { #expect(covariance[0, 0] > 0.01) }
    } catch let failure as Failure {
      #expect([.full, .diagonal].contains(shape) && failure.message.contains("x0 has one value in 360 of 900 rows"))
      #expect(failure.message.contains("--distribution regression"))
    }
    // Regressions of t take no law of x.
    #expect(try shards.result(Configuration(groups: 2)).findings.allSatisfy { $0.code != .massAtPoint })
  }

  private struct OtherMixture: Error {}
}
