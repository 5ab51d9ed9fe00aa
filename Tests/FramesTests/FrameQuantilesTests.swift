import Communication
import Frames
import Storage
import TestSupport
import Testing

@Suite struct FrameQuantilesTests {
  static let probabilities = [0, 0.01, 0.25, 1.0 / 3, 0.5, 0.9, 0.999, 1]

  /// The definition: linear interpolation between order statistics.
  static func quantile(_ sorted: [Double], _ probability: Double) -> Double {
    let position = probability * Double(sorted.count - 1)
    let low = Int(position)
    let high = min(low + 1, sorted.count - 1)
    return sorted[low] + (position - Double(low)) * (sorted[high] - sorted[low])
  }

  static let columns: [[Double]] = {
    let rowCount = 3_100
    let small = ExampleValues.reals(rowCount, 0)
    let large = ExampleValues.reals(rowCount, 1).map { 5e5 * $0 }
    return [
      small, large,
      small.map { ($0 * 3).rounded() },  // ties, and both zeros
      [Double](repeating: -7.25, count: rowCount),
      // Extremes and subnormals.
      (0..<rowCount).map { $0 == 0 ? -1e308 : $0 == 1 ? 1e300 : Double($0) * .leastNonzeroMagnitude },
      (0..<rowCount).map { Double(sign: $0 % 2 == 0 ? .minus : .plus, exponent: 0, significand: 0) },
    ]
  }()

  @Test(arguments: [1, 2, 3, 5]) func `Quantiles are those of the sorted columns`(ranks: Int) throws {
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      try Frame(
        rows: DistributedRows(rowCount: 3_100, communicator: communicator), covariates: Self.columns,
        treatment: Self.columns[0]
      ).quantiles(of: Self.probabilities)
    }
    for result in results {
      for (quantiles, column) in zip(result, Self.columns) {
        let sorted = column.sorted()
        for (quantile, probability) in zip(quantiles, Self.probabilities) {
          let expected = Self.quantile(sorted, probability)
          #expect(abs(quantile - expected) <= abs(expected) * 1e-15 + .leastNonzeroMagnitude)
        }
      }
    }
  }

  @Test(arguments: [1, 3]) func `quantiles are numpy's to the bit, also where values are missing`(ranks: Int) throws {
    var columns = Self.columns
    for index in columns.indices {
      for row in stride(from: index, to: 3_100, by: 7 + index) { columns[index][row] = .nan }
    }
    let all = Self.columns + columns
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = DistributedRows(rowCount: 3_100, communicator: communicator)
      let frame = try Frame(
        rows: rows,
        columns: all.enumerated().map { .real("\($0)", .covariate, $1, allowsMissing: $0 >= Self.columns.count) })
      return try frame.quantiles(of: Self.probabilities, columns: Array(all.indices))
    }
    let folder = try ScratchFolder()
    let writer = try HDF5File.create(folder.file("columns.h5"))
    try writer.write(all.flatMap { $0 }, shape: [all.count, 3_100], to: "columns")
    try writer.write(Self.probabilities, to: "probabilities")
    try writer.close()
    let script = """
      import sys, h5py, numpy as np
      f = h5py.File(sys.argv[1])
      q = np.nanquantile(f['columns'][:], f['probabilities'][:], axis=1).T + 0.0
      print(' '.join(float(v).hex() for v in q.ravel()))
      """
    let output = try pythonOutput(["-c", script, folder.file("columns.h5")])
    let expected = output.split(whereSeparator: \.isWhitespace).map { Double($0)! }
    for result in results { #expect(result.flatMap { $0 } == expected) }
  }

  @Test func `a column without a value has no quantile`() throws {
    let frame = try Frame(
      rows: DistributedRows(rowCount: 3, communicator: SoloCommunicator()),
      columns: [
        .real("empty", .covariate, [.nan, .nan, .nan], allowsMissing: true),
        .real("one", .covariate, [.nan, 4, .nan], allowsMissing: true),
      ])
    let quantiles = try frame.quantiles(of: [0, 0.5, 1], columns: [0, 1])
    #expect(quantiles[0].allSatisfy(\.isNaN) && quantiles[1] == [4, 4, 4])
  }

  @Test func `One row has one quantile`() throws {
    let table = try Frame(
      rows: DistributedRows(rowCount: 1, communicator: SoloCommunicator()), covariates: [[4]], treatment: [0])
    #expect(try table.quantiles(of: [0, 0.3, 1]) == [[4, 4, 4]])
  }
}
