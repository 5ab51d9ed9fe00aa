import Communication
import LinearAlgebra
import Mixture

extension Design {
  /// How many rows x alone puts in a group: a share π_k(x) above .999. Collective.
  public func decidedRows(of model: JointMixture) throws -> Int {
    guard let omega = model.concomitants else { return 0 }
    let count = try rows.sum([0.0]) { partial, chunk in
      try withBlock(ofChunk: chunk) { block, _ in
        withGroupWeights(omega.count, rowCount: block.rowCount) { shares, stride in
          RowTerms(logShares: omega).fillShares(shares, stride: stride, block)
          for row in 0..<block.rowCount where omega.indices.contains(where: { shares[$0 * stride + row] > 0.999 }) {
            partial[0] += 1
          }
        }
      }
    }
    return Int(count[0])
  }
}
