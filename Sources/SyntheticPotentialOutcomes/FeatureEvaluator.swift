import Frames
import LinearAlgebra

extension ProxyFeatures {
  /// Writes the joint cell of every row of a chunk.
  ///
  /// - Precondition: the features are cells.
  func fillCells(_ frame: Frame, chunk: Int, into cells: UnsafeMutablePointer<Int32>) throws {
    guard case .cells(let values) = basis else { preconditionFailure("the features are no cells") }
    let count = frame.rowCount(ofChunk: chunk)
    cells.update(repeating: 0, count: count)
    for (variable, values) in zip(variables, values) {
      let radix = Int32(values.count)
      // Values 0, 1, … are their own places.
      let areCounted = values == (0..<values.count).map(Double.init)
      if areCounted, case .real(let column) = variable.storage {
        let numbers = try frame.reals(column, chunk: chunk)
        // A whole number from 0 on is the last bits of its sum with 2^52, which takes no check of its range.
        for row in 0..<count {
          cells[row] = cells[row] &* radix &+ Int32(truncatingIfNeeded: (numbers[row] + 0x1p52).bitPattern)
        }
      } else {
        let read = try variable.reader(frame, chunk: chunk)
        for row in 0..<count {
          let value = read(row)
          cells[row] = cells[row] * radix + Int32(areCounted ? Int(value) : values.firstIndex(of: value)!)
        }
      }
    }
  }
}

/// The features of some rows of a chunk, column by column.
struct FeatureEvaluator {
  private let features: ProxyFeatures
  /// The cells of all rows of the chunk.
  private var cells: [Int32] = []
  /// The columns that monomials are of.
  private var columns: [UnsafePointer<Double>] = []

  init(_ features: ProxyFeatures, _ frame: Frame, chunk: Int) throws {
    self.features = features
    if features.isOneHot {
      cells = Array(repeating: 0, count: frame.rowCount(ofChunk: chunk))
      try cells.withUnsafeMutableBufferPointer {
        try features.fillCells(frame, chunk: chunk, into: $0.baseAddress!)
      }
    } else {
      columns = try features.variables.flatMap(\.columns).map { try frame.reals($0, chunk: chunk) }
    }
  }

  /// Writes feature f of the rows, in their order, to `output[f * stride + place]`; padding is 0.
  func fill(_ rows: ArraySlice<Int32>, into output: UnsafeMutablePointer<Double>, stride: Int) {
    let count = rows.count
    let padded = Kernel.paddedCount(count)
    switch features.basis {
    case .cells:
      for f in 0..<features.allCount { (output + f * stride).update(repeating: 0, count: padded) }
      for (place, row) in rows.enumerated() { output[Int(cells[Int(row)]) * stride + place] = 1 }
    case .monomials(let terms, let centers, let scales):
      for (f, term) in terms.enumerated() {
        let target = output + f * stride
        guard let last = term.last else {
          target.update(repeating: 1, count: count)
          (target + count).update(repeating: 0, count: padded - count)
          continue
        }
        // The term without its last factor comes before it.
        let before =
          term.count == 1 ? nil : terms[..<f].firstIndex(of: Array(term.dropLast())).map { output + $0 * stride }
        let single = term.count == 1 ? nil : terms[..<f].firstIndex(of: [last]).map { output + $0 * stride }
        if let before, let single {
          for place in 0..<padded { target[place] = before[place] * single[place] }
        } else {
          let (column, center, factor) = (columns[last], centers[last], 1 / scales[last])
          for (place, row) in rows.enumerated() { target[place] = (column[Int(row)] - center) * factor }
          (target + count).update(repeating: 0, count: padded - count)
        }
      }
    }
  }
}
