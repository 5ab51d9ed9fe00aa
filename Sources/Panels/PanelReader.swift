import Communication
import Diagnostics
import Frames
import Shards
import Storage

/// The outcomes of a panel as chunks of one column of vectors.
struct PanelReader: ChunkSource {
  let collection: PanelCollection
  let grid: RowGrid
  /// What the files were when the reader was made: a panel that is not in memory reads them in every pass.
  private let stamps: [String: FileStamp]

  /// Bytes of rows that are read at a time.
  private static let bufferBytes = 4 << 20

  /// - Throws: ``Failure`` when a file with rows of these chunks is gone.
  init(_ collection: PanelCollection, grid: RowGrid, localChunks: Range<Int>) throws {
    self.collection = collection
    self.grid = grid
    var stamps: [String: FileStamp] = [:]
    for piece in collection.pieces(of: grid.rows(ofChunks: localChunks)) {
      for path in [piece.part.path] + piece.part.otherFiles { stamps[path] = try FileStamp(path) }
    }
    self.stamps = stamps
  }

  /// - Throws: ``Failure`` that names file, unit and period of an infinite value, and the file when it is damaged or is
  ///   not what it was.
  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    let width = collection.width
    for piece in collection.pieces(of: grid.rows(ofChunks: chunks)) {
      for path in [piece.part.path] + piece.part.otherFiles { try stamps[path]?.requireUnchanged(path) }
      let file = try HDF5File.open(piece.part.path)
      let dataset = try file.dataset(collection.outcome)
      let coding = try dataset.valueCoding(in: file)
      let step = max(1, Self.bufferBytes / (8 * width))
      for start in stride(from: piece.rows.lowerBound, to: piece.rows.upperBound, by: step) {
        var values = try dataset.read(Double.self, rows: start..<min(start + step, piece.rows.upperBound))
        coding?.decode(&values)
        let globalStart = piece.globalStart + start - piece.rows.lowerBound
        try values.withUnsafeBufferPointer { values in
          if !values.isAllFinite, let place = values.firstIndex(where: \.isInfinite) {
            throw refusal(values[place], at: globalStart + place / width, place % width, dataset.location)
          }
          target.place(values, width: width, at: 0, globalStart: globalStart)
        }
      }
    }
  }

  private func refusal(_ value: Double, at row: Int, _ component: Int, _ location: String) -> Failure {
    let other = component / collection.metrics.count
    let (unit, period) = collection.layout == .units ? (row, other) : (other, row)
    let metric =
      collection.metrics.count > 1 ? ", metric '\(collection.metrics[component % collection.metrics.count])'" : ""
    return Failure(
      .data,
      "\(location), unit '\(collection.units.texts[unit])', period \(collection.periods.texts[period])\(metric): \(value) is no "
        + "finite number; correct it, or write NaN when it is missing")
  }
}
