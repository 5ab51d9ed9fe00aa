/// One learned curve per covariate, r_j = (θ_j'B_j(x_j) - center_j) / scale_j on the spline basis B_j: the features
/// that groups with a common shape of effect share.
public struct SplineCurves: FeatureMap {
  let basis: SplineBasis
  /// θ_j per covariate, on the kept features of its term.
  let shapes: [[Double]]
  let centers: [Double]
  let scales: [Double]
  public let featureNames: [String]

  /// - Precondition: `shapes` holds, per covariate, a coefficient for each of its features.
  public init(
    basis: SplineBasis, covariateNames: [String], shapes: [[Double]], centers: [Double], scales: [Double]
  ) {
    precondition(shapes.reduce(0) { $0 + $1.count } == basis.dimension)
    self.basis = basis
    self.shapes = shapes
    self.centers = centers
    self.scales = scales
    featureNames = covariateNames.map { "h(\($0))" }
  }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    withUnsafeTemporaryAllocation(of: Double.self, capacity: basis.dimension * rowCount) { scratch in
      basis.transform(covariates, rowCount: rowCount, into: scratch.baseAddress!, stride: rowCount)
      var first = 0
      for (j, shape) in shapes.enumerated() {
        let target = features + j * stride
        for row in 0..<rowCount {
          var sum = 0.0
          for (offset, value) in shape.enumerated() { sum += value * scratch[(first + offset) * rowCount + row] }
          target[row] = (sum - centers[j]) / scales[j]
        }
        first += shape.count
      }
    }
  }
}
