import Communication
import Dataset
import Diagnostics
import LinearAlgebra
import Mixture

/// Cross-validation: the mean log-likelihood, per row, of rows that a fit did not see.
///
/// Each row belongs to the fold that is drawn by its global number. The fit of the other folds is the whole fit, its
/// starts and its choices included, with weight 0 for the rows of the fold; only the knots of splines and random starting
/// rows come from all rows.
struct HeldOut {
  let configuration: Configuration
  let rows: CenteredRows
  let foldCount: Int
  let journal: Journal

  /// Collective; nil when the model has no likelihood, or the fit of a fold degenerates.
  func meanLogLikelihood() throws -> Double? {
    var (logLikelihood, weight) = (0.0, 0.0)
    for fold in 0..<foldCount {
      let outcome: FitOutcome
      do {
        outcome = try Fitting(
          configuration, rows, replacement: RowReplacement(weight: try weights { $0 != fold }), journal: journal
        ).run()
      } catch let failure as Failure where failure.isOfOneFit {
        return nil
      }
      guard let volume = outcome.model.logVolume else { return nil }
      let sums = try evaluate(outcome.model, weights: weights { $0 == fold })
      logLikelihood += sums[0] - sums[1] * volume
      weight += sums[1]
    }
    return weight > 0 ? logLikelihood / weight : nil
  }

  /// The log-likelihood of weighted rows and the sum of their weights.
  private func evaluate(_ model: FittedModel, weights: RowColumn) throws -> [Double] {
    let design = Design(
      table: rows.table, representation: model.representation, replacement: RowReplacement(weight: weights))
    let rule = PosteriorRule(model: model.mixture.base, labelRule: .argmax, seed: configuration.seed)
    return try design.rows.sum([0.0, 0.0]) { partial, chunk in
      partial[0] += try rule(design, chunk: chunk).totals.logLikelihood
      for row in 0..<rows.table.rowCount(ofChunk: chunk) { partial[1] += weights[chunk][row] }
    }
  }

  /// The weights of the rows in some folds; those of the other rows are 0.
  private func weights(_ isIncluded: (_ fold: Int) -> Bool) throws -> RowColumn {
    let random = CounterRandom(seed: configuration.seed, stream: .folds)
    let (table, grid) = (rows.table, rows.table.rows.grid)
    return try table.rows.communicator.agree {
      try RowColumn(rows: table.rows) { chunk, values in
        let weight = try table.weight(chunk: chunk)
        for (offset, row) in grid.rows(ofChunk: chunk).enumerated() {
          let isIn = isIncluded(random.integer(below: foldCount, row: row, draw: 0))
          values[offset] = isIn ? weight?[offset] ?? 1 : 0
        }
      }
    }
  }
}
