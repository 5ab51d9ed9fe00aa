import Frames
import Representation

extension Design {
  /// The design of a representation's features.
  public convenience init(
    table: Frame, representation: AnyRepresentation, subset: ChunkSubset? = nil,
    replacement: RowReplacement = RowReplacement()
  ) {
    if case .identity(let identity) = representation {
      self.init(
        table: table, featureNames: identity.featureNames, features: nil, subset: subset, replacement: replacement)
    } else {
      let base = representation.base
      self.init(
        table: table, featureNames: base.featureNames,
        features: { base.transform($0, rowCount: $1, into: $2, stride: $3) }, subset: subset,
        replacement: replacement)
    }
  }
}
