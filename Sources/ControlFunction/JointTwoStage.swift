import LinearAlgebra
import Mixture

/// Two-stage least squares of y on φ with the joint model's own labels as instruments: a second opinion on the effect,
/// from sums that one pass with hard assignment leaves.
///
/// Instruments z are the columns of x and their products with the indicators of all labels but the first:
/// b = (φ'Pφ)⁻¹ φ'Py, P = Z (Z'Z)⁻¹ Z'.
package struct JointTwoStage: Sendable {
  /// b on all columns but y.
  package let coefficients: [Double]
  /// (φ'Pφ)⁻¹ φ'Z (Z'Z)⁻¹, which gives the influence of a row on b from its z times its residual.
  private let projection: Matrix
  /// The instruments, in the order of the columns of `projection`: a column of the design in the rows of one label, or
  /// of all where it is nil.
  private let instruments: [(label: Int?, column: Int)]

  /// - Parameters:
  ///   - labelled: the sums of the rows of each label, of the columns (1, …, t, y).
  ///   - exogenous: the number of leading columns that are functions of x alone.
  ///   - selection: how many of these are ρ, which labels multiply where all of them would be too many.
  /// - Returns: nil when the regression is not determined.
  package init?(_ labelled: SufficientStatistics, exogenous: Int, selection: Int) {
    let columns = labelled.columnCount
    let grams = (0..<labelled.groupCount).map(labelled.gram)
    let pooled = grams.dropFirst().reduce(grams[0], +)
    // With many instruments 2SLS leans on ordinary regression: then labels multiply ρ only.
    let isSmall = Double(exogenous * labelled.groupCount) * 10 <= labelled.total
    let crossed = 0..<(isSmall ? exogenous : selection)
    let all =
      (0..<exogenous).map { (label: Int?.none, column: $0) }
      + (1..<labelled.groupCount).flatMap { k in crossed.map { (label: Int?.some(k), column: $0) } }
    let (square, cross) = Self.products(of: all, grams, pooled: pooled)
    let dependent = Set(
      square.dependentColumns(inOrder: Array(all.indices), tolerance: JointContest.dependenceTolerance))
    let kept = all.indices.filter { !dependent.contains($0) }
    guard let factor = try? Cholesky(square.selecting(rows: kept, columns: kept)) else { return nil }
    let projected = cross.selecting(rows: kept, columns: Array(0..<columns))
    let firstStage = factor.solve(projected)
    // φ'P c, P the projection on the instruments.
    let fitted = projected.transposed * firstStage
    let regressors = Array(0..<columns - 1)
    guard let normal = try? Cholesky(fitted.selecting(rows: regressors, columns: regressors)) else { return nil }
    coefficients = normal.solve(regressors.map { fitted[$0, columns - 1] })
    projection = normal.solve(
      firstStage.selecting(rows: Array(kept.indices), columns: regressors).transposed)
    instruments = kept.map { all[$0] }
  }

  /// Σ z z' and Σ z c'.
  private static func products(
    of instruments: [(label: Int?, column: Int)], _ grams: [Matrix], pooled: Matrix
  ) -> (square: Matrix, cross: Matrix) {
    func product(_ instrument: (label: Int?, column: Int), _ column: Int) -> Double {
      (instrument.label.map { grams[$0] } ?? pooled)[instrument.column, column]
    }
    var square = Matrix(rows: instruments.count, columns: instruments.count)
    var cross = Matrix(rows: instruments.count, columns: pooled.columns)
    for (a, first) in instruments.enumerated() {
      for (b, second) in instruments.enumerated()
      where first.label == nil || second.label == nil || first.label == second.label {
        square[a, b] = first.label == nil ? product(second, first.column) : product(first, second.column)
      }
      for column in 0..<pooled.columns { cross[a, column] = product(first, column) }
    }
    return (square, cross)
  }

  /// The residual y - φ'b as a form of the design's columns.
  var residual: [Double] { coefficients.map(-) + [1] }

  /// The influence of a row with some label on b_j, but for its weight and its residual, as a form of the design's
  /// columns.
  func influence(on j: Int, label: Int) -> [Double] {
    var form = Array(repeating: 0.0, count: coefficients.count + 1)
    for (place, instrument) in instruments.enumerated() where instrument.label == nil || instrument.label == label {
      form[instrument.column] += projection[j, place]
    }
    return form
  }
}
