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
      let readers = try places.flatMap { place -> [(Int) -> Double] in
        let readers = try columns[place].readers(frame, chunk: chunk)
        guard isCategory(place) else { return readers }
        return [{ Double(levels[place].place(of: readers[0]($0))) }]
      }
      return { row, values in
        for (index, read) in readers.enumerated() { values[index] = read(row - first) }
      }
    }
  }
}
