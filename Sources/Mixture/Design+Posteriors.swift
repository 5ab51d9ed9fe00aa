import Communication
import LinearAlgebra

extension Kernel.Block {
  /// Writes w γ of each row and group, times u of a t law, to `target[k * stride + row]`.
  package func fillPosteriors(
    _ target: UnsafeMutablePointer<Double>, stride: Int, of forms: MixtureForms, groupCount: Int,
    weights: UnsafePointer<Double>?
  ) {
    forms.withKernelMixture(at: self) { mixture in
      _ = Kernel.responsibilities(of: self, under: mixture, rowWeights: weights, into: target, stride: stride)
    }
    multiply(target, groupCount: groupCount, stride: stride, by: weights)
    forms.withPrecisions(at: self) { precisions, width in
      guard let precisions else { return }
      for k in 0..<groupCount {
        multiply(target + k * stride, groupCount: 1, stride: stride, by: precisions + k * width)
      }
    }
  }
}

extension Design {
  /// Gives `body` a chunk of another design of the same rows, the same of this one, and the weights of its rows.
  package func withBlock<Result>(
    ofChunk chunk: DesignChunk, beside other: Design,
    _ body: (_ other: Kernel.Block, _ own: Kernel.Block, _ weights: UnsafePointer<Double>?) throws -> Result
  ) throws -> Result {
    try other.withBlock(ofChunk: chunk) { block, weights in
      // Features that are not kept are not evaluated twice.
      if other === self { return try body(block, block, weights) }
      return try withBlock(ofChunk: chunk) { own, _ in try body(block, own, weights) }
    }
  }

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
