import Diagnostics
import Effects
import Frames
import Runs

extension MetaEM {
  /// The average slope of an instrumental regression (HFUL; Fuller's where rows are clustered) with the posteriors of a
  /// joint model for instruments: a second opinion, which does not take the law of the errors for granted. Collective.
  ///
  /// - Returns: nil for other distributions, where there may be no group, and where the posteriors determine no effect.
  func instrumentalSlope(_ estimate: Estimate, of table: Frame, in run: Run) throws -> EffectEstimate? {
    guard case .joint(let result, _) = estimate, result.isIdentified else { return nil }
    run.start("instrumental regression")
    defer { run.start("labels") }
    var options = EffectOptions()
    options.seed = configuration.seed
    if let cluster = configuration.cluster {
      options.clusters = [cluster]
      options.covariance = .cluster
      options.method = .fuller
    }
    let model = estimate.model
    let estimator = EffectEstimator(
      options,
      groups: FittedGroups(model, table, label: .posterior, seed: configuration.seed, covariance: result.covariance),
      features: model.selectionFeatures, scaling: model.scaling)
    do { return try estimator.fit(table).headline.averageSlope } catch let failure as Failure
      where failure.exitCode == .data || failure.exitCode == .numerical
    { return nil }
  }
}
