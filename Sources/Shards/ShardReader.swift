import Communication
import Diagnostics
import Frames
import Storage

/// The rows of a collection as chunks of columns.
struct ShardReader: ChunkSource {
  let collection: ShardCollection
  let layout: FrameLayout
  let grid: RowGrid
  /// What the files were when the reader was made, by path: a frame that is not in memory reads them in every pass.
  private let stamps: [String: FileStamp]

  /// Bytes of rows that are read at a time.
  private static let bufferBytes = 4 << 20

  /// - Throws: ``Failure`` when a file with rows of these chunks is gone.
  init(collection: ShardCollection, layout: FrameLayout, grid: RowGrid, localChunks: Range<Int>) throws {
    self.collection = collection
    self.layout = layout
    self.grid = grid
    var stamps: [String: FileStamp] = [:]
    for piece in collection.pieces(of: grid.rows(ofChunks: localChunks)) {
      stamps[piece.path] = try FileStamp(piece.path)
    }
    self.stamps = stamps
  }

  /// - Throws: ``Failure`` that names file, dataset, row and column when a value is no use, and the file when it is
  ///   damaged or is not what it was.
  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    if layout.variables.contains(.source) { target.sources = [] }
    for piece in collection.pieces(of: grid.rows(ofChunks: chunks)) {
      try stamps[piece.path]?.requireUnchanged(piece.path)
      try read(piece, into: target)
    }
  }

  private func read(_ piece: ShardPiece, into target: FrameChunks) throws {
    let file = try HDF5File.open(piece.path)
    let names = collection.names
    for variable in [Variable.covariates, .treatment, .outcome, .weight] where layout.variables.contains(variable) {
      let reader = ColumnReader(
        dataset: try file.dataset(names[variable]), variable: variable,
        columnNames: variable == .covariates ? collection.covariateNames : nil)
      try read(piece, with: reader, into: target)
    }
    if layout.variables.contains(.source) {
      target.sources! += try file.dataset(names.source).readCodes(rows: piece.rows)
    }
  }

  private func read(_ piece: ShardPiece, with reader: borrowing ColumnReader, into target: FrameChunks) throws {
    let width = reader.width
    let rowsPerRead = min(piece.rows.count, max(grid.chunkLength, Self.bufferBytes / (8 * width)))
    let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: rowsPerRead * width)
    defer { buffer.deallocate() }
    let first = layout.columnIndex(of: reader.variable)
    for start in stride(from: piece.rows.lowerBound, to: piece.rows.upperBound, by: rowsPerRead) {
      let fileRows = start..<min(start + rowsPerRead, piece.rows.upperBound)
      let values = UnsafeMutableBufferPointer(rebasing: buffer[..<(fileRows.count * width)])
      try reader.read(fileRows, into: values)
      let globalStart = piece.globalStart + start - piece.rows.lowerBound
      target.place(UnsafeBufferPointer(values), width: width, globalStart: globalStart, at: first, of: grid)
    }
  }
}

extension FrameChunks {
  /// Copies row-major rows into the columns `first ..< first + width` of the chunks they belong to.
  fileprivate func place(
    _ values: UnsafeBufferPointer<Double>, width: Int, globalStart: Int, at first: Int, of grid: RowGrid
  ) {
    let end = globalStart + values.count / width
    var row = globalStart
    while row < end {
      let chunk = grid.chunk(ofRow: row)
      let offset = row - grid.rows(ofChunk: chunk).lowerBound
      let count = min(grid.chunkLength - offset, end - row)
      transpose(
        values.baseAddress! + (row - globalStart) * width, rows: count, columns: width,
        into: column(first, chunk: chunk) + offset, stride: columnStride)
      row += count
    }
  }
}

/// Copies a row-major block into columns that are `stride` apart, in strips of rows that stay in the first cache.
private func transpose(
  _ source: UnsafePointer<Double>, rows: Int, columns: Int, into target: UnsafeMutablePointer<Double>, stride: Int
) {
  let strip = max(8, 2048 / columns)
  var start = 0
  while start < rows {
    let end = min(start + strip, rows)
    for column in 0..<columns {
      let values = target + column * stride
      for row in start..<end { values[row] = source[row * columns + column] }
    }
    start = end
  }
}
