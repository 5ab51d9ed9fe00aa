import Communication
import LinearAlgebra

/// Some of the rows of a regression: the others have weight 0.
struct ChosenRows<Source: StructuralRows>: StructuralRows {
  let source: Source
  /// Whether a global row is one of them.
  let isChosen: @Sendable (Int) -> Bool

  var rows: DistributedRows { source.rows }
  var covariateCount: Int { source.covariateCount }
  var instrumentCount: Int { source.instrumentCount }

  func withChunk<Result>(_ chunk: Int, _ body: (StructuralChunk) throws -> Result) throws -> Result {
    let first = rows.grid.rows(ofChunk: chunk).lowerBound
    return try source.withChunk(chunk) { block in
      let weights = AlignedBuffer(count: Kernel.paddedCount(block.rowCount))
      for row in 0..<block.rowCount where isChosen(first + row) {
        weights.pointer[row] = block.weights?[row] ?? 1
      }
      var chosen = block
      chosen.weights = UnsafePointer(weights.pointer)
      return try withExtendedLifetime(weights) { try body(chosen) }
    }
  }
}
