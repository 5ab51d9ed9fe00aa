import LinearAlgebra
import Statistics

extension ChiSquareTest {
  /// The share of the largest eigenvalue below which a direction counts as without variance.
  public static let waldTolerance = 1e-10

  /// Wald's test of d = 0: d'V⁺d with as many degrees of freedom as V has rank (Andrews 1987).
  ///
  /// d and V are scaled to unit variances first, so that units do not matter. Directions that V says have no variance
  /// are left out, whatever d is along them.
  ///
  /// - Parameter tolerance: Eigenvalues of the correlation matrix up to this share of the largest count as 0.
  /// - Returns: nil when there is nothing to test: V is 0 or not finite, or has an eigenvalue that is negative beyond
  ///   rounding, so that it is no covariance.
  public init?(_ difference: [Double], covariance: Matrix, tolerance: Double = ChiSquareTest.waldTolerance) {
    precondition(covariance.isSquare && covariance.rows == difference.count, "a covariance is as long as its estimate")
    let scale = covariance.diagonal.map { $0 > 0 ? $0.squareRoot() : 1 }
    var correlation = covariance
    for i in scale.indices { for j in scale.indices { correlation[i, j] /= scale[i] * scale[j] } }
    guard difference.allSatisfy(\.isFinite), let eigen = try? SymmetricEigen(correlation),
      let largest = eigen.values.last, largest > 0, eigen.values[0] > -tolerance * largest
    else { return nil }
    let directions = eigen.vectors.transposed * zip(difference, scale).map { $0 / $1 }
    var (statistic, rank) = (0.0, 0)
    for (value, component) in zip(eigen.values, directions) where value > tolerance * largest {
      statistic += component * component / value
      rank += 1
    }
    self.init(statistic: statistic, degreesOfFreedom: rank)
  }
}
