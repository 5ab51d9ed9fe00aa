import Frames
import LinearAlgebra

extension ProxyFeatures {
  /// Adds a stride times the joint cell of every row.
  ///
  /// - Precondition: the features are cells.
  func addCells(to cells: inout RowCells, stride: Int) {
    guard case .cells(let values) = basis else { preconditionFailure("the features are no cells") }
    var stride = stride
    for (variable, values) in zip(variables, values).reversed() {
      cells.add(variable, among: values, stride: stride)
      stride *= values.count
    }
  }

  /// The joint cell of every row of a chunk.
  ///
  /// - Precondition: the features are cells.
  func cells(_ frame: Frame, chunk: Int) throws -> [Int32] {
    var cells = RowCells(frame)
    addCells(to: &cells, stride: 1)
    return try cells.numbers(ofChunk: chunk)
  }

  /// Writes feature f of rows of a chunk, in their order, to `output[f * rows.count + place]`.
  func fill(
    _ rows: [Int32], of frame: Frame, chunk: Int, into output: UnsafeMutablePointer<Double>
  ) throws {
    switch basis {
    case .cells:
      let cells = try cells(frame, chunk: chunk)
      output.update(repeating: 0, count: allCount * rows.count)
      for (place, row) in rows.enumerated() { output[Int(cells[Int(row)]) * rows.count + place] = 1 }
    case .monomials(let terms, let centers, let scales):
      let columns = try variables.flatMap(\.columns).map { try frame.reals($0, chunk: chunk) }
      for (f, term) in terms.enumerated() {
        let target = output + f * rows.count
        guard let last = term.last else {
          target.update(repeating: 1, count: rows.count)
          continue
        }
        guard term.count > 1 else {
          let (column, center, factor) = (columns[last], centers[last], 1 / scales[last])
          for (place, row) in rows.enumerated() { target[place] = (column[Int(row)] - center) * factor }
          continue
        }
        // The term without its last factor and the last factor come before it.
        let before = output + terms[..<f].firstIndex(of: Array(term.dropLast()))! * rows.count
        let single = output + terms[..<f].firstIndex(of: [last])! * rows.count
        for place in rows.indices { target[place] = before[place] * single[place] }
      }
    }
  }
}
