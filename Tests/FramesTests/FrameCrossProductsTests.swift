import Communication
import Diagnostics
import Foundation
import Frames
import LinearAlgebra
import Storage
import TestSupport
import Testing

/// Sums of products beside numpy's in long doubles, made by Fixtures/cross_products.py.
@Suite struct FrameCrossProductsTests {
  private static let rowCount = 3_100
  private static let left = (0..<3).map { ExampleValues.reals(rowCount, $0) }
  /// Vectors of two numbers.
  private static let right = (0..<2 * rowCount).map { ExampleValues.real($0, 9) }
  private static let weight = ExampleValues.reals(rowCount, 7).map { abs($0) }
  private static let levels = (0..<12).map { "level \($0)" }
  /// Level 11 has no row, and some rows have no level.
  private static let codes = (0..<rowCount).map { Int64(ExampleValues.bits($0, 5) >> 40) % 12 - 1 }

  private static func frame(
    _ communicator: any Communicator, chunkLength: Int = 1024, weighted: Bool = true
  ) throws -> Frame {
    try Frame(
      rows: DistributedRows(rowCount: rowCount, chunkLength: chunkLength, communicator: communicator),
      columns: left.enumerated().map { .real("a\($0)", .covariate, $1) } + [
        .vector("b", .proxy, right, width: 2),
        .categorical("c", .cluster, codes: codes, levels: levels, allowsMissing: true),
      ] + (weighted ? [.real("w", .weight, weight)] : []))
  }

  private static func products(_ frame: Frame) throws -> [Matrix] {
    try [frame.crossProducts(of: [0, 1, 2]), frame.crossProducts(of: [0, 1, 2], with: [3])]
      + frame.crossProducts(of: [0, 1, 2], byLevelOf: 4)
  }

  private static func expected(weighted: Bool) throws -> [[Double]] {
    let folder = try ScratchFolder()
    let writer = try HDF5File.create(folder.file("rows.h5"))
    try writer.write((0..<rowCount).flatMap { row in left.map { $0[row] } }, shape: [rowCount, 3], to: "left")
    try writer.write(right, shape: [rowCount, 2], to: "right")
    try writer.write(weighted ? weight : [Double](repeating: 1, count: rowCount), to: "weight")
    try writer.write(codes, to: "level")
    try writer.write([Int64(levels.count)], to: "levels")
    try writer.close()
    let script = packageDirectory.appendingPathComponent("Tests/FramesTests/Fixtures/cross_products.py").path
    return try pythonOutput([script, folder.file("rows.h5")]).split(separator: "\n").map {
      $0.split(separator: " ").map { Double($0)! }
    }
  }

  @Test(arguments: [true, false], [1024, 16, 2])
  func `products agree with numpy and have the same bits on 1, 2, 3 and 8 ranks`(
    weighted: Bool, chunkLength: Int
  ) throws {
    let expected = try Self.expected(weighted: weighted)
    var reference: [Matrix]?
    for ranks in [1, 2, 3, 8] {
      let results = try LoopbackCommunicator.run(ranks: ranks) {
        try Self.products(Self.frame($0, chunkLength: chunkLength, weighted: weighted))
      }
      reference = reference ?? results[0]
      #expect(results.allSatisfy { $0 == reference })
    }
    #expect(reference!.count == expected.count)
    for (matrix, expected) in zip(reference!, expected) {
      // A sum of n products below 1 has a rounding error of at most n^2 / 2 units, and of about √n in truth.
      #expect(zip(matrix.values, expected).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($1)) })
      #expect(matrix.values.count == expected.count)
    }
    #expect(reference!.last!.values.allSatisfy { $0 == 0 })
  }

  @Test func `columns in another order give the same numbers in another order`() throws {
    let frame = try Self.frame(SoloCommunicator())
    let (one, two) = try (frame.crossProducts(of: [0, 1, 2]), frame.crossProducts(of: [2, 0, 1]))
    let places = [0, 3, 1, 2]
    for i in 0..<4 { for j in 0..<4 { #expect(abs(two[i, j] - one[places[i], places[j]]) < 1e-12) } }
    let (left, right) = try (frame.crossProducts(of: [0, 1], with: [2]), frame.crossProducts(of: [2], with: [1, 0]))
    #expect(abs(left[0, 0] - right[0, 1]) < 1e-12 && abs(left[1, 0] - right[0, 0]) < 1e-12)
    #expect(abs(left[0, 0] - one[1, 3]) < 1e-12)
  }

  @Test func `a missing value ends the sum with its column and row`() throws {
    let frame = try Frame(
      rows: DistributedRows(rowCount: 3, communicator: SoloCommunicator()),
      columns: [.real("a", .covariate, [1, 2, 3]), .real("b", .proxy, [1, .nan, 3], allowsMissing: true)])
    #expect(try frame.crossProducts(of: [0])[1, 1] == 14)
    let failure = #expect(throws: Failure.self) { try frame.crossProducts(of: [0], with: [1]) }
    #expect(failure?.message.hasPrefix("column 'b' is missing in row 1 (counted from 0)") == true)
  }
}
