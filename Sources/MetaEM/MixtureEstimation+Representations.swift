import Diagnostics
import Features
import Frames
import LinearAlgebra
import Mixture

/// The bases that are made from the rows before there are groups.
extension MixtureEstimation {
  func basis() throws -> (Basis, findings: [Finding]) {
    switch configuration.representation {
    case .identity:
      return (.identity(IdentityBasis(covariateNames: table.covariateNames)), [])
    case .polynomial:
      return (.polynomial(try polynomial()), [])
    case .spline:
      let (basis, _, findings) = try splineBasis()
      return (.spline(basis), findings)
    case .mixed, .network:
      preconditionFailure("learned in turn with the groups")
    }
  }

  /// The spline basis without features that others determine on these rows (ties, few distinct values), with its
  /// statistics on all rows.
  ///
  /// - Parameter products: of two covariates each, that it holds too.
  func splineBasis(
    with products: [[Int]] = []
  ) throws -> (SplineBasis, pooled: SufficientStatistics, findings: [Finding]) {
    var basis = try SplineBasis(fitting: table)
      .appending(products: products, covariateNames: table.covariateNames)
    var pooled = try design(basis).pooledStatistics()
    var findings: [Finding] = []
    let dependent = pooled.gram(0).dependentColumns(inOrder: 0...basis.dimension)
    if !dependent.isEmpty {
      let names = dependent.map { basis.featureNames[$0 - 1] }
      findings.append(.note(.droppedSplineFunctions, [.names: .names(names)]))
      basis = basis.dropping(Set(dependent.map { $0 - 1 }))
      pooled = try design(basis).pooledStatistics()
    }
    return (basis, pooled, findings)
  }

  private func polynomial() throws -> PolynomialCurves {
    let m = table.covariateCount
    let degrees = PolynomialCurves.degrees.filter {
      $0 == 1 || PolynomialBasis.count(covariates: m, degree: $0) <= PolynomialCurves.largestCount
    }
    // What standardising took away, in its units: powers are then those of the data as given, up to units.
    let origin = zip(scaling.centers, scaling.scales).prefix(m).map { $0 / $1 }
    let candidates = try degrees.map { degree in
      let features = PolynomialBasis(degree: degree, covariateNames: table.covariateNames, origin: origin)
      let statistics = try design(features).statistics(folds: PolynomialCurves.foldCount)
      return try PolynomialCurves.Candidate(
        degree: degree, features: features,
        folds: (0..<PolynomialCurves.foldCount).map(statistics.gram))
    }
    return try PolynomialCurves(covariateNames: table.covariateNames, candidates: candidates)
  }
}
