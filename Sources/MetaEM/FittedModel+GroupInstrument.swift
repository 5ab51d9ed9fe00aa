import ControlFunction
import Effects
import Features
import Frames
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
    FittedGroups(self, table, label: label, seed: seed)
  }

  /// The features of x on which the model regresses the treatment in each group.
  public var selectionFeatures: any FeatureMap { joint?.basis.selection ?? representation }

  /// Whether the groups are those of a joint model, whose posterior does not lean on the error of the outcome.
  public var hasExogenousPosterior: Bool { joint != nil }
}
