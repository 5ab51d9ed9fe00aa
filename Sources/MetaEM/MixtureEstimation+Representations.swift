import Diagnostics
import Frames
import LinearAlgebra
import Mixture
import Representation

/// The representations that are made from the rows before there are groups.
extension MixtureEstimation {
  func representation() throws -> (AnyRepresentation, findings: [Finding]) {
    switch configuration.representation {
    case .identity:
      return (.identity(IdentityRepresentation(covariateNames: table.covariateNames)), [])
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
  func splineBasis() throws -> (SplineRepresentation, pooled: SufficientStatistics, findings: [Finding]) {
    var basis = try SplineRepresentation(fitting: table)
    var pooled = try design(.spline(basis)).pooledStatistics()
    var findings: [Finding] = []
    let dependent = pooled.gram(0).dependentColumns(1...basis.dimension)
    if !dependent.isEmpty {
      let names = dependent.map { basis.featureNames[$0 - 1] }
      findings.append(.note(.droppedSplineFunctions, [.names: .names(names)]))
      basis = basis.dropping(Set(dependent.map { $0 - 1 }))
      pooled = try design(.spline(basis)).pooledStatistics()
    }
    return (basis, pooled, findings)
  }

  func design(_ features: PolynomialFeatures, subset: ChunkSubset? = nil) -> Design {
    Design(
      table: table, featureNames: features.monomials.map { $0.map { table.covariateNames[$0] }.joined(separator: "*") },
      features: features.transform, subset: subset)
  }

  private func polynomial() throws -> PolynomialRepresentation {
    let m = table.covariateCount
    let degrees = PolynomialRepresentation.degrees.filter {
      $0 == 1 || PolynomialFeatures.count(covariates: m, degree: $0) <= PolynomialRepresentation.largestCount
    }
    // What standardising took away, in its units: powers are then those of the data as given, up to units.
    let origin = zip(scaling.centers, scaling.scales).prefix(m).map { $0 / $1 }
    let candidates = try degrees.map { degree in
      let features = PolynomialFeatures(degree: degree, origin: origin)
      let statistics = try design(features).statistics(folds: PolynomialRepresentation.foldCount)
      return try PolynomialRepresentation.Candidate(
        degree: degree, features: features,
        folds: (0..<PolynomialRepresentation.foldCount).map(statistics.gram))
    }
    return try PolynomialRepresentation(covariateNames: table.covariateNames, candidates: candidates)
  }
}

extension Matrix {
  /// The columns of this Gram matrix of (1, c) that depend linearly on the constant and the columns before them.
  func dependentColumns(_ columns: ClosedRange<Int>) -> [Int] {
    var kept = [0]
    var dependent: [Int] = []
    // One column more at a time, so that a dependent one does not hide those after it.
    for column in columns {
      let trial = kept + [column]
      let isDependent = (try? Cholesky(selecting(rows: trial, columns: trial))) == nil
      if isDependent { dependent.append(column) } else { kept = trial }
    }
    return dependent
  }
}
