import Communication
import Frames
import Storage
import TestSupport
import Testing

@Suite struct FrameSummaryTests {
  private static let rowCount = 2_500
  private static let weight = ExampleValues.reals(rowCount, 3).map { abs($0) }
  private static let columns: [[Double]] = {
    let full = ExampleValues.reals(rowCount, 0).map { $0 + 1e7 }
    var some = full
    for row in stride(from: 2, to: rowCount, by: 3) { some[row] = .nan }
    var one = [Double](repeating: .nan, count: rowCount)
    one[1_700] = -4
    return [full, some, one, [Double](repeating: .nan, count: rowCount)]
  }()

  private static func frame(_ communicator: any Communicator) throws -> Frame {
    try Frame(
      rows: DistributedRows(rowCount: rowCount, communicator: communicator),
      columns: columns.enumerated().map { .real("c\($0)", .covariate, $1, allowsMissing: $0 > 0) }
        + [.real("w", .weight, weight)])
  }

  @Test(arguments: [1, 2, 3]) func `missing values are passed over with their weights, as numpy does`(ranks: Int) throws
  {
    let summaries = try LoopbackCommunicator.run(ranks: ranks) { try Self.frame($0).summary(of: [0, 1, 2, 3]) }
    let folder = try ScratchFolder()
    let writer = try HDF5File.create(folder.file("columns.h5"))
    try writer.write(Self.columns.flatMap { $0 }, shape: [4, Self.rowCount], to: "columns")
    try writer.write(Self.weight, to: "weight")
    try writer.close()
    let script = """
      import sys, h5py, numpy as np
      f = h5py.File(sys.argv[1])
      for c in f['columns'][:3]:
          kept = ~np.isnan(c)
          v, w = c[kept].astype('longdouble'), f['weight'][:][kept].astype('longdouble')
          mean = (w * v).sum() / w.sum()
          print(*(float(x).hex() for x in (mean, (w * (v - mean) ** 2).sum() / w.sum(), v.min(), v.max(), len(c) - len(v))))
      """
    let expected = try pythonOutput(["-c", script, folder.file("columns.h5")]).split(separator: "\n").map {
      $0.split(separator: " ").map { Double($0)! }
    }
    for summary in summaries {
      #expect(summary.prefix(3) == summaries[0].prefix(3))
      for (column, expected) in zip(summary, expected) {
        // Two rounded sums of 2500 terms of about 1e7, and of deviations of about 1.
        #expect(abs(column.mean - expected[0]) <= 1e-15 * abs(expected[0]) * 4)
        #expect(abs(column.variance - expected[1]) <= 1e-12 * expected[1])
        #expect([column.minimum, column.maximum, Double(column.missing)] == Array(expected[2...]))
      }
      #expect(summary[3].mean.isNaN && summary[3].variance.isNaN && summary[3].missing == Self.rowCount)
      #expect(summary[2].isConstant && !summary[1].isConstant)
    }
  }

  @Test func `a column without missing values is summarised with the same bits whether or not it may have some`() throws
  {
    let rows = DistributedRows(rowCount: Self.rowCount, communicator: SoloCommunicator())
    let frame = try Frame(
      rows: rows,
      columns: [
        .real("a", .covariate, Self.columns[0]), .real("a", .covariate, Self.columns[0], allowsMissing: true),
        .real("w", .weight, Self.weight),
      ])
    let summary = try frame.summary(of: [0, 1])
    #expect(summary[0] == summary[1])
  }

  @Test func `standardized columns keep their missing values`() throws {
    let frame = try Self.frame(SoloCommunicator())
    let before = try frame.summary(of: [1])[0]
    frame.standardize([1], center: [before.mean], scale: [before.standardDeviation])
    let after = try frame.summary(of: [0, 1])
    #expect(after[1].missing == before.missing)
    #expect(abs(after[1].mean) < 1e-8 && abs(after[1].variance - 1) < 1e-8)
    #expect(after[0].mean > 9e6)
  }
}
