import Communication
import Dataset
import Diagnostics
import LinearAlgebra
import Mixture

/// The bootstrap likelihood-ratio test of K groups against K + 1 (McLachlan 1987).
public struct LikelihoodRatioTest: Sendable, Codable, Equatable {
  /// 2 (log L of K + 1 groups - log L of K groups).
  public let ratio: Double
  /// (1 + the number of replicates whose ratio is at least as large) / (1 + the number of replicates).
  public let pValue: Double
  /// Replicates that could be fitted.
  public let replicates: Int
}

/// Draws the test: treatments are simulated given x by the fitted model of K groups, and both numbers of groups are fitted
/// to each. The data's own ratio comes from the same few starts, so that the search favours neither side.
struct BootstrapTest {
  static let startCount = 5

  let result: TrainingResult
  let rows: CenteredRows
  let replicates: Int
  let journal: Journal

  /// Collective; nil for models other than mixtures of regressions, which say nothing of t given x, and when the data
  /// cannot be fitted with K + 1 groups.
  func run() throws -> LikelihoodRatioTest? {
    guard case .regression(let mixture) = result.outcome.model.mixture, replicates > 0,
      let observed = try ratio(treatment: nil)
    else { return nil }
    let simulated = try (0..<replicates).compactMap { replicate in
      try ratio(treatment: simulatedTreatment(mixture, replicate: replicate))
    }
    let larger = simulated.count { $0 >= observed }
    return LikelihoodRatioTest(
      ratio: observed, pValue: Double(1 + larger) / Double(1 + simulated.count), replicates: simulated.count)
  }

  /// Nil when every start of one of the fits degenerates.
  private func ratio(treatment: RowColumn?) throws -> Double? {
    let groups = result.configuration.groups
    guard let smaller = try logLikelihood(groups: groups, treatment),
      let larger = try logLikelihood(groups: groups + 1, treatment)
    else { return nil }
    return 2 * (larger - smaller)
  }

  private func logLikelihood(groups: Int, _ treatment: RowColumn?) throws -> Double? {
    var configuration = result.configuration
    configuration.groups = groups
    configuration.starts = min(configuration.starts, Self.startCount)
    let replacement = RowReplacement(treatment: treatment)
    do {
      let outcome = try Fitting(configuration, rows, replacement: replacement, journal: journal).run()
      let design = Design(
        table: rows.table, representation: outcome.model.representation, replacement: replacement)
      let rule = PosteriorRule(model: outcome.model.mixture.base, labelRule: .argmax, seed: configuration.seed)
      return try design.rows.sum(0.0) { $0 += try rule(design, chunk: $1).totals.logLikelihood }
    } catch let failure as Failure where failure.isOfOneFit {
      return nil
    }
  }

  /// t of every row, drawn from the mixture given x.
  private func simulatedTreatment(_ mixture: RegressionMixture, replicate: Int) throws -> RowColumn {
    let random = CounterRandom(seed: result.configuration.seed, stream: .bootstrap)
    let design = result.design
    return try design.rows.communicator.agree {
      try RowColumn(rows: design.rows) { chunk, values in
        try design.withBlock(ofChunk: chunk) { block, _ in
          for (offset, row) in design.rows.grid.rows(ofChunk: chunk).enumerated() {
            let group = random.categorical(row: row, draw: 2 * replicate, probabilities: mixture.mixingWeights)
            var mean = 0.0
            for (j, coefficient) in mixture.coefficients[group].enumerated() {
              mean += coefficient * block.columns[j]![offset]
            }
            values[offset] =
              mean + mixture.standardDeviations[group] * random.normal(row: row, draw: 2 * replicate + 1)
          }
        }
      }
    }
  }
}
