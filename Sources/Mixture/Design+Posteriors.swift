import Communication
import LinearAlgebra

extension Design {
  /// The statistics of this design's columns with the posteriors of `model` on another design of the same rows.
  ///
  /// - Parameter next: whose M step they are for, if it needs more than Gram matrices weighted by posteriors.
  public func statistics(
    of next: (any MixtureModel)? = nil, posteriorsOf model: some MixtureModel, on other: Design
  ) throws -> SufficientStatistics {
    let (forms, groups) = (model.forms, model.groupCount)
    let nextForms = next?.forms ?? forms
    let plain = SufficientStatistics(groupCount: groups, columnCount: columnCount)
    let zero =
      next == nil ? plain : SufficientStatistics(groupCount: groups, columnCount: columnCount, forms: nextForms)
    return try rows.sum(zero) { partial, chunk in
      try withGroupWeights(groups, rowCount: chunk.rows.count) { gamma, stride in
        try other.withBlock(ofChunk: chunk) { block, weights in
          forms.withKernelMixture(at: block) { mixture in
            _ = Kernel.responsibilities(of: block, under: mixture, rowWeights: weights, into: gamma, stride: stride)
          }
          block.multiply(gamma, groupCount: groups, stride: stride, by: weights)
          partial.multiplyPrecisions(gamma, stride: stride, block, of: forms)
        }
        try withBlock(ofChunk: chunk) { block, weights in
          partial.addPowers(block, groupWeights: gamma, stride: stride, forms: nextForms)
          partial.addShares(block, weights: weights, forms: nextForms)
        }
      }
    }
  }
}
