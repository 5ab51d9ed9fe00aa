import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Mixture

/// Cross-validation: the mean log-likelihood, per row, of rows that a fit did not see.
///
/// Each row belongs to the fold that is drawn by its global number. For each fold EM goes on from the fit of all rows, on
/// its representation, with weight 0 for the rows of the fold: so numbers of groups are compared, not the luck of
/// searches.
struct HeldOut {
  let result: MetaEM.Result
  let rows: CenteredRows
  let foldCount: Int
  /// By which folds are drawn: one for all fits that are compared.
  let seed: UInt64
  let search: Search

  /// Collective; nil when the model has no likelihood of its own, or degenerates without a fold.
  func meanLogLikelihood() throws -> Double? {
    var (logLikelihood, weight) = (0.0, 0.0)
    for fold in 0..<foldCount {
      var model = result.model
      let replacement = RowReplacement(weight: try weights { $0 != fold })
      let design = Design(table: rows.table, representation: model.representation, replacement: replacement)
      guard let volume = model.logVolume,
        let mixture = try model.mixture.carriedOn(by: search, on: design, phase: "held out")
      else { return nil }
      model.mixture = mixture
      let sums = try evaluate(model, weights: weights { $0 == fold })
      logLikelihood += sums[0] - sums[1] * volume
      weight += sums[1]
    }
    return weight > 0 ? logLikelihood / weight : nil
  }

  /// The log-likelihood of weighted rows and the sum of their weights.
  private func evaluate(_ model: FittedModel, weights: RowColumn) throws -> [Double] {
    let design = Design(
      table: rows.table, representation: model.representation, replacement: RowReplacement(weight: weights))
    let rule = PosteriorRule(model: model.mixture.base, labelRule: .argmax, seed: result.configuration.seed)
    return try design.rows.sum([0.0, 0.0]) { partial, chunk in
      partial[0] += try rule(design, chunk: chunk).totals.logLikelihood
      if let weights = try design.weights(ofChunk: chunk) {
        for row in 0..<chunk.rows.count { partial[1] += weights[row] }
      }
    }
  }

  /// The weights of the rows in some folds; those of the other rows are 0.
  private func weights(_ isIncluded: (_ fold: Int) -> Bool) throws -> RowColumn {
    let random = CounterRandom(seed: seed, stream: .folds)
    return try .weights(of: rows.table) { isIncluded(random.integer(below: foldCount, row: $0, draw: 0)) }
  }
}

extension FittedMixture {
  /// EM from these parameters to convergence; nil when a group degenerates, and for models that are not mixtures with a
  /// likelihood of (r, t).
  fileprivate func carriedOn(by search: Search, on design: Design, phase: String) throws -> FittedMixture? {
    func carried<Model: MixtureModel>(_ model: Model) throws -> Model? {
      try search.carried(Fit(start: 0, model: model), on: design, phase: phase)?.model
    }
    return switch self {
    case .regression(let model): try carried(model).map { .regression($0) }
    case .gaussian(let model): try carried(model).map { .gaussian($0) }
    case .kmeans, .joint: nil
    }
  }
}
