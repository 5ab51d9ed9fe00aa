import Communication
import LinearAlgebra
import MetaEM
import Mixture
import Reports

/// How long a pass takes here, measured on a few rows on all ranks at once, without reading and without messages.
struct PassMeasurement: Encodable {
  /// Rows of a rank that are measured on: enough to leave the caches.
  static let rows = 1 << 15

  /// The slowest rank's.
  let nsPerRow: Double
  /// On the rank with most rows.
  let seconds: Double

  /// Collective.
  ///
  /// - Parameters:
  ///   - count: rows that `pass` goes through on this rank, again and again.
  ///   - rowCount: of the rank with most rows.
  ///   - factor: what a row takes, in those of `pass`.
  init(
    of count: Int, rowCount: Int, times factor: Double = 1, on communicator: any Communicator, _ pass: () throws -> Void
  ) throws {
    let most = Int(try communicator.maximum([Double(count)])[0])
    nsPerRow = try BenchmarkTimes(per: most, passes: 5, on: communicator, pass).ns * factor
    seconds = nsPerRow * Double(rowCount) / 1e9
  }

  /// Of EM, of one fit with linear rules on random rows. Collective.
  ///
  /// - Parameters:
  ///   - columns: covariates and the treatment.
  ///   - rowCount: of the rank with most rows.
  static func expectationMaximization(
    columns: Int, groups: Int, rowCount: Int, on communicator: any Communicator
  ) throws -> PassMeasurement {
    let own = SoloCommunicator()
    let table = try BenchmarkTable.make(rows: max(rows, groups), columns: columns, on: own)
    let design = Design(table: table, featureNames: table.covariateNames, features: nil)
    let random = CounterRandom(seed: 1, stream: .starts)
    let model = try RegressionMixture.starts(
      0..<1, groups: groups, pooled: design.pooledStatistics(), random: random)[0]
    return try PassMeasurement(of: table.rows.rowCount, rowCount: rowCount, on: communicator) {
      _ = try design.statistics(of: [model])
    }
  }

  /// Of the cross products of all numbers of a row, on random rows. Collective.
  ///
  /// - Parameter rowCount: of the rank with most rows.
  static func crossProducts(
    of width: Int, rowCount: Int, on communicator: any Communicator
  ) throws -> PassMeasurement {
    // Of wide rows few, and of very wide ones a part, so that the measurement stays short.
    let (measured, scale) = (min(width, 1024), Double(width) / Double(min(width, 1024)))
    let count = max(RowGrid.defaultChunkLength, min(rows, rowCount, (1 << 22) / measured))
    let table = try BenchmarkTable.make(rows: count, columns: measured, on: SoloCommunicator())
    let columns = Array(0..<measured)
    return try PassMeasurement(of: count, rowCount: rowCount, times: scale * scale, on: communicator) {
      _ = try table.crossProducts(of: columns)
    }
  }

  var milliseconds: String { format(seconds * 1e3, decimals: 1) }
  var words: String {
    "by \(format(nsPerRow, decimals: 1)) ns per row measured here, without reading and messages"
  }
}
