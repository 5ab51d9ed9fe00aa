import Features
import Frames

extension Design {
  /// The design of any features.
  public convenience init(
    table: Frame, representation: some FeatureMap, subset: ChunkSubset? = nil,
    replacement: RowReplacement = RowReplacement()
  ) {
    self.init(
      table: table, featureNames: representation.featureNames,
      features: representation.isIdentity ? nil : representation.transform, subset: subset, replacement: replacement)
  }
}
