import ControlFunction
import Effects
import Features
import Frames
import LinearAlgebra
import Mixture

/// The groups of a fitted model, of the rows of a frame, as an instrument.
struct FittedGroups: GroupInstrument {
  let model: FittedModel
  let label: PosteriorInstrument.Label
  let seed: UInt64
  private let design: Design
  private let weights: PosteriorInstrument
  /// That of a joint model on these rows; nil where it is not known yet.
  private var covariance: JointCovariance?

  /// - Parameters:
  ///   - table: rows that the model's scaling was applied to.
  ///   - seed: of labels that are drawn.
  ///   - covariance: that of a joint model on these rows, over the clusters by which errors are asked for; nil where it is
  ///     not known yet.
  init(
    _ model: FittedModel, _ table: Frame, label: PosteriorInstrument.Label, seed: UInt64,
    covariance: JointCovariance? = nil
  ) {
    self.init(model, model.design(table), label: label, seed: seed)
    self.covariance = covariance
  }

  private init(_ model: FittedModel, _ design: Design, label: PosteriorInstrument.Label, seed: UInt64) {
    (self.model, self.design, self.label, self.seed) = (model, design, label, seed)
    weights = PosteriorInstrument(design, model: model.mixture.base, label: label, seed: seed)
  }

  var groupNames: [String] { weights.groupNames }

  func fill(_ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws {
    try weights.fill(chunk, into: values, stride: stride)
  }

  func fillShares(_ chunk: Int, into shares: UnsafeMutablePointer<Double>, stride: Int) throws -> Bool {
    guard let omega = model.joint?.mixture.concomitants else { return false }
    try design.withBlock(ofChunk: design.rows.chunk(chunk)) { block, _ in
      RowTerms(logShares: omega).fillShares(shares, stride: stride, block)
    }
    return true
  }

  /// The same rows by a model with another mixture.
  private func replacing(_ mixture: FittedMixture) -> FittedGroups {
    var copy = model
    copy.mixture = mixture
    return FittedGroups(copy, design, label: label, seed: seed)
  }

  /// By EM from the present parameters, on the representation that there is.
  func reestimated(on frame: Frame) throws -> any GroupInstrument {
    let found = FittedGroups(model, frame, label: label, seed: seed)
    return found.replacing(try model.mixture.reestimated(on: found.design))
  }

  /// That of a joint model, without errors where rows are clustered in two ways, for which its scores are not summed. Effects of a
  /// treatment without noise are none of its own.
  func modelEffect(clusters names: [String]) throws -> ModelEffect? {
    guard let joint = model.joint, !joint.isCorrected else { return nil }
    let clusters = try names.first.map { try RowClusters($0, of: design.table) }
    let covariance =
      names.count < 2
      ? try covariance ?? JointCovariance.estimateIfRegular(joint.mixture, on: design, clusters: clusters) : nil
    return ModelEffect(
      name: "joint", coefficients: joint.mixture.outcomeCoefficients,
      covariance: covariance.map { $0.block(Array($0.parameters.outcome)) }, fewClusters: clusters?.fewCount,
      slope: try joint.averageSlopeWeights(design), effects: { joint.effectWeights(of: $0, against: $1) })
  }

  /// Of joint models, whose scores are known, while labels are posteriors: likeliest and drawn groups jump.
  func estimation() throws -> (any GroupEstimation)? {
    guard let joint = model.joint, label == .posterior else { return nil }
    // Clusters are in the variance of the scores, which is not asked for here.
    let known = covariance.map { JointEstimation(joint.mixture, on: design, $0) }
    return try (known ?? JointEstimation(joint.mixture, on: design)).map(JointGroupEstimation.init)
  }
}

/// The errors of a joint model's parameters, as those of its groups.
private struct JointGroupEstimation: GroupEstimation {
  let estimation: JointEstimation

  var parameterCount: Int { estimation.parameterCount }

  func addDerivatives(_ gradient: GroupGradient, chunk: Int, to sums: inout [Double]) throws {
    try estimation.addDerivatives(
      of: gradient.quantities, posteriors: gradient.weights.pointer, shares: gradient.shares?.pointer,
      stride: gradient.stride, chunk: chunk, to: &sums)
  }

  func influence(ofDerivatives derivatives: Matrix) -> Matrix { estimation.influence(ofDerivatives: derivatives) }

  func fill(_ influence: Matrix, chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws {
    try estimation.fill(influence, chunk: chunk, into: values, stride: stride)
  }
}
