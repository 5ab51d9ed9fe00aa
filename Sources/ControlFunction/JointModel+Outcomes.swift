import LinearAlgebra
import Mixture

extension JointModel {
  /// g(t_i, x_i) of the rows of a chunk, the outcome under do(t) of a row whose group and errors are average, in the units
  /// of the outcome.
  ///
  /// - Parameter design: of rows that `tableScaling` was applied to.
  /// - Throws: ``Failure`` when the table cannot read the chunk.
  public func outcomes(_ design: Design, chunk: DesignChunk) throws -> [Double] {
    let values = AlignedBuffer(count: Kernel.paddedCount(chunk.rows.count))
    // The last column is y itself.
    let weights = outcomeCoefficients + [0]
    try design.withBlock(ofChunk: chunk) { block, _ in block.evaluate(weights, into: values.pointer) }
    let center = basis.scaling.centers[basis.covariateCount + 1]
    return (0..<chunk.rows.count).map { center + outcomeScale * values[$0] }
  }
}
