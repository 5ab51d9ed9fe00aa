import Diagnostics

extension FrameChunks {
  /// Refuses values that the schema does not allow: infinite ones, missing ones where they are not allowed, negative
  /// weights, codes that no level has.
  ///
  /// - Throws: ``Failure`` `data` that names the first such value's row and column.
  func checkValues() throws {
    for chunk in chunks {
      for (index, column) in schema.columns.enumerated() {
        if column.kind.holdsCodes {
          let codes = UnsafeBufferPointer(start: codes(index, chunk: chunk), count: grid.rows(ofChunk: chunk).count)
          if let (row, reason) = column.firstRefused(codes) {
            throw refusal(column, row, chunk, "\(codes[row])", reason)
          }
          continue
        }
        for component in 0..<schema.slots(ofColumn: index).count {
          let values = UnsafeBufferPointer(
            start: reals(index, component: component, chunk: chunk), count: grid.rows(ofChunk: chunk).count)
          if let (row, reason) = column.firstRefused(values) {
            throw refusal(column, row, chunk, "\(values[row])", reason)
          }
        }
      }
    }
  }

  private func refusal(_ column: Column, _ row: Int, _ chunk: Int, _ value: String, _ reason: String) -> Failure {
    let row = grid.rows(ofChunk: chunk).lowerBound + row
    return Failure(.data, "row \(row) (counted from 0) of column '\(column.name)': \(value) is \(reason)")
  }
}

extension Column {
  /// The first number that the column does not allow, by its place, and what it is.
  package func firstRefused(_ values: UnsafeBufferPointer<Double>) -> (place: Int, reason: String)? {
    if !values.isAllFinite,
      let place = values.firstIndex(where: { !$0.isFinite && !(allowsMissing && $0.isNaN) })
    {
      return (place, "not a finite number; remove or fill it")
    }
    if role == .weight, let place = values.firstIndex(where: { $0 < 0 }) {
      return (place, "negative; weights must be at least 0")
    }
    return nil
  }

  /// The first code that the column does not allow, by its place, and what it is.
  package func firstRefused(_ codes: UnsafeBufferPointer<Int64>) -> (place: Int, reason: String)? {
    guard let missing = kind.missingCode else { return nil }
    if !allowsMissing, let place = codes.firstIndex(of: missing) { return (place, "missing; remove or fill it") }
    guard let levels = kind.levels else { return nil }
    let range = Int64(allowsMissing ? -1 : 0)..<Int64(levels.count)
    return codes.firstIndex { !range.contains($0) }.map { ($0, "no code of its \(levels.count) levels") }
  }
}

extension UnsafeBufferPointer<Double> {
  /// Whether no value is infinite or NaN: their exponents alone carry into the sign bit when 1 is added to them.
  package var isAllFinite: Bool {
    let exponent: UInt64 = 0x7FF0_0000_0000_0000
    var carries: UInt64 = 0
    for value in self { carries |= (value.bitPattern & exponent) &+ 0x0010_0000_0000_0000 }
    return carries >> 63 == 0
  }
}
