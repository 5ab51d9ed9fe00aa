import Communication
import Foundation
import LinearAlgebra
import NonparametricIV
import TestSupport

/// The rows of a regression in arrays: all of them on every rank, of which each reads its own chunks.
struct ArrayRows: StructuralRows {
  let rows: DistributedRows
  let outcome: [Double]
  let treatment: [Double]
  /// By column.
  let covariates: [[Double]]
  let instruments: [[Double]]
  let weights: [Double]?

  init(
    outcome: [Double], treatment: [Double], covariates: [[Double]], instruments: [[Double]], weights: [Double]? = nil,
    chunkLength: Int = 64, on communicator: any Communicator = SoloCommunicator()
  ) {
    rows = DistributedRows(rowCount: outcome.count, chunkLength: chunkLength, communicator: communicator)
    (self.outcome, self.treatment, self.covariates) = (outcome, treatment, covariates)
    (self.instruments, self.weights) = (instruments, weights)
  }

  var covariateCount: Int { covariates.count }
  var instrumentCount: Int { instruments.count }

  func withChunk<Result>(_ chunk: Int, _ body: (StructuralChunk) throws -> Result) throws -> Result {
    let places = rows.grid.rows(ofChunk: chunk)
    let columns = [outcome, treatment] + covariates + instruments + (weights.map { [$0] } ?? [])
    let stride = rows.grid.columnStride
    let buffer = AlignedBuffer(count: columns.count * stride)
    for (j, column) in columns.enumerated() {
      for (row, place) in places.enumerated() { buffer[j * stride + row] = column[place] }
    }
    func pointers(_ range: Range<Int>) -> [UnsafePointer<Double>] {
      range.map { UnsafePointer(buffer.pointer + $0 * stride) }
    }
    let m = covariates.count
    return try withExtendedLifetime(buffer) {
      try body(
        StructuralChunk(
          rowCount: places.count, outcome: pointers(0..<1)[0], treatment: pointers(1..<2)[0],
          covariates: pointers(2..<2 + m), instruments: pointers(2 + m..<2 + m + instruments.count),
          weights: weights.map { _ in UnsafePointer(buffer.pointer + (columns.count - 1) * stride) }))
    }
  }
}

/// The value after encoding and decoding.
func roundTrip<Value: Codable>(_ value: Value) throws -> Value {
  try JSONDecoder().decode(Value.self, from: JSONEncoder().encode(value))
}
