import Communication
import Diagnostics
import Foundation
import Frames
import LinearAlgebra
import MetaEM
import ModelTestSupport
import TestSupport
import Testing

/// Values far from all others: slips and marks are found, and laws with long tails have none.
@Suite struct FarValueTests {
  private static func far(_ values: [Double]) throws -> [FarValue] {
    let frame = try Frame(
      rows: DistributedRows(rowCount: values.count, communicator: SoloCommunicator()), covariates: [],
      treatment: values)
    return FarValue.all(in: try frame.scan()[0], column: "t")
  }

  private static func normal(_ count: Int, draw: Int) -> [Double] {
    let random = CounterRandom(seed: 3, stream: .test)
    return (0..<count).map { random.normal(row: $0, draw: draw) }
  }

  @Test(arguments: [300.0, 9999, -999, -99]) func `one value far from all others is found, with its row`(value: Double)
    throws
  {
    var values = Self.normal(1_500, draw: 0)
    values[17] = value
    let found = try Self.far(values)
    #expect(found.map(\.value) == [value] && found.map(\.row) == [17] && found.map(\.count) == [1])
  }

  @Test(arguments: [5, 75, 300]) func `a mark of missing values is found as often as it is there`(count: Int) throws {
    var values = Self.normal(1_500, draw: 1)
    for row in 0..<count { values[3 + 4 * row] = -999 }
    let found = try Self.far(values)
    #expect(found.map(\.value) == [-999] && found.map(\.row) == [3] && found.map(\.count) == [count])
  }

  @Test func `several marks, at both ends, are found`() throws {
    var values = Self.normal(1_500, draw: 2).map { 50 + 10 * $0 }
    (values[3], values[4], values[5], values[6]) = (9_998, 9_999, -9_999, 9_999)
    #expect(try Set(Self.far(values).map(\.value)) == [9_998, 9_999, -9_999])
  }

  @Test func `a mark among the codes of a scale, and among many zeros, is found`() throws {
    var scale = (0..<800).map { Double($0 % 5) }
    scale[9] = 99
    #expect(try Self.far(scale).map(\.value) == [99])
    var counts = (0..<800).map { $0 % 8 == 0 ? Double($0 % 11) : 0 }
    counts[10] = 9_999
    #expect(try Self.far(counts).map(\.value) == [9_999])
    // Indicators, however rare, have no far value.
    #expect(try Self.far((0..<800).map { $0 == 5 ? 1 : 0 }).isEmpty)
  }

  /// The counts of the comment of `FarValue`, on fewer draws.
  @Test func `ordinary laws have none, and long tails hardly ever`() throws {
    func share(_ rows: Int, _ draws: Int, _ law: (_ normal: [[Double]], _ row: Int) -> Double) throws -> Double {
      let found = try (0..<draws).count { draw in
        let normals = (0..<5).map { Self.normal(rows, draw: 10 + 5 * draw + $0) }
        return try !Self.far((0..<rows).map { law(normals, $0) }).isEmpty
      }
      return Double(found) / Double(draws)
    }
    // A t law of 4 degrees of freedom from five normals; an exponential as half the squares of two.
    let t4 = try share(500, 200) { z, row in
      z[0][row] / ((1..<5).reduce(0) { $0 + z[$1][row] * z[$1][row] } / 4).squareRoot()
    }
    let exponential = try share(500, 100) { z, row in (z[0][row] * z[0][row] + z[1][row] * z[1][row]) / 2 }
    let lognormal = try share(500, 100) { z, row in exp(z[0][row]) }
    #expect(t4 <= 0.01 && exponential == 0 && lognormal <= 0.01)
  }
}
