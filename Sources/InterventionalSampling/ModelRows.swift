import Communication
import Frames
import Networks

/// Rows that models are learned on: those of the data, or generated ones.
struct ModelRows {
  let rows: DistributedRows
  /// Gives the copy of the values of some variables in the rows of a chunk of this rank, one after the other: levels by
  /// their numbers, and all numbers of a vector.
  let copy: (_ chunk: Int, _ variables: [Int]) throws -> MinibatchWindow.RowCopy

  /// Some of the rows of some variables, the same on any number of ranks: all where they are few. Collective.
  func sample(of variables: [Int], widths: [Int], seed: UInt64) throws -> EmpiricalRows {
    let width = widths.reduce(0, +)
    let count = EmpiricalRows.rowCount(of: rows.rowCount, width: width)
    let order = RowPermutation(count: rows.rowCount, seed: seed, index: 0)
    let chosen = count == rows.rowCount ? Array(0..<count) : (0..<count).map { order[$0] }.sorted()
    let window = try MinibatchWindow(fetching: chosen, from: rows, width: width) { try copy($0, variables) }
    var values = [Double](repeating: 0, count: count * width)
    values.withUnsafeMutableBufferPointer { values in
      // By columns of one row each.
      for row in 0..<count {
        window.copy(0..<width, ofStep: 0, places: row..<row + 1, to: values.baseAddress! + row * width, stride: 1)
      }
    }
    return EmpiricalRows(variables: variables, widths: widths, values: values)
  }
}

extension GraphVariables {
  /// The rows of a frame.
  func rows(of frame: Frame) -> ModelRows {
    ModelRows(rows: frame.rows) { chunk, places in
      let first = frame.rows.grid.rows(ofChunk: chunk).lowerBound
      // Columns are read as they are; other values are made, one call for each.
      var columns: [(place: Int, values: UnsafePointer<Double>)] = []
      var readers: [(place: Int, read: (Int) -> Double)] = []
      var width = 0
      for place in places {
        let own = self.columns[place]
        if isCategory(place) {
          let (values, read) = (levels[place], try own.readers(frame, chunk: chunk)[0])
          readers.append((width, { Double(values.place(of: read($0))) }))
        } else if let stored = try own.storedColumns(frame, chunk: chunk) {
          columns += stored.enumerated().map { (width + $0, $1) }
        } else {
          readers.append((width, try own.readers(frame, chunk: chunk)[0]))
        }
        width += own.width
      }
      return { row, values in
        for (place, column) in columns { values[place] = column[row - first] }
        for (place, read) in readers { values[place] = read(row - first) }
      }
    }
  }
}
