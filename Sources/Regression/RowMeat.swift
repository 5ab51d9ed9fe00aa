import LinearAlgebra

/// Σ s s' / (1 - h)^(2 exponent) over independent rows.
struct RowMeat: MeatSums {
  /// Below this share a row is fitted exactly: its score is nothing but rounding, and is left out.
  private static let leastFreedom = 1e-10

  let exponent: Double
  let isCorrected: Bool
  private var rowCount = 0.0
  private var products: Matrix

  init(width: Int, exponent: Double, isCorrected: Bool = false) {
    self.exponent = exponent
    self.isCorrected = isCorrected
    products = Matrix(rows: width, columns: width)
  }

  var summands: [Double] {
    get { [rowCount] + products.packedTriangle }
    set {
      rowCount = newValue[0]
      products = Matrix(packedTriangle: newValue.dropFirst(), order: products.rows)
    }
  }

  mutating func add(_ block: ScoreBlock, chunk: Int) {
    var scores = block.scores
    if exponent > 0 {
      for i in 0..<scores.rows {
        let factor = Self.factor(1 - block.leverages[i], exponent: exponent)
        for j in 0..<scores.columns { scores[i, j] *= factor }
      }
    }
    rowCount += Double(scores.rows)
    products = products + scores.transposed * scores
  }

  func matrix(parameterCount: Int) -> Matrix {
    isCorrected ? (rowCount / (rowCount - Double(parameterCount))) * products : products
  }

  private static func factor(_ freedom: Double, exponent: Double) -> Double {
    guard freedom > leastFreedom else { return 0 }
    return exponent == 1 ? 1 / freedom : 1 / freedom.squareRoot()
  }
}
