import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Mixture

/// The bootstrap likelihood-ratio test of K groups against K + 1 (McLachlan 1987).
public struct LikelihoodRatioTest: Sendable, Codable, Equatable {
  /// The likelihood ratio, 2 (log L of K + 1 groups - log L of K groups).
  public let ratio: Double
  /// (1 + the number of replicates whose ratio is at least as large) / (1 + the number of replicates).
  public let pValue: Double
  /// The number of replicates that could be fitted.
  public let replicates: Int
}

/// Draws the test on the representation of a fit: treatments are simulated given x by its model of K groups, and both
/// numbers of groups are fitted to each, K groups from the model that drew them and K + 1 from those with one group cut in
/// two. The data's own ratio comes from the same starts, so that the search favours neither side, and none is negative.
struct BootstrapTest {
  /// Ways in which each group is cut.
  static let cutsPerGroup = 4

  let result: MetaEM.Result
  let rows: CenteredRows
  let replicates: Int
  let search: Search

  private var representation: Representation { result.model.representation }

  /// Collective; nil for models other than mixtures of regressions, which say nothing of t given x, and when the data
  /// cannot be fitted with K + 1 groups.
  func run() throws -> LikelihoodRatioTest? {
    guard case .regression(let mixture) = result.model.mixture, replicates > 0,
      let observed = try kept({ try ratio(mixture, treatment: nil) })
    else { return nil }
    let simulated = try (0..<replicates).compactMap { replicate in
      try kept { try ratio(mixture, treatment: simulatedTreatment(mixture, replicate: replicate)) }
    }
    let larger = simulated.count { $0 >= observed }
    return LikelihoodRatioTest(
      ratio: observed, pValue: Double(1 + larger) / Double(1 + simulated.count), replicates: simulated.count)
  }

  /// A ratio as a step, so that a checkpoint holds no fits of those that are done.
  private func kept(_ ratio: () throws -> Double?) throws -> Double? { try search.journal.step("bootstrap", ratio) }

  /// Nil when a group of one of the fits degenerates.
  private func ratio(_ mixture: RegressionMixture, treatment: RowColumn?) throws -> Double? {
    let design = Design(
      table: rows.table, representation: representation, replacement: RowReplacement(treatment: treatment))
    guard let smaller = try search.carried(Fit(start: 0, model: mixture), on: design, phase: "fewer")
    else { return nil }
    let pooled = try design.pooledStatistics()
    let random = CounterRandom(seed: result.configuration.seed, stream: .cuts)
    guard let cuts = try? smaller.model.cuts(perGroup: Self.cutsPerGroup, pooled: pooled, random: random)
    else { return nil }
    let short = try search.short(
      cuts.enumerated().map { Fit(start: $0.offset, model: $0.element) }, on: design, phase: "cuts")
    guard let larger = try search.best(of: short, on: design, phase: "more") else { return nil }
    // Both end where a pass gains next to nothing, so a ratio of 0 may come out a little less.
    return max(0, 2 * (larger.logLikelihood - smaller.logLikelihood))
  }

  /// t of every row, drawn from the mixture given x.
  private func simulatedTreatment(_ mixture: RegressionMixture, replicate: Int) throws -> RowColumn {
    let random = CounterRandom(seed: result.configuration.seed, stream: .bootstrap)
    let design = result.design
    return try design.column { chunk, values in
      try design.withBlock(ofChunk: chunk) { block, _ in
        for (offset, row) in chunk.tableRows.enumerated() {
          let group = random.categorical(row: row, draw: 2 * replicate, probabilities: mixture.mixingWeights)
          var mean = 0.0
          for (j, coefficient) in mixture.coefficients[group].enumerated() {
            mean += coefficient * block.columns[j]![offset]
          }
          let error =
            mixture.errors.map { $0.quantile(random.uniform(row: row, draw: 2 * replicate + 1)) }
            ?? random.normal(row: row, draw: 2 * replicate + 1)
          values[offset] = mean + mixture.standardDeviations[group] * error
        }
      }
    }
  }
}
