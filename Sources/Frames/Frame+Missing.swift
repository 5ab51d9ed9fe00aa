import Communication
import Diagnostics

extension Frame {
  /// Refuses missing values in some columns: for an estimator that takes none. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `data` that names column and row of the first one in the lowest chunks.
  public func requireComplete(_ columns: [Int]) throws {
    let doubtful = columns.filter { schema.columns[$0].allowsMissing }
    guard !doubtful.isEmpty else { return }
    try rows.communicator.agree {
      for chunk in rows.localChunks {
        for column in doubtful {
          guard let row = try firstMissing(column, chunk: chunk) else { continue }
          throw Failure(
            .data,
            "column '\(schema.columns[column].name)' is missing in row \(rows.grid.rows(ofChunk: chunk).lowerBound + row) "
              + "(counted from 0); remove such rows or fill them")
        }
      }
    }
  }

  /// The first row of a chunk in which a column is missing, counted from the chunk's first.
  private func firstMissing(_ column: Int, chunk: Int) throws -> Int? {
    let rows = 0..<rowCount(ofChunk: chunk)
    if let missing = schema.columns[column].kind.missingCode {
      let codes = try codes(column, chunk: chunk)
      return rows.first { codes[$0] == missing }
    }
    for component in 0..<schema.slots(ofColumn: column).count {
      let values = try reals(column, component: component, chunk: chunk)
      if let row = rows.first(where: { values[$0].isNaN }) { return row }
    }
    return nil
  }
}
