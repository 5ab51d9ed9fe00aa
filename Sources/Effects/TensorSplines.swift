import Features

/// Cubic B-splines of each covariate and the products of those of two: a sum of smooth functions of pairs.
struct TensorSplines: Sendable {
  /// For each covariate; nil for one that has too few values for a curve, which enters as it is.
  private let splines: [CubicSpline?]

  /// - Parameter knots: of each covariate, standardised, ascending; the first and the last are the ends of its range.
  init(knots: [[Double]]) {
    splines = knots.map { knots in
      zip(knots, knots.dropFirst()).allSatisfy(<) ? CubicSpline(breakpoints: knots) : nil
    }
  }

  private var counts: [Int] { splines.map { $0.map { $0.count - 1 } ?? 1 } }

  /// The number of functions, the constant aside.
  var count: Int {
    let counts = counts
    let (sum, squares) = (counts.reduce(0, +), counts.reduce(0) { $0 + $1 * $1 })
    return sum + (sum * sum - squares) / 2
  }

  /// Writes function j of row i to `output[j * stride + i]`.
  ///
  /// - Parameter covariates: standardised.
  func evaluate(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let counts = counts
    var next = 0
    let starts = counts.map { count in
      defer { next += count }
      return next
    }
    for (j, spline) in splines.enumerated() {
      let own = output + starts[j] * stride
      guard let spline else {
        own.update(from: covariates[j], count: rowCount)
        continue
      }
      spline.evaluate(covariates[j], count: rowCount, into: own, stride: stride)
    }
    for first in counts.indices {
      for second in counts.indices.dropFirst(first + 1) {
        for a in starts[first]..<starts[first] + counts[first] {
          for b in starts[second]..<starts[second] + counts[second] {
            let (left, right, target) = (output + a * stride, output + b * stride, output + next * stride)
            for row in 0..<rowCount { target[row] = left[row] * right[row] }
            next += 1
          }
        }
      }
    }
  }
}
