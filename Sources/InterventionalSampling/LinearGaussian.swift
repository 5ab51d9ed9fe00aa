import LinearAlgebra
import Networks

/// A linear mean with normal errors, by least squares: in closed form what the training of a network without hidden layers
/// comes to.
enum LinearGaussian {
  /// Parameters of one dense layer, constant first, and the standard deviation of the errors. Collective; one pass.
  ///
  /// - Parameter variables: the parents and the variable.
  static func fit(
    _ source: ModelRows, _ variables: [Int], inputs: NetworkInputs, target: Standardization
  ) throws -> (parameters: [Double], deviation: Double) {
    let (raw, stride) = (inputs.rawWidth + 1, NetworkBlock.stride)
    let order = inputs.width + 2
    let sums = try source.rows.sum([Double](repeating: 0, count: order * order)) { partial, chunk in
      let copy = try source.copy(chunk, variables)
      let (columns, encoded) = (AlignedBuffer(count: raw * stride), AlignedBuffer(count: order * stride))
      var row = [Double](repeating: 0, count: raw)
      let chunkRows = source.rows.grid.rows(ofChunk: chunk)
      for first in Swift.stride(from: chunkRows.lowerBound, to: chunkRows.upperBound, by: NetworkBlock.longest) {
        let own = first..<min(first + NetworkBlock.longest, chunkRows.upperBound)
        for (index, number) in own.enumerated() {
          row.withUnsafeMutableBufferPointer { copy(number, $0.baseAddress!) }
          for (column, value) in row.enumerated() { columns.pointer[column * stride + index] = value }
        }
        encoded.pointer.update(repeating: 1, count: own.count)
        inputs.encode(columns.pointer, rowCount: own.count, to: encoded.pointer + stride)
        let last = encoded.pointer + (order - 1) * stride
        last.update(from: columns.pointer + (raw - 1) * stride, count: own.count)
        target.standardize(last, rowCount: own.count)
        for i in 0..<order {
          for j in 0...i {
            var sum = 0.0
            for index in 0..<own.count {
              sum += encoded.pointer[i * stride + index] * encoded.pointer[j * stride + index]
            }
            partial[i * order + j] += sum
          }
        }
      }
    }
    let count = order - 1
    func entry(_ i: Int, _ j: Int) -> Double { sums[max(i, j) * order + min(i, j)] }
    var products = Matrix(rows: count, columns: count)
    for i in 0..<count { for j in 0..<count { products[i, j] = entry(i, j) } }
    let right = (0..<count).map { entry($0, count) }
    let parameters = try products.leastNormSolutions([right])[0]
    let explained = zip(parameters, right).reduce(0.0) { $0 + $1.0 * $1.1 }
    let rest = max(0, entry(count, count) - explained) / Double(source.rows.rowCount)
    return (parameters, rest.squareRoot())
  }
}

extension Matrix {
  /// The shortest x of A x = b for the products A of columns that may repeat others, as those of a category add up to the
  /// constant: along the eigenvectors of A, but for those whose values are smaller than 1e-10 of the largest.
  func leastNormSolutions(_ rights: [[Double]]) throws -> [[Double]] {
    let eigen = try SymmetricEigen(self)
    let kept = eigen.values.indices.filter { eigen.values[$0] > 1e-10 * eigen.values.last! }
    return rights.map { right in
      var solution = [Double](repeating: 0, count: rows)
      for column in kept {
        let projection =
          (0..<rows).reduce(0.0) { $0 + eigen.vectors[$1, column] * right[$1] } / eigen.values[column]
        for i in 0..<rows { solution[i] += projection * eigen.vectors[i, column] }
      }
      return solution
    }
  }
}
