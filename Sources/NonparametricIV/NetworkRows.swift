import Communication
import Diagnostics
import LinearAlgebra
import Networks

/// The rows of a regression as networks are trained on them: which of them they learn from, which judge them, and the
/// values of a row one after another.
package struct NetworkRows<Source: StructuralRows>: Sendable {
  /// Fewer rows than this teach a network nothing, and judge it less.
  static var leastCount: Int { 20 }

  private let source: Source
  package let columns: NetworkColumns
  /// The global rows that networks learn from, ascending.
  package let training: [Int]
  /// The other rows.
  package let heldOut: [Int]
  /// The derived values of this rank's rows, row after row.
  private let derived: [Double]

  /// - Throws: ``Failure`` (data) when there are too few rows.
  package init(_ source: Source, seed: UInt64) throws {
    guard source.rows.rowCount >= Self.leastCount else {
      throw Failure(
        .data,
        "the regression has \(source.rows.rowCount) rows; networks need at least \(Self.leastCount) to learn from and to "
          + "be judged by")
    }
    self.source = source
    columns = NetworkColumns(
      covariateCount: source.covariateCount, instrumentCount: source.instrumentCount, derivedCount: 0)
    let part = RowParts(count: RowParts.judgingCount, seed: seed, stream: .structuralParts)
    let rows = 0..<source.rows.rowCount
    training = rows.filter { part(row: $0) > 0 }
    heldOut = rows.filter { part(row: $0) == 0 }
    derived = []
  }

  /// The same rows with what a network of (x, z) gives for each.
  package init(_ other: NetworkRows, deriving network: Network) throws {
    source = other.source
    (training, heldOut) = (other.training, other.heldOut)
    let outputCount = network.shape.outputCount
    columns = NetworkColumns(
      covariateCount: source.covariateCount, instrumentCount: source.instrumentCount, derivedCount: outputCount)
    derived = try source.rows.communicator.agree {
      var values: [Double] = []
      values.reserveCapacity(other.source.rows.localRows.count * outputCount)
      for chunk in other.source.rows.localChunks {
        try other.source.withChunk(chunk) { block in
          var outputs = [Double](repeating: 0, count: outputCount * block.rowCount)
          network.evaluate(
            block.covariates + block.instruments, rowCount: block.rowCount, into: &outputs, stride: block.rowCount)
          for row in 0..<block.rowCount {
            for output in 0..<outputCount { values.append(outputs[output * block.rowCount + row]) }
          }
        }
      }
      return values
    }
  }

  package var rows: DistributedRows { source.rows }

  /// The copy of the values of a chunk's rows, as ``TrainingProblem/rowCopy(chunk:)`` wants it.
  func rowCopy(chunk: Int) throws -> MinibatchWindow.RowCopy {
    let (width, derivedCount) = (columns.count, columns.derivedCount)
    let first = rows.grid.rows(ofChunk: chunk).lowerBound
    let firstDerived = (first - rows.localRows.lowerBound) * derivedCount
    let values = try source.withChunk(chunk) { block in
      [Double](unsafeUninitializedCapacity: block.rowCount * width) { values, count in
        let read = [block.outcome, block.weights, block.treatment] + block.covariates + block.instruments
        for (j, column) in read.enumerated() {
          for row in 0..<block.rowCount { values[row * width + j] = column?[row] ?? 1 }
        }
        for row in 0..<block.rowCount {
          for j in 0..<derivedCount {
            values[row * width + columns.derived.lowerBound + j] = derived[firstDerived + row * derivedCount + j]
          }
        }
        count = block.rowCount * width
      }
    }
    return { row, target in
      values.withUnsafeBufferPointer { target.update(from: $0.baseAddress! + (row - first) * width, count: width) }
    }
  }
}
