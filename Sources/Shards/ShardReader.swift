import Communication
import Diagnostics
import Frames
import Storage

/// The rows of a collection as chunks of columns.
struct ShardReader: ChunkSource {
  let collection: ShardCollection
  /// The columns to read, in the order of the frame.
  let entries: [ShardSchema.Entry]
  let grid: RowGrid
  /// What the files were when the reader was made, by path: a frame that is not in memory reads them in every pass.
  private let stamps: [String: [(path: String, stamp: FileStamp)]]

  /// Bytes of rows that are read at a time.
  private static let bufferBytes = 4 << 20

  /// - Throws: ``Failure`` when a file with rows of these chunks is gone.
  init(collection: ShardCollection, entries: [ShardSchema.Entry], grid: RowGrid, localChunks: Range<Int>) throws {
    self.collection = collection
    self.entries = entries
    self.grid = grid
    var stamps: [String: [(path: String, stamp: FileStamp)]] = [:]
    for piece in collection.pieces(of: grid.rows(ofChunks: localChunks)) {
      let paths = [piece.path] + collection.shards[piece.shard].otherFiles
      stamps[piece.path] = try paths.map { ($0, try FileStamp($0)) }
    }
    self.stamps = stamps
  }

  /// - Throws: ``Failure`` that names file, dataset, row and column when a value is no use, and the file when it is
  ///   damaged or is not what it was.
  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for piece in collection.pieces(of: grid.rows(ofChunks: chunks)) {
      for (path, stamp) in stamps[piece.path] ?? [] { try stamp.requireUnchanged(path) }
      try read(piece, into: target)
    }
  }

  private func read(_ piece: ShardPiece, into target: FrameChunks) throws {
    let file = try HDF5File.open(piece.path)
    var index = 0
    while index < entries.count {
      let place = entries[index].places[piece.shard]
      guard let dataset = place.dataset else {
        target.fill(index, piece, with: entries[index].recodings[piece.shard]?[0] ?? 0)
        index += 1
        continue
      }
      // Columns of one dataset follow each other.
      let isWhole = place.index == nil && entries[index].form == .stored
      let end =
        isWhole ? index + 1 : entries[index...].prefix { $0.places[piece.shard].dataset == dataset }.endIndex
      let opened = try file.dataset(dataset)
      let coding = try opened.valueCoding(in: file)
      try read(index..<end, of: opened, coding, piece, into: target)
      index = end
    }
  }

  private func read(
    _ indices: Range<Int>, of dataset: consuming HDF5Dataset, _ coding: HDF5ValueCoding?, _ piece: ShardPiece,
    into target: FrameChunks
  ) throws {
    let entry = entries[indices.lowerBound]
    guard let codes = entry.codes else {
      var width = indices.count
      if case .vector(let count) = entry.column.kind { width = count }
      let isX = entry.places[piece.shard].index != nil && dataset.name == collection.names.covariates
      let reader = ColumnReader(
        dataset: dataset, columns: entries[indices].map(\.column), width: width, coding: coding,
        conversion: isX ? collection.conversions[piece.shard] : nil)
      return try read(piece, with: reader, into: target, at: indices.lowerBound)
    }
    let reader = CodeReader(dataset: dataset, column: codes, recoding: entry.recodings[piece.shard], coding: coding)
    for rows in slices(of: piece, width: 1) {
      let codes = try reader.read(rows)
      let start = piece.globalStart + rows.lowerBound - piece.rows.lowerBound
      for index in indices { target.place(codes, as: entries[index].form, at: index, globalStart: start) }
    }
  }

  private func read(
    _ piece: ShardPiece, with reader: borrowing ColumnReader, into target: FrameChunks, at index: Int
  ) throws {
    let width = reader.width
    let slices = slices(of: piece, width: width)
    let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: (slices.first?.count ?? 0) * width)
    defer { buffer.deallocate() }
    for rows in slices {
      let values = UnsafeMutableBufferPointer(rebasing: buffer[..<(rows.count * width)])
      try reader.read(rows, into: values)
      target.place(
        UnsafeBufferPointer(values), width: width, at: index,
        globalStart: piece.globalStart + rows.lowerBound - piece.rows.lowerBound)
    }
  }

  /// The rows of the file, cut into those that are read at a time.
  private func slices(of piece: ShardPiece, width: Int) -> [Range<Int>] {
    let rowsPerRead = min(piece.rows.count, max(grid.chunkLength, Self.bufferBytes / (8 * width)))
    return stride(from: piece.rows.lowerBound, to: piece.rows.upperBound, by: rowsPerRead).map {
      $0..<min($0 + rowsPerRead, piece.rows.upperBound)
    }
  }
}

extension FrameChunks {
  /// Calls `body` with every stretch of consecutive global rows that lies in one chunk: the chunk, the first row's place
  /// in it and in the rows, and the number.
  private func forEachStretch(
    from globalStart: Int, count: Int, _ body: (_ chunk: Int, _ offset: Int, _ start: Int, _ count: Int) -> Void
  ) {
    var row = globalStart
    while row < globalStart + count {
      let chunk = grid.chunk(ofRow: row)
      let offset = row - grid.rows(ofChunk: chunk).lowerBound
      let length = min(grid.chunkLength - offset, globalStart + count - row)
      body(chunk, offset, row - globalStart, length)
      row += length
    }
  }

  /// Copies row-major rows into the real columns from `index` on, or the components of the vectors there.
  package func place(_ values: UnsafeBufferPointer<Double>, width: Int, at index: Int, globalStart: Int) {
    forEachStretch(from: globalStart, count: values.count / width) { chunk, offset, start, count in
      transpose(
        values.baseAddress! + start * width, rows: count, columns: width,
        into: reals(index, chunk: chunk) + offset, stride: grid.columnStride)
    }
  }

  fileprivate func place(_ codes: [Int64], at index: Int, globalStart: Int) {
    codes.withUnsafeBufferPointer { codes in
      forEachStretch(from: globalStart, count: codes.count) { chunk, offset, start, count in
        (self.codes(index, chunk: chunk) + offset).update(from: codes.baseAddress! + start, count: count)
      }
    }
  }

  /// Makes real numbers of codes: themselves, or whether they are the code of an indicator.
  fileprivate func place(_ codes: [Int64], as form: ShardSchema.Entry.Form, at index: Int, globalStart: Int) {
    let numbers: [Double]
    switch form {
    case .stored: return place(codes, at: index, globalStart: globalStart)
    case .number: numbers = codes.map(Double.init)
    case .indicator(_, let code): numbers = codes.map { $0 == code ? 1 : 0 }
    }
    numbers.withUnsafeBufferPointer { place($0, width: 1, at: index, globalStart: globalStart) }
  }

  /// Gives one code to all rows of a piece.
  fileprivate func fill(_ index: Int, _ piece: ShardPiece, with code: Int64) {
    forEachStretch(from: piece.globalStart, count: piece.rows.count) { chunk, offset, _, count in
      (codes(index, chunk: chunk) + offset).update(repeating: code, count: count)
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
