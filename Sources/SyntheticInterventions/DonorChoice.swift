import LinearAlgebra

/// As many donors Ω as the rank, whose coordinates C_Ω determine weights of their own: w = C_Ω⁻¹ U'y on Ω, 0 elsewhere
/// (the bias-corrected estimator).
struct DonorChoice: Sendable {
  /// Ω in the order of the pivots.
  let units: [Int]
  /// C_Ω⁻¹ [k, k], Z_Ω C_Ω⁻¹ [q, k] and its means over periods [M, k], over scales.
  let inverse: Matrix
  private let path: Matrix
  private let means: Matrix
  /// The choices without each unit of Ω, for these as targets; empty where too few donors are left.
  var others: [DonorChoice] = []

  /// - Parameters:
  ///   - coordinates: C_Ω [k, k].
  ///   - after: Z_Ω [q, k] over scales.
  init(units: [Int], coordinates: Matrix, after: Matrix, metricCount: Int) throws {
    self.units = units
    inverse = try SingularValues(coordinates).pseudoInverse()
    path = after * inverse
    var means = Matrix(rows: metricCount, columns: units.count)
    for i in 0..<path.rows {
      for j in 0..<path.columns { means[i % metricCount, j] += path[i, j] / Double(path.rows / metricCount) }
    }
    self.means = means
  }

  /// The choice for a donor as target; nil where fewer others are left than it takes.
  func without(_ unit: Int) -> DonorChoice? {
    guard let place = units.firstIndex(of: unit) else { return self }
    return others.isEmpty ? nil : others[place]
  }

  /// θ over the scale, and |w|².
  func answer(_ c: TargetCoordinates, _ metric: Int) -> (estimate: Double, weightSquare: Double) {
    let estimate = units.indices.reduce(0.0) { $0 + means[metric, $1] * c[$1] }
    return (estimate, weights(c).reduce(0) { $0 + $1 * $1 })
  }

  /// w on Ω.
  func weights(_ c: TargetCoordinates) -> [Double] {
    units.indices.map { i in units.indices.reduce(0.0) { $0 + inverse[i, $1] * c[$1] } }
  }

  /// The outcome in a cell after, over the scale.
  func outcome(_ c: TargetCoordinates, _ cell: Int) -> Double {
    units.indices.reduce(0.0) { $0 + path[cell, $1] * c[$1] }
  }
}
