import Communication
import Diagnostics
import InstrumentalVariables
import LinearAlgebra
import Regression

/// Least squares of the outcome on the controls and functions of t, where there is no instrument: three passes, with
/// robust errors.
struct OrdinaryRegression: Sendable {
  /// Of the functions of t.
  let coefficients: [Double]
  let covariance: Matrix

  /// Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (data) that names a column which others determine.
  init(_ source: EffectRows, _ kind: MeatKind) throws {
    let names = source.names.controls + source.names.endogenous + [source.names.response]
    let scales = try Self.scales(source, count: names.count)
    func matrix(_ chunk: InstrumentalChunk) -> (columns: Matrix, weights: [Double]) {
      var columns = Matrix(rows: chunk.rowCount, columns: names.count + 1, repeating: 1)
      for (j, column) in chunk.columns.enumerated() {
        for row in 0..<chunk.rowCount {
          columns[row, j + 1] = (column[row] - scales.means[j]) / scales.deviations[j]
        }
      }
      return (columns, (0..<chunk.rowCount).map { scales.weightFactor * (chunk.weights?[$0] ?? 1) })
    }
    let order = names.count + 1
    let sums = try source.rows.sum([Double](repeating: 0, count: order * order)) { sums, index in
      try source.withChunk(index) { chunk in
        var (columns, weights) = matrix(chunk)
        for row in 0..<columns.rows {
          let root = weights[row].squareRoot()
          for j in 0..<order { columns[row, j] *= root }
        }
        sums = zip(sums, columns.gram.values).map { $0 + $1 }
      }
    }
    let fit: LeastSquares
    do {
      fit = try LeastSquares(
        Matrix(rows: order, columns: order, values: sums), regressors: Array(0..<order - 1), response: order - 1)
    } catch {
      let name = error.column == 0 ? "the constant" : "'\(names[error.column - 1])'"
      throw Failure(
        .data,
        "\(name) is a combination of the other columns of the regression; choose a smaller --covariate-basis or "
          + "--outcome-basis")
    }
    let meat = try source.rows.sum(Meat(kind, width: order - 1)) { meat, index in
      try source.withChunk(index) { chunk in
        let (columns, weights) = matrix(chunk)
        meat.add(fit.scores.block(columns, weights: weights), chunk: index)
      }
    }
    let sandwich = Sandwich(bread: fit.bread, meat: meat.matrix)
    let own = Array(1 + source.names.controls.count..<order - 1)
    let units = own.map { scales.deviations[order - 2] / scales.deviations[$0 - 1] }
    coefficients = zip(own, units).map { fit.coefficients[$0] * $1 }
    var covariance = sandwich.covariance.selecting(rows: own, columns: own)
    for i in own.indices { for j in own.indices { covariance[i, j] *= units[i] * units[j] } }
    self.covariance = covariance
  }

  /// Means and standard deviations of the columns, and what brings the weights of rows with weight to mean 1.
  private static func scales(
    _ source: EffectRows, count: Int
  ) throws -> (means: [Double], deviations: [Double], weightFactor: Double) {
    func moments(_ value: (Int, Double) -> Double) throws -> [Double] {
      try source.rows.sum([Double](repeating: 0, count: count + 2)) { sums, index in
        try source.withChunk(index) { chunk in
          for row in 0..<chunk.rowCount {
            let weight = chunk.weights?[row] ?? 1
            sums[count] += weight
            sums[count + 1] += weight > 0 ? 1 : 0
            for j in 0..<count { sums[j] += weight * value(j, chunk.columns[j][row]) }
          }
        }
      }
    }
    let first = try moments { $1 }
    let means = first[..<count].map { $0 / first[count] }
    let second = try moments { j, value in (value - means[j]) * (value - means[j]) }
    let deviations = second[..<count].map { max(($0 / first[count]).squareRoot(), .leastNormalMagnitude) }
    return (means, deviations, first[count + 1] / first[count])
  }
}
