import Communication
import LinearAlgebra
import MetaEM
import Mixture
import Reports

/// How long a pass of EM takes here, measured on random rows on all ranks at once: of one fit with linear rules, r = x,
/// without reading and without messages.
struct PassMeasurement: Encodable {
  /// Rows of a rank that are measured on: enough to leave the caches.
  private static let rows = 1 << 15

  /// The slowest rank's.
  let nsPerRowAndFit: Double
  /// On the rank with most rows.
  let secondsPerFit: Double

  /// Collective.
  ///
  /// - Parameters:
  ///   - columns: covariates and the treatment.
  ///   - rowCount: of the rank with most rows.
  init(columns: Int, groups: Int, rowCount: Int, on communicator: any Communicator) throws {
    let own = SoloCommunicator()
    let table = try BenchmarkTable.make(rows: max(Self.rows, groups), columns: columns, on: own)
    let design = Design(table: table, featureNames: table.covariateNames, features: nil)
    let random = CounterRandom(seed: 1, stream: .starts)
    let model = try RegressionMixture.starts(
      0..<1, groups: groups, pooled: design.pooledStatistics(), random: random)[0]
    nsPerRowAndFit = try BenchmarkTimes(per: table.rows.rowCount, passes: 5, on: communicator) {
      _ = try design.statistics(of: [model])
    }.ns
    secondsPerFit = nsPerRowAndFit * Double(rowCount) / 1e9
  }

  var words: String {
    "\(format(secondsPerFit * 1e3, decimals: 1)) ms per fit and pass on r = x, by \(format(nsPerRowAndFit, decimals: 1)) ns "
      + "per row measured here, without reading and messages"
  }
}
