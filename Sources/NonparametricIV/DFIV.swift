import Communication
import Diagnostics
import LinearAlgebra
import Networks
import Runs

/// Deep features in two stages of ridge regressions (Xu et al. 2021), on disjoint halves of the rows:
///
///     stage 1, half 1: V = ridge of ψ(t) on (1, φ(x, z))
///     stage 2, half 2: u = ridge of y on (1, V'(1, φ)) ⊗ (1, ξ(x));  g(t, x) = u'((1, ψ(t)) ⊗ (1, ξ(x)))
///
/// g is linear in its features of t, so that their conditional mean is what stage 1 estimates: no plug-in. φ is trained
/// by the loss of stage 1, ξ by that of stage 2, and ψ by that of stage 2 **through V**, which its values of half 1 make.
/// Penalties are per row, λ n. At the end V and u are made anew from all rows, the features as they are.
///
/// With groups for instruments (x, z) still is a continuous instrument, through x: the remark of the Meta-EM paper that
/// the method needs one does not apply.
///
/// A round is judged by the mean of (y - E[g | z, x])² over rows that were held out.
public struct DFIV: TrainedRegression {
  public typealias Function = FeatureProductFunction

  package var treatmentWidths = [16]
  package var treatmentFeatures = 4
  package var instrumentWidths = [128, 64]
  package var instrumentFeatures = 32
  package var covariateWidths = [128, 32]
  package var covariateFeatures = 16
  /// Whether φ has batch normalisation.
  package var isNormalized = false
  package var rounds = 40
  /// The steps of φ, ξ and ψ in a round.
  package var instrumentSteps = 10
  package var covariateSteps = 10
  package var treatmentSteps = 1
  /// λ of both stages.
  package var penalty = 1e-2
  package var learningRate = 1e-3
  /// Rounds without a better judgement after which training ends; nil to train to the end and take the last features.
  package var patience: Int? = 10
  package let seed: UInt64

  /// - Parameter isPaper: takes the settings of the reference: one feature of t, batch normalisation, 100 rounds of 20, 20
  ///   and 1 steps, a penalty of .1, and the last features.
  public init(isPaper: Bool = false, seed: UInt64) {
    self.seed = seed
    guard isPaper else { return }
    treatmentFeatures = 1
    isNormalized = true
    rounds = 100
    (instrumentSteps, covariateSteps) = (20, 20)
    penalty = 0.1
    patience = nil
  }

  public func fit(_ rows: some StructuralRows, in journal: Journal) throws -> StructuralFit<FeatureProductFunction> {
    let data = try NetworkRows(rows, seed: seed)
    let (first, second, heldOut) = try blocks(data)
    let start = Rounds(DeepFeatures(self, columns: data.columns))
    let best = try journal.run("rounds", from: start, progress: \.progress, outcome: \.best) { done, keep in
      var done = done
      let training = FeatureTraining(done.features, first: first, second: second, penalty: penalty)
      while done.count < rounds, patience.map({ done.count - done.best.round < $0 }) ?? true {
        try advance(&done.features, training)
        let judgement = try self.stages(done.features, first, second).judge(done.features, heldOut)
        guard judgement.isFinite else { throw Failure.divergence }
        done.end(judgement, keepsBest: patience != nil)
        try keep(done)
      }
      return done
    }
    let all = try FeatureBlocks(Array(0..<data.rows.rowCount), of: data, first.columns)
    let stages = try self.stages(best.features, all, all)
    return StructuralFit(function: stages.function(best.features), criterion: best.judgement)
  }

  /// Where the rounds stand.
  private struct Rounds: Codable {
    struct Best: Codable {
      var features: DeepFeatures
      var judgement: Double
      var round: Int
    }

    var features: DeepFeatures
    var count = 0
    var best: Best

    init(_ start: DeepFeatures) {
      features = start
      best = Best(features: start, judgement: .infinity, round: 0)
    }

    /// - Parameter keepsBest: whether features stay that are judged better; else the last ones do.
    mutating func end(_ judgement: Double, keepsBest: Bool) {
      count += 1
      if !keepsBest || judgement < best.judgement {
        best = Best(features: features, judgement: judgement, round: count)
      }
    }

    var progress: Journal.Progress { Journal.Progress(passes: count, values: ["judgement": .number(best.judgement)]) }
  }

  /// The halves of the rows that train, and the rows that judge.
  package func blocks(
    _ data: NetworkRows<some StructuralRows>
  ) throws -> (first: FeatureBlocks, second: FeatureBlocks, heldOut: FeatureBlocks) {
    let columns = FeatureColumns(self, behind: data.columns)
    let half = RowParts(count: 2 * RowParts.judgingCount, seed: seed, stream: .structuralParts)
    return (
      try FeatureBlocks(data.training.filter { half(row: $0).isMultiple(of: 2) }, of: data, columns),
      try FeatureBlocks(data.training.filter { !half(row: $0).isMultiple(of: 2) }, of: data, columns),
      try FeatureBlocks(data.heldOut, of: data, columns)
    )
  }

  /// One round of steps of the three networks.
  private func advance(_ features: inout DeepFeatures, _ training: FeatureTraining) throws {
    for _ in 0..<instrumentSteps {
      let gradient = try training.instrumentGradient(&features)
      features.instruments.descend(gradient)
    }
    try training.takeInstruments(features)
    for _ in 0..<covariateSteps {
      let gradient = try training.covariateGradient(&features)
      features.covariates.descend(gradient)
    }
    training.takeCovariates(features)
    for _ in 0..<treatmentSteps {
      let gradient = try training.treatmentGradient(&features)
      features.treatment.descend(gradient)
    }
    training.takeTreatment(features)
  }

  /// V from some rows and u from others, with features in use. Collective.
  package func stages(_ features: DeepFeatures, _ first: FeatureBlocks, _ second: FeatureBlocks) throws -> FeatureStages
  {
    first.fillInstruments(features.instruments.network)
    first.fillTreatment(features.treatment.network)
    let stage1 = try first.firstStage(penalty: penalty)
    second.fillInstruments(features.instruments.network)
    second.fillCovariates(features.covariates.network)
    second.predict(stage1)
    return FeatureStages(first: stage1, second: try second.secondStage(penalty: penalty))
  }
}

/// Both regressions of ``DFIV``.
package struct FeatureStages {
  let first: FeatureRidge
  let second: FeatureRidge

  /// The mean of (y - E[g | z, x])² over some rows. Collective.
  package func judge(_ features: DeepFeatures, _ rows: FeatureBlocks) throws -> Double {
    rows.fillInstruments(features.instruments.network)
    rows.fillCovariates(features.covariates.network)
    rows.predict(first)
    return try rows.meanLoss(second)
  }

  package func function(_ features: DeepFeatures) -> FeatureProductFunction {
    FeatureProductFunction(
      treatment: features.treatment.network, covariates: features.covariates.network,
      coefficients: second.coefficients.values)
  }
}
