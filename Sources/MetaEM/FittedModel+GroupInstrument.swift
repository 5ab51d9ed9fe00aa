import ControlFunction
import Effects
import Features
import Frames
import LinearAlgebra
import Mixture

extension FittedModel {
  /// The groups of rows as an instrument.
  ///
  /// - Parameters:
  ///   - table: rows that ``scaling`` was applied to.
  ///   - seed: of labels that are drawn.
  public func groupInstrument(
    _ table: Frame, label: PosteriorInstrument.Label, seed: UInt64
  ) -> any GroupInstrument {
    let design = design(table)
    let weights = PosteriorInstrument(design, model: mixture.base, label: label, seed: seed)
    guard let omega = joint?.mixture.concomitants else { return weights }
    return LeaningInstrument(weights: weights, design: design, logShares: omega)
  }

  /// The features of x on which the model regresses the treatment in each group.
  public var selectionFeatures: any FeatureMap { joint?.basis.selection ?? representation }

  /// Whether the groups are those of a joint model, whose posterior does not lean on the error of the outcome.
  public var hasExogenousPosterior: Bool { joint != nil }
}

/// Groups whose shares depend on covariates, as those of a joint model with concomitants.
private struct LeaningInstrument: GroupInstrument {
  let weights: PosteriorInstrument
  let design: Design
  let logShares: [[Double]]

  var groupNames: [String] { weights.groupNames }

  func fill(_ chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws {
    try weights.fill(chunk, into: values, stride: stride)
  }

  func fillShares(_ chunk: Int, into shares: UnsafeMutablePointer<Double>, stride: Int) throws -> Bool {
    try design.withBlock(ofChunk: design.rows.chunk(chunk)) { block, _ in
      RowTerms(logShares: logShares).fillShares(shares, stride: stride, block)
    }
    return true
  }
}
