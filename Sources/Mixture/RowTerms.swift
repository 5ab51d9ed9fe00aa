import Communication
import LinearAlgebra

/// The terms of a row's log densities that are no squares of linear forms: log shares that depend on the row, and what
/// form 1 loses by products with form 0.
package struct RowTerms: Sendable {
  /// Coefficients of form 0 in form 1 that vary with the row.
  package struct Pulls: Sendable {
    /// The columns C that they depend on.
    package let columns: [Int]
    /// l_k, by group and column.
    package let coefficients: [[Double]]

    package init(columns: [Int], coefficients: [[Double]]) {
      self.columns = columns
      self.coefficients = coefficients
    }
  }

  /// ω_k: π_k(c) = exp(ω_k'c) / Σ_j exp(ω_j'c) on the first columns; empty where shares are constant.
  package var logShares: [[Double]] = []
  /// q_k: the square of form 1 becomes that of form_1·c - q_k (form_0·c)²; empty where it does not.
  package var bends: [Double] = []
  /// The square of form 1 becomes that of form_1·c - (l_k·C) (form_0·c); nil where it does not.
  package var pulls: Pulls?

  package init(logShares: [[Double]] = [], bends: [Double] = [], pulls: Pulls? = nil) {
    self.logShares = logShares
    self.bends = bends
    self.pulls = pulls
  }

  /// Whether form 1 loses something.
  var hasLoss: Bool { !bends.isEmpty || pulls != nil }

  /// Writes what form 1 of a group loses at each row, from the values of form 0 there.
  func fillLoss(
    _ loss: UnsafeMutablePointer<Double>, group k: Int, _ block: Kernel.Block, first: UnsafePointer<Double>
  ) {
    loss.update(repeating: 0, count: block.rowCount)
    if let pulls {
      for (column, coefficient) in zip(pulls.columns, pulls.coefficients[k]) {
        let values = block.columns[column]!
        for row in 0..<block.rowCount { loss[row] += coefficient * values[row] }
      }
    }
    let bend = bends.isEmpty ? 0 : bends[k]
    for row in 0..<block.rowCount { loss[row] = first[row] * (loss[row] + bend * first[row]) }
  }

  /// The first columns, which shares depend on.
  var shareColumnCount: Int { logShares.first?.count ?? 0 }

  /// Writes what is added to the log density of each row and group to `offsets[k * stride + row]`, which are 0.
  ///
  /// - Parameter forms: two dense forms per group; read where form 1 loses something.
  func fill(_ offsets: UnsafeMutablePointer<Double>, stride: Int, _ block: Kernel.Block, forms: [[Double]]) {
    if !logShares.isEmpty { fillLogShares(offsets, stride: stride, block) }
    guard hasLoss else { return }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * stride) { scratch in
      let first = scratch.baseAddress!
      let (second, loss) = (first + stride, first + 2 * stride)
      for k in 0..<forms.count / 2 {
        block.evaluate(forms[2 * k], into: first)
        block.evaluate(forms[2 * k + 1], into: second)
        fillLoss(loss, group: k, block, first: first)
        // -1/2 ((second - loss)² - second²)
        for row in 0..<block.rowCount { offsets[k * stride + row] += loss[row] * (second[row] - 0.5 * loss[row]) }
      }
    }
  }

  /// Writes log π_k of each row to `target[k * stride + row]`.
  func fillLogShares(_ target: UnsafeMutablePointer<Double>, stride: Int, _ block: Kernel.Block) {
    let count = block.rowCount
    for (k, form) in logShares.enumerated() { block.evaluate(form, into: target + k * stride) }
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 3 * stride) { scratch in
      let largest = scratch.baseAddress!
      let (value, sum) = (largest + stride, largest + 2 * stride)
      largest.update(from: target, count: count)
      for k in 1..<logShares.count {
        for row in 0..<count { largest[row] = max(largest[row], target[k * stride + row]) }
      }
      sum.update(repeating: 0, count: count)
      for k in logShares.indices {
        for row in 0..<count {
          target[k * stride + row] -= largest[row]
          value[row] = target[k * stride + row]
        }
        Kernel.exponentials(of: value, count: count)
        for row in 0..<count { sum[row] += value[row] }
      }
      Kernel.logarithms(of: sum, count: count)
      for k in logShares.indices { for row in 0..<count { target[k * stride + row] -= sum[row] } }
    }
  }

  /// Writes π_k of each row to `target[k * stride + row]`.
  package func fillShares(_ target: UnsafeMutablePointer<Double>, stride: Int, _ block: Kernel.Block) {
    fillLogShares(target, stride: stride, block)
    for k in logShares.indices { Kernel.exponentials(of: target + k * stride, count: block.rowCount) }
  }
}

extension Kernel.Block {
  /// Writes scale · form·c of each row, on as many columns as the form has.
  package func evaluate(_ form: [Double], scale: Double = 1, into target: UnsafeMutablePointer<Double>) {
    target.update(repeating: 0, count: rowCount)
    let terms = form.enumerated().filter { $1 != 0 }.map { (values: columns[$0]!, factor: scale * $1) }
    // Four columns a round, added in the same order: the target is read and written a quarter as often.
    let inFours = terms.count / 4 * 4
    for first in stride(from: 0, to: inFours, by: 4) {
      let (a, b, c, d) = (terms[first], terms[first + 1], terms[first + 2], terms[first + 3])
      for row in 0..<rowCount {
        target[row] =
          target[row] + a.factor * a.values[row] + b.factor * b.values[row] + c.factor * c.values[row] + d.factor
          * d.values[row]
      }
    }
    for (values, factor) in terms[inFours...] {
      for row in 0..<rowCount { target[row] += factor * values[row] }
    }
  }
}
