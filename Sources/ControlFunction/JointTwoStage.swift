import LinearAlgebra
import Mixture

/// Two-stage least squares of y on φ with the joint model's own posteriors as instruments: a second opinion on the effect,
/// from sums that an E step leaves.
///
/// Instruments z are the columns of x and products of the first of them with the posteriors γ_k of all groups but the first. Where the
/// model holds, E γ_k h(x) e is the mean of h(x) e over the rows of group k, e = y - φ'b, which is 0; of likeliest groups
/// that is not true, since they lean on y. b = (φ'Pφ)⁻¹ φ'Py, P = Z W⁻¹ Z', with W what Z'Z would be if posteriors were
/// 0 or 1: any W gives a consistent b.
package struct JointTwoStage: Sendable {
  /// b on all columns but y.
  package let coefficients: [Double]
  /// (φ'Pφ)⁻¹ φ'Z W⁻¹, which gives the influence of a row on b from its z times its residual.
  private let projection: Matrix
  /// The instruments, in the order of the columns of `projection`: a column of the design, times the posterior of a group
  /// unless that is nil.
  private let instruments: [(group: Int?, column: Int)]

  /// With L instruments 2SLS leans on ordinary regression by something like L / n, against an error of 1 / sqrt(n): the
  /// square of the one is to be small beside that of the other. In draws of 3,000 rows where the model holds, statistics
  /// of two degrees of freedom had a mean of 5.7 with 114 instruments and of 3.8 with 57.
  private static let rowsPerSquaredInstrument = 5.0

  /// - Parameters:
  ///   - statistics: of an E step, of the columns (1, …, t, y).
  ///   - exogenous: the number of leading columns that are functions of x alone.
  ///   - selection: how many of these are ρ, which posteriors multiply in any case; of the others as many as the rows can
  ///     carry.
  /// - Returns: nil when the regression is not determined.
  package init?(_ statistics: SufficientStatistics, exogenous: Int, selection: Int) {
    let columns = statistics.columnCount
    let grams = (0..<statistics.groupCount).map(statistics.gram)
    let pooled = grams.dropFirst().reduce(grams[0], +)
    let most = Int((statistics.total / Self.rowsPerSquaredInstrument).squareRoot()) / statistics.groupCount
    let crossed = 0..<min(exogenous, max(selection, most))
    let all =
      (0..<exogenous).map { (group: Int?.none, column: $0) }
      + (1..<statistics.groupCount).flatMap { k in crossed.map { (group: Int?.some(k), column: $0) } }
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

  /// W and Σ z c'.
  private static func products(
    of instruments: [(group: Int?, column: Int)], _ grams: [Matrix], pooled: Matrix
  ) -> (square: Matrix, cross: Matrix) {
    func product(_ instrument: (group: Int?, column: Int), _ column: Int) -> Double {
      (instrument.group.map { grams[$0] } ?? pooled)[instrument.column, column]
    }
    var square = Matrix(rows: instruments.count, columns: instruments.count)
    var cross = Matrix(rows: instruments.count, columns: pooled.columns)
    for (a, first) in instruments.enumerated() {
      for (b, second) in instruments.enumerated()
      where first.group == nil || second.group == nil || first.group == second.group {
        square[a, b] = first.group == nil ? product(second, first.column) : product(first, second.column)
      }
      for column in 0..<pooled.columns { cross[a, column] = product(first, column) }
    }
    return (square, cross)
  }

  /// The residual y - φ'b as a form of the design's columns.
  var residual: [Double] { coefficients.map(-) + [1] }

  /// What z is multiplied by in the influence of a row on b_j, as a form of the design's columns for each group: the
  /// influence is the row's weight times Σ_k γ_k form_k·c times its residual.
  func influence(on j: Int, group: Int) -> [Double] {
    var form = Array(repeating: 0.0, count: coefficients.count + 1)
    for (place, instrument) in instruments.enumerated() where instrument.group == nil || instrument.group == group {
      form[instrument.column] += projection[j, place]
    }
    return form
  }
}
