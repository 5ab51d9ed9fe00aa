import Communication

/// The values that columns take, as long as they are few.
package struct DistinctValues {
  /// Values of one column; they stay few, so a look through them is short.
  private struct Found {
    var values: [Double] = []
    var last = Double.nan

    mutating func add(_ value: Double, upTo limit: Int) {
      guard value != last, values.count <= limit else { return }
      last = value
      if !values.contains(value) { values.append(value) }
    }
  }

  /// The values of each variable, ascending; nil where there are more than the limit.
  package let values: [[Double]?]

  /// One pass over the rows. Collective.
  ///
  /// - Parameter limit: the most values of a variable that are told.
  package init(_ variables: [RowVariable], of frame: Frame, upTo limit: Int) throws {
    let rows = frame.rows
    let local = try rows.communicator.agree {
      var found = variables.map { _ in Found() }
      for chunk in rows.localChunks {
        for (index, variable) in variables.enumerated() where found[index].values.count <= limit {
          let read = try variable.reader(frame, chunk: chunk)
          // Adding 0 turns -0 into 0, which is the same value.
          for row in 0..<frame.rowCount(ofChunk: chunk) { found[index].add(read(row) + 0, upTo: limit) }
        }
      }
      return found.map(\.values)
    }
    values = try local.map { try rows.communicator.union(Set($0), upTo: limit)?.sorted() }
  }
}
