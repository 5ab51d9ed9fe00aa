import Features
import Frames
import LinearAlgebra
import Mixture

/// The bases that are made from the rows before there are groups.
extension Fitting {
  func basis() throws -> (Basis, events: [String]) {
    switch configuration.representation {
    case .identity:
      return (.identity(IdentityBasis(covariateNames: table.covariateNames)), [])
    case .polynomial:
      return (.polynomial(try polynomial()), [])
    case .spline:
      let (basis, _, events) = try splineBasis()
      return (.spline(basis), events)
    case .mixed, .network:
      preconditionFailure("learned in turn with the groups")
    }
  }

  /// The spline basis without features that others determine on these rows (ties, few distinct values), with its
  /// statistics on all rows.
  func splineBasis() throws -> (SplineBasis, pooled: SufficientStatistics, events: [String]) {
    var basis = try SplineBasis(fitting: table)
    var pooled = try design(basis).pooledStatistics()
    var events: [String] = []
    let dependent = pooled.gram(0).dependentColumns(inOrder: 0...basis.dimension)
    if !dependent.isEmpty {
      let names = dependent.map { basis.featureNames[$0 - 1] }
      events.append("left out \(names.count) spline functions that others determine: \(names.joined(separator: ", "))")
      basis = basis.dropping(Set(dependent.map { $0 - 1 }))
      pooled = try design(basis).pooledStatistics()
    }
    return (basis, pooled, events)
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

extension Design {
  /// The design of a representation, or of any features.
  public convenience init(
    table: Frame, representation: some FeatureMap, subset: ChunkSubset? = nil,
    replacement: RowReplacement = RowReplacement()
  ) {
    self.init(
      table: table, featureNames: representation.featureNames,
      features: representation.isIdentity ? nil : representation.transform, subset: subset, replacement: replacement)
  }
}
