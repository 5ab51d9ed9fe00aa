import Communication

/// The chosen rows of another source, one after another.
package struct SelectedRows: ChunkSource {
  /// Chunks of the other source that are read at a time.
  private static let chunksPerRead = 16

  private let base: any ChunkSource
  private let baseGrid: RowGrid
  private let selection: RowSelection

  /// - Parameter baseGrid: of the rows that are chosen from.
  package init(_ selection: RowSelection, of base: any ChunkSource, baseGrid: RowGrid) {
    precondition(selection.total == baseGrid.rowCount)
    self.base = base
    self.baseGrid = baseGrid
    self.selection = selection
  }

  package func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    let places = target.grid.rows(ofChunks: chunks)
    guard !places.isEmpty else { return }
    let first = baseGrid.chunk(ofRow: selection.row(places.lowerBound))
    let last = baseGrid.chunk(ofRow: selection.row(places.upperBound - 1))
    let buffer = FrameChunks(
      capacity: min(Self.chunksPerRead, last - first + 1), schema: target.schema, grid: baseGrid)
    for start in stride(from: first, through: last, by: Self.chunksPerRead) {
      let read = start..<min(start + Self.chunksPerRead, last + 1)
      buffer.prepare(for: read)
      try base.fill(buffer, with: read)
      for chunk in read { copy(chunk, of: buffer, to: target, places) }
    }
  }

  /// Copies the chosen rows of one chunk of the other source.
  private func copy(_ chunk: Int, of buffer: FrameChunks, to target: FrameChunks, _ places: Range<Int>) {
    let rows = baseGrid.rows(ofChunk: chunk)
    var place = selection.rank(of: rows.lowerBound)
    for row in rows where selection.contains(row) {
      if places.contains(place) {
        target.copy(
          row: place, fromRow: row - rows.lowerBound, ofChunk: chunk, of: buffer)
      }
      place += 1
    }
  }
}

extension FrameChunks {
  /// Copies a row of other chunks, of the same schema, to a global row of these.
  fileprivate func copy(row: Int, fromRow offset: Int, ofChunk chunk: Int, of other: FrameChunks) {
    let ownChunk = grid.chunk(ofRow: row)
    let ownOffset = row - grid.rows(ofChunk: ownChunk).lowerBound
    for (index, column) in schema.columns.enumerated() {
      if column.kind.holdsCodes {
        codes(index, chunk: ownChunk)[ownOffset] = other.codes(index, chunk: chunk)[offset]
        continue
      }
      for component in 0..<schema.slots(ofColumn: index).count {
        reals(index, component: component, chunk: ownChunk)[ownOffset] =
          other.reals(index, component: component, chunk: chunk)[offset]
      }
    }
  }
}
