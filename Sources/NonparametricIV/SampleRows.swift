import Communication
import LinearAlgebra

/// Rows drawn from others, a copy of all of them on every rank; they are numbered anew.
struct SampleRows: StructuralRows {
  let rows: DistributedRows
  let covariateCount: Int
  let instrumentCount: Int
  private let sample: Landmarks

  /// - Parameter source: what the sample was drawn from.
  init(_ sample: Landmarks, of source: some StructuralRows) {
    self.sample = sample
    rows = DistributedRows(rowCount: sample.rows.count, communicator: source.rows.communicator)
    (covariateCount, instrumentCount) = (source.covariateCount, source.instrumentCount)
  }

  func withChunk<Result>(_ chunk: Int, _ body: (StructuralChunk) throws -> Result) throws -> Result {
    let places = rows.grid.rows(ofChunk: chunk)
    let stride = Kernel.paddedCount(places.count)
    let m = covariateCount
    let width = 2 + m + instrumentCount
    let storage = AlignedBuffer(count: (width + 1) * stride)
    for (row, place) in places.enumerated() {
      for (j, value) in sample.rows[place].enumerated() {
        storage.pointer[j * stride + row] = value
      }
      storage.pointer[width * stride + row] = sample.weights[place]
    }
    let columns = (0...width).map { UnsafePointer(storage.pointer + $0 * stride) }
    return try withExtendedLifetime(storage) {
      try body(
        StructuralChunk(
          rowCount: places.count, outcome: columns[0], treatment: columns[1],
          covariates: Array(columns[2..<2 + m]),
          instruments: Array(columns[2 + m..<width]), weights: columns[width]))
    }
  }
}
