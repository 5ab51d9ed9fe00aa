import Communication
import Diagnostics
import Features
import Frames
import LinearAlgebra
import Mixture
import Runs

/// The alternation of representation and distribution: a round trains the networks with the groups fixed, Eq. (4), and
/// then fits the groups with the features fixed.
///
/// ```
/// groups -> weights of rows -> heads by least squares -> steps of Adam -> features -> EM -> groups
/// ```
/// With `regression` the networks are added to the features of the spline fit, and a round is kept only if it helps.
/// With the other distributions it is the paper's: random networks, and every round is kept, since likelihoods of (r, t)
/// on different r cannot be compared. A round whose loss leaves the range of numbers is rejected with either.
struct Alternation {
  /// So many rejections in a row, each of which halves the learning rate, end the alternation.
  static let patience = 4

  let fitting: MixtureEstimation

  private var configuration: Configuration { fitting.configuration }
  private var options: AlternationOptions { configuration.alternation }
  private var table: Frame { fitting.table }
  private var journal: Journal { fitting.search.journal }

  func run() throws -> MixtureResult {
    configuration.distribution == .regression ? try improved(fitting.splineRegression()) : try alternated()
  }

  // MARK: The paper's

  private func alternated() throws -> MixtureResult {
    var trainer = try trainer(skip: nil, treatmentScale: 1)
    var outcome = try fitting.fit(on: .network(trainer.representation))
    var trace = AlternationTrace(startLogLikelihood: outcome.logLikelihood)
    for round in 1...options.rounds {
      let weights = try weights(outcome.model, round: round)
      let training = try train(trainer, weights)
      if training.loss.isFinite {
        trainer = training.trainer
        outcome = try fitting.fit(on: .network(trainer.representation))
        trace.rounds.append(
          try end(round, training.loss, trainer, logLikelihood: outcome.logLikelihood, isAccepted: true))
      } else {
        trace.rounds.append(
          try end(round, training.loss, trainer, logLikelihood: -.infinity, isAccepted: false))
        trainer = training.trainer.undone(to: trainer)
      }
    }
    outcome.parameterCount += trainer.encoder.parameterCount
    outcome.alternation = trace
    return outcome
  }

  // MARK: Ours

  /// What a round starts from, and is compared with.
  private struct Groups {
    var model: FittedModel
    var mixture: RegressionMixture
    var logLikelihood: Double
    /// The log-likelihood of the rows that the networks are not trained on.
    var validation: Double
  }

  /// Improves on a spline fit, and never ends below it: a round is kept if the log-likelihood of t given x rises, and
  /// that of the rows kept from the training too. It is comparable between representations, for the law of r is not in
  /// it.
  private func improved(_ spline: MixtureResult) throws -> MixtureResult {
    guard case .regression(let mixture) = spline.model.mixture, case .basis(let basis) = spline.model.representation
    else { preconditionFailure("a regression on a basis") }
    let split = try Validation(table, seed: configuration.seed)
    var groups = Groups(
      model: spline.model, mixture: mixture, logLikelihood: spline.logLikelihood,
      validation: try split.logLikelihood(mixture, on: spline.model.representation))
    var trainer = try trainer(skip: basis, treatmentScale: mixture.spread)
    var trace = AlternationTrace(
      startLogLikelihood: spline.logLikelihood,
      spline: (
        spline.parameterCount, try fitting.design(spline.model.representation).statistics(of: [mixture])[0].entropy
      ))
    var outcome = spline
    var rejections = 0
    for round in 1...options.rounds where rejections < Self.patience {
      let weights = try weights(groups.model, round: round)
      let training = try train(trainer, weights, split.training)
      let fit =
        training.loss.isFinite
        ? try fit(groups.mixture, weights, on: .network(training.trainer.representation)) : nil
      let next = try fit.map { fit in
        var next = groups
        next.model.representation = .network(training.trainer.representation)
        next.mixture = fit.model
        next.model.mixture = .regression(fit.model)
        next.logLikelihood = fit.logLikelihood
        next.validation = try split.logLikelihood(fit.model, on: next.model.representation)
        return next
      }
      trace.rounds.append(
        try end(
          round, training.loss, trainer, logLikelihood: next?.logLikelihood ?? -.infinity,
          isAccepted: next.map { $0.logLikelihood > groups.logLikelihood && $0.validation > groups.validation } ?? false
        ))
      if let fit, let next, trace.rounds[round - 1].isAccepted {
        (trainer, groups, rejections) = (training.trainer, next, 0)
        outcome.logLikelihood = fit.logLikelihood
        outcome.isConverged = fit.isConverged
        outcome.iterations += fit.passes
        outcome.findings = spline.findings + fit.findings
      } else {
        rejections += 1
        trainer = training.trainer.undone(to: trainer)
      }
    }
    if trace.rounds.contains(where: \.isAccepted) {
      outcome.model = groups.model
      outcome.model.mixture = .regression(groups.mixture.canonical)
      outcome.parameterCount += trainer.encoder.parameterCount
    } else {
      outcome.findings.append(.note(.noRoundHelped))
    }
    outcome.alternation = trace
    return outcome
  }

  /// EM on new features from the groups that they were trained with; nil when a group degenerates.
  private func fit(
    _ mixture: RegressionMixture, _ weights: GroupWeights, on representation: Representation
  ) throws -> Fit<RegressionMixture>? {
    let design = fitting.design(representation)
    var start = mixture
    let statistics = try weights.statistics(design)
    do { _ = try start.maximize(statistics) } catch { return nil }
    return try fitting.search.converged([Fit(start: 0, model: start)], on: design, phase: "em network").first
  }

  // MARK: Parts

  /// Networks at their start: random, or adding nothing to the features of a skip.
  ///
  /// Covariates are scaled to unit variance, which is what the paper's have.
  private func trainer(skip: Basis?, treatmentScale: Double) throws -> RepresentationTrainer {
    let m = table.covariateCount
    let scales = try table.summary().prefix(m).map(\.standardDeviation)
    let standardized = try skip.map { skip in
      let moments = try fitting.design(skip).pooledStatistics().featureMoments
      return NetworkEncoder.Skip(skip, centers: moments.means, scales: moments.deviations)
    }
    let encoder: NetworkEncoder =
      configuration.representation == .mixed
      ? .mixed(
        covariateNames: table.covariateNames, covariateScales: scales, featureCounts: skip?.featureCounts,
        skip: standardized)
      : .dense(covariateScales: scales, dimension: skip?.dimension ?? m, skip: standardized)
    var settings = RepresentationTrainer.Settings()
    settings.lambda = options.lambda
    settings.steps = options.steps
    settings.batchSize = options.batchSize
    settings.learningRate = options.learningRate
    settings.treatmentScale = treatmentScale
    settings.seed = configuration.seed
    return try RepresentationTrainer(
      encoder: encoder, groupCount: configuration.groups, table: table, settings: settings)
  }

  private struct Training: Codable {
    var trainer: RepresentationTrainer
    var loss = 0.0
  }

  /// One round of training with the groups fixed. The heads start at the groups' regressions, for groups may come in
  /// another order than in the round before.
  private func train(
    _ trainer: RepresentationTrainer, _ weights: GroupWeights, _ replacement: RowReplacement = RowReplacement()
  ) throws -> Training {
    try journal.step("training") {
      var training = Training(trainer: trainer)
      let statistics = try weights.statistics(fitting.design(trainer.representation))
      // Groups with fewer rows than features leave the heads as they are.
      if let heads = try? RegressionMixture(groups: statistics) { training.trainer.setHeads(heads.coefficients) }
      training.loss = try training.trainer.train(on: table, weights: weights.values, replacement: replacement)
      return training
    }
  }

  private func weights(_ model: FittedModel, round: Int) throws -> GroupWeights {
    try GroupWeights(
      options.assignment, model.mixture, on: fitting.design(model.representation), seed: configuration.seed,
      round: round)
  }

  private func end(
    _ round: Int, _ loss: Double, _ trainer: RepresentationTrainer, logLikelihood: Double, isAccepted: Bool
  ) throws -> TrainingRound {
    let record = TrainingRound(
      round: round, loss: loss, learningRate: trainer.learningRate, logLikelihood: logLikelihood,
      isAccepted: isAccepted)
    try journal.end(record) { seconds in
      PassRecord(
        round: round, loss: loss, isAccepted: isAccepted, logLikelihood: logLikelihood, seconds: seconds)
    }
    return record
  }
}

extension RepresentationTrainer {
  /// What the next round starts from when this one is rejected: half the learning rate.
  fileprivate func undone(to earlier: RepresentationTrainer) -> RepresentationTrainer {
    var next = self
    next.undo(to: earlier, learningRate: earlier.learningRate / 2)
    return next
  }
}

extension RegressionMixture {
  /// The root mean square of t about the regression of its group. In this unit the first term of Eq. (4) is twice the
  /// expected log-likelihood, up to a constant, when groups have one spread.
  fileprivate var spread: Double {
    zip(mixingWeights, standardDeviations).reduce(0) { $0 + $1.0 * $1.1 * $1.1 }.squareRoot()
  }
}

extension SufficientStatistics {
  /// The means and standard deviations of the features over all rows.
  fileprivate var featureMoments: (means: [Double], deviations: [Double]) {
    let (gram, count) = (gram(0), count(0))
    let means = (1..<columnCount - 1).map { gram[0, $0] / count }
    let variances = means.enumerated().map { j, mean in gram[j + 1, j + 1] / count - mean * mean }
    return (means, variances.map { $0 > 0 ? $0.squareRoot() : 1 })
  }
}

extension Basis {
  /// The number of features of each covariate, in order, of an additive representation.
  fileprivate var featureCounts: [Int] {
    if case .spline(let basis) = self { basis.featureCounts } else { Array(repeating: 1, count: dimension) }
  }
}
