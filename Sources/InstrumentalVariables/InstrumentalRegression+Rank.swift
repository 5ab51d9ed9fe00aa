import LinearAlgebra
import Regression
import Statistics

/// Cragg and Donald's statistic of the weakest direction of the first stage, for errors of one variance.
public struct CraggDonald: Sendable, Equatable {
  /// The smallest eigenvalue of S_DD⁻¹ A_DD times (n - L - c) / L.
  public let statistic: Double
  /// What it should exceed for a bias of 2SLS of at most a tenth of that of ordinary regression; nil where there is no
  /// entry in the table.
  public let critical: Double?
}

/// Kleibergen and Paap's test that the instruments do not identify all coefficients.
public struct KleibergenPaap: Sendable, Equatable {
  /// Against χ² with L - q + 1 degrees of freedom.
  public let test: ChiSquareTest
  /// The statistic over L, for small samples: comparable with ``CraggDonald``.
  public let f: Double
}

extension InstrumentalRegression {
  /// Cragg and Donald (1993), "Testing identifiability and specification in instrumental variable models".
  public func craggDonald() throws -> CraggDonald {
    let endogenous = Array(0..<endogenousCount)
    let block = PartialledProducts(
      projected: products.projected.selecting(rows: endogenous, columns: endogenous),
      residual: products.residual.selecting(rows: endogenous, columns: endogenous))
    let root = try Self.named(names) { try block.smallestRoot() }
    return CraggDonald(
      statistic: root * firstStageFreedom / Double(instrumentCount),
      critical: StockYogo.critical(endogenous: endogenousCount, instruments: instrumentCount))
  }

  /// Kleibergen and Paap (2006), "Generalized reduced rank tests using the singular value decomposition".
  ///
  /// Θ = q'D K', K S_DD K' = 1, has the singular vectors U, V. The smallest singular value s is tested by U2'Θ v, v the
  /// last of V and U2 orthogonal to all other left vectors: any basis of U2 gives the same statistic, and the variance of
  /// Θ v is that of Σ v q e'K'v.
  ///
  /// - Throws: ``Failure`` (numerical) when the variance cannot be inverted.
  public func kleibergenPaap(_ kind: InstrumentalCovariance = .hc0) throws -> KleibergenPaap {
    let endogenous = Array(0..<endogenousCount)
    let root = try Self.named(names) {
      try Cholesky(products.residual.selecting(rows: endogenous, columns: endogenous)).inverseLower
    }
    let theta = endogenousMoments * root.transposed
    let decomposition = try SingularValues(theta)
    let direction = root.transposed * endogenous.map { decomposition.right[$0, endogenousCount - 1] }
    // The complement of the other left vectors: eigenvectors of 0 of their projection come first.
    let others = decomposition.left.selecting(
      rows: Array(0..<instrumentCount), columns: Array(0..<endogenousCount - 1))
    let complement = try SymmetricEigen(others * others.transposed).vectors.selecting(
      rows: Array(0..<instrumentCount), columns: Array(0...overidentification))
    let image = complement.transposed * (endogenousMoments * direction)
    let variance = complement.transposed * firstStageVariance(direction, kind, isSmall: false) * complement
    let statistic = dot(image, try inverted(variance).solve(image))
    return KleibergenPaap(
      test: ChiSquareTest(statistic: statistic, degreesOfFreedom: overidentification + 1),
      f: statistic / smallSampleFactor(kind) / Double(instrumentCount))
  }

  /// What small samples multiply a variance of the first stage by; of two ways of clustering that of the fewer clusters.
  private func smallSampleFactor(_ kind: InstrumentalCovariance) -> Double {
    guard case .clustered(let ways) = kind else { return rowCount / firstStageFreedom }
    let groups = Double(clusterCount(ways))
    return groups / (groups - 1) * (rowCount - 1) / firstStageFreedom
  }
}
