import Communication
import Diagnostics
import Foundation
import Frames
import LinearAlgebra
import MetaEM
import Mixture
import ModelTestSupport
import Shards
import TestSupport
import Testing

/// Rows without weight are not there, and frequencies are rows that are repeated.
@Suite struct RowsInUseTests {
  private static let kept = TestRows(rowCount: 700, covariateCount: 2, groups: 2, seed: 91)
  /// Where the kept rows lie among others.
  private static let places = (0..<700).map { 3 * $0 + $0 % 2 }

  /// The kept rows among others of weight 0, which lie far away.
  private static let subset: TestRows = {
    var rows = TestRows(rowCount: 2_100, covariateCount: 2, groups: 3, seed: 92)
    rows.covariates = rows.covariates.map { $0.map { 50 + 20 * $0 } }
    rows.weight = Array(repeating: 0, count: 2_100)
    for (index, place) in places.enumerated() {
      for j in 0..<2 { rows.covariates[j][place] = kept.covariates[j][index] }
      rows.treatment[place] = kept.treatment[index]
      rows.groups[place] = kept.groups[index]
      rows.weight![place] = 1
    }
    return rows
  }()

  private static let kinds: [Configuration] = [
    configuration(groups: 2) { _ in }, configuration(groups: 2) { $0.labels = .sampled },
    configuration(groups: 2) {
      ($0.distribution, $0.representation, $0.gaussianStart) = (.gaussian, .identity, .kmeansPlusPlus)
      $0.standardize = true
    },
    configuration(groups: 2) { ($0.distribution, $0.representation) = (.kmeans, .identity) },
    configuration(groups: 2) { $0.representation = .polynomial },
  ]

  @Test(arguments: kinds.indices, [1, 3]) func `rows of weight 0 leave the fit of the others to the bit`(
    kind: Int, ranks: Int
  ) throws {
    let plain = Self.kinds[kind]
    let weighted = Self.weighing(plain)
    let expected = try TestShards(Self.kept).result(plain)
    let shards = try TestShards(Self.subset)
    for storage in [FrameStorage.memory, .stream(windowBytes: 1 << 12)] {
      let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        var metaEM = MetaEM(weighted)
        metaEM.storage = storage
        let collection = try shards.collection()
        let result = try metaEM.train(collection, on: communicator)
        return (result, try result.writePosteriors(collection, to: shards.file(".posteriors"), force: true))
      }
      for (result, _) in results {
        #expect(try result.model.digest() == expected.model.digest())
        #expect(result.logLikelihood == expected.logLikelihood && result.criteria == expected.criteria)
        #expect(result.rowCount == 700 && result.balance == expected.balance && result.agreement == expected.agreement)
        #expect((0..<2).map(result.summary.rowCount) == (0..<2).map(expected.summary.rowCount))
        let told = try #require(result.findings.first { $0.code == .rowsWithoutWeight })
        #expect(told.count(.count) == 1_400 && told.count(.total) == 2_100)
      }
      #expect(Set(results.map(\.1)).count == 1)
      let labels = try labels(shards.file(".posteriors"))
      #expect(labels.count == 2_100)
      #expect((0..<2).map { k in Self.places.count { labels[$0] == k } } == (0..<2).map(expected.summary.rowCount))
    }
  }

  private static func weighing(_ plain: Configuration) -> Configuration {
    var weighted = plain
    weighted.weights = .sampling
    return weighted
  }

  private func labels(_ path: String) throws -> [Int] {
    let output = try python(["-c", "import h5py, sys; print(*h5py.File(sys.argv[1])['label'][:])", path]).output
    return output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
  }

  @Test func `the number of groups is chosen by rows with weight, and the sweep has their criteria`() throws {
    let (subset, kept) = (try TestShards(Self.subset), try TestShards(Self.kept))
    // The folders live as long as these.
    try withExtendedLifetime((subset, kept)) { try compareChoices(subset.collection(), kept.collection()) }
  }

  private func compareChoices(_ chosen: ShardCollection, _ plain: ShardCollection) throws {
    let unweighted = configuration(groups: 1) { $0.representation = .identity }
    let weighted = Self.weighing(unweighted)
    let expected = try MetaEM(unweighted).train(plain, groupsUpTo: 3, on: SoloCommunicator())
    let found = try MetaEM(weighted).train(chosen, groupsUpTo: 3, on: SoloCommunicator())
    #expect(found.groupCriteria.map(\.bic) == expected.groupCriteria.map(\.bic))
    #expect(found.configuration.groups == 2)
    try withTemporaryDirectory { folder in
      func cell(_ collection: ShardCollection, _ base: Configuration, _ name: String) throws -> SweepResult {
        let grid = SweepGrid(groups: [2], base: base)
        return try Sweep(grid).run(
          collection, in: folder.appendingPathComponent(name).path, on: SoloCommunicator())[0]
      }
      let subset = try cell(chosen, weighted, "subset")
      let whole = try cell(plain, unweighted, "kept")
      #expect(subset.bic == whole.bic && subset.heldOutLogLikelihood == whole.heldOutLogLikelihood)
      #expect(subset.agreement == whole.agreement && subset.rows == 700)
      #expect(subset.rowFindings.map(\.code) == [.rowsWithoutWeight])
    }
  }

  @Test(arguments: [RepresentationKind.identity, .spline]) func `frequencies are repeated rows`(
    representation: RepresentationKind
  ) throws {
    var rows = Self.kept
    rows.weight = (0..<700).map { Double($0 % 4) }
    let repeated = Self.kept.rows((0..<700).flatMap { Array(repeating: $0, count: $0 % 4) })
    let plain = configuration(groups: 2) {
      $0.representation = representation
      $0.tolerance = 1e-12
    }
    var counted = plain
    counted.weights = .frequency
    let expected = try TestShards(repeated).result(plain)
    let found = try TestShards(rows).result(counted)
    // The grid of chunks differs, and the passes end within the tolerance.
    #expect(abs(found.logLikelihood! - expected.logLikelihood!) < 1e-6)
    #expect(abs(found.criteria!.bic - expected.criteria!.bic) < 1e-6)
    #expect(abs(found.criteria!.icl - expected.criteria!.icl) < 1e-3)
    #expect(found.rowCount == 1_050 && found.design.rows.rowCount == 525)
    #expect((0..<2).map(found.summary.rowCount) == (0..<2).map(expected.summary.rowCount))
    #expect(found.agreement?.confusion == expected.agreement?.confusion)
    #expect(abs(found.balance.mmd! - expected.balance.mmd!) < 1e-6)
    #expect(found.balance.unbalanced == expected.balance.unbalanced)
  }

  @Test func `frequencies are whole numbers, and a share of them is refused with its row`() throws {
    var rows = Self.kept
    rows.weight = (0..<700).map { $0 == 45 ? 1.5 : 1 }
    let failure = try #require(try TestShards(rows).failure(configuration(groups: 2) { $0.weights = .frequency }))
    #expect(failure.exitCode == .data)
    #expect(failure.message.contains("rows.h5: row 45") && failure.message.contains("1.5"))
    #expect(failure.message.contains("--weights sampling"))
  }

  @Test func `sampling weights have no unit`() throws {
    var rows = Self.kept
    let random = CounterRandom(seed: 5, stream: .test)
    rows.weight = (0..<700).map { 0.2 + random.uniform(row: $0, draw: 0) }
    let sampling = configuration(groups: 2) { $0.weights = .sampling }
    let one = try TestShards(rows).result(sampling)
    rows.weight = rows.weight!.map { 1_000 * $0 }
    let other = try TestShards(rows).result(sampling)
    #expect(one.rowCount == 700 && other.rowCount == 700)
    #expect(abs(one.logLikelihood! - other.logLikelihood!) < 1e-6)
    #expect(abs(one.criteria!.bic - other.criteria!.bic) < 1e-6)
  }

  @Test func `rows of weight 0 in a frame are refused with their row`() throws {
    var rows = Self.kept
    rows.weight = (0..<700).map { $0 == 5 ? 0 : 1 }
    let failure = #expect(throws: Failure.self) { try MetaEM(Configuration(groups: 2)).fit(rows.table(), in: .init()) }
    #expect(failure?.message.contains("row 5") == true)
  }
}
