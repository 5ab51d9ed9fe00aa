import LinearAlgebra
import Mixture

/// Two-stage least squares of y on φ with the joint model's own labels as instruments: a second opinion on the effect,
/// from sums that one pass with hard assignment leaves.
///
/// Instruments are the columns of x and their products with the indicators of all labels but the first.
struct JointTwoStage {
  /// b on all columns but y.
  let coefficients: [Double]
  let covariance: Matrix

  /// - Returns: nil when the regression is not determined.
  init?(_ labelled: SufficientStatistics, basis: JointBasis) {
    let columns = basis.columnCount
    let exogenous = Array(0..<basis.treatmentColumns.lowerBound)
    // With many instruments 2SLS leans on ordinary regression: then labels multiply ρ only.
    let isSmall = Double(exogenous.count * labelled.groupCount) * 10 <= labelled.total
    let crossed = isSmall ? exogenous : Array(0..<basis.selectionCount)
    let grams = (0..<labelled.groupCount).map(labelled.gram)
    let pooled = grams.dropFirst().reduce(grams[0], +)

    // Σ z c' for the instruments z, and Σ z z'.
    let places =
      exogenous.map { (group: -1, column: $0) }
      + (1..<labelled.groupCount).flatMap { k in crossed.map { (group: k, column: $0) } }
    func product(_ place: (group: Int, column: Int), _ column: Int) -> Double {
      (place.group < 0 ? pooled : grams[place.group])[place.column, column]
    }
    var square = Matrix(rows: places.count, columns: places.count)
    var cross = Matrix(rows: places.count, columns: columns)
    for (a, first) in places.enumerated() {
      for (b, second) in places.enumerated() where first.group < 0 || second.group < 0 || first.group == second.group {
        square[a, b] = first.group < 0 ? product(second, first.column) : product(first, second.column)
      }
      for column in 0..<columns { cross[a, column] = product(first, column) }
    }
    let dependent = Set(
      square.dependentColumns(inOrder: Array(places.indices), tolerance: JointContest.dependenceTolerance))
    let kept = places.indices.filter { !dependent.contains($0) }
    guard let instruments = try? Cholesky(square.selecting(rows: kept, columns: kept)) else { return nil }
    let projected = cross.selecting(rows: kept, columns: Array(0..<columns))
    // φ'P c, P the projection on the instruments.
    let fitted = projected.transposed * instruments.solve(projected)
    let regressors = Array(0..<columns - 1)
    guard let normal = try? Cholesky(fitted.selecting(rows: regressors, columns: regressors)) else { return nil }
    coefficients = normal.solve(regressors.map { fitted[$0, columns - 1] })
    let residual = coefficients.map(-) + [1]
    let variance = residual.combined(with: pooled * residual) / labelled.total
    covariance = variance * normal.inverse
  }
}
