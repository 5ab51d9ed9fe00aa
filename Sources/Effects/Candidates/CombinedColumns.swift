import Frames

/// Sums of candidates in the data's units, each around its mean, with weights: columns that are made anew whenever they
/// are asked for.
struct CombinedColumns: ChunkSource {
  private let source: CandidateColumns
  /// By combination, then candidate.
  private let weights: [[Double]]

  init(_ source: CandidateColumns, _ weights: [[Double]]) {
    self.source = source
    self.weights = weights
  }

  func frame(_ names: [String]) throws -> Frame { try source.causes(names, self) }

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      let rowCount = target.grid.rows(ofChunk: chunk).count
      for (place, weights) in weights.enumerated() {
        let values = target.reals(place, chunk: chunk)
        values.update(repeating: 0, count: rowCount)
        for (weight, candidate) in zip(weights, source.candidates) where weight != 0 {
          let own = try source.frame.reals(candidate.column, chunk: chunk)
          for row in 0..<rowCount { values[row] += weight * candidate.unit * (own[row] - candidate.mean) }
        }
      }
      try source.copyTreatment(target, column: weights.count, chunk: chunk)
    }
  }
}

extension CandidateColumns {
  /// The rows with what a source makes of candidates for covariates, and their treatment and weights.
  func causes(_ names: [String], _ source: some ChunkSource) throws -> Frame {
    let columns =
      names.map { Column($0, .covariate) } + [Column("t", .treatment)]
      + (frame.columns(of: .weight).isEmpty ? [] : [Column("weight", .weight)])
    return try Frame(
      source, rows: frame.rows, schema: Schema(columns), storage: frame.isStreamed ? .stream() : .memory)
  }

  /// Writes treatment and weights of a chunk to a column and the next.
  func copyTreatment(_ target: FrameChunks, column: Int, chunk: Int) throws {
    let rowCount = target.grid.rows(ofChunk: chunk).count
    target.reals(column, chunk: chunk).update(from: try frame.treatment(chunk: chunk), count: rowCount)
    if let weight = try frame.weight(chunk: chunk) {
      target.reals(column + 1, chunk: chunk).update(from: weight, count: rowCount)
    }
  }
}
