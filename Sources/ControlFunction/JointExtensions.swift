import LinearAlgebra
import Mixture
import Regression
import Statistics

/// How the outcome bends with the part of t that x and the group leave: κ2_k, in the units of the data.
public struct JointBends: Sendable, Equatable {
  public let kappa2: [Double]
  /// The standard errors of κ2_k; nil when the likelihood has no regular maximum here.
  public let standardErrors: [Double]?
  /// Wald's test of all κ2_k being 0: whether the quadratic term was needed.
  public let test: ChiSquareTest?

  /// Nil for a linear control function.
  init?(_ model: JointModel, _ covariance: JointCovariance?) {
    guard let bends = model.mixture.bends else { return nil }
    let unit = model.outcomeScale / (model.treatmentScale * model.treatmentScale)
    kappa2 = bends.map { $0 * unit }
    standardErrors = covariance.map { $0.standardErrors($0.parameters.bends).map { $0 * unit } }
    test = covariance.flatMap { ChiSquareTest(bends, covariance: $0.block(Array($0.parameters.bends))) }
  }
}

/// How the coefficient of V depends on x and t, in the units of the data: it is κ_k at their means, and moves by λ_j with a
/// unit of a variable.
public struct JointInteractions: Sendable, Equatable {
  /// The covariates and the treatment that it depends on.
  public let names: [String]
  public let lambda: [Double]
  /// The standard errors of λ; nil when the likelihood has no regular maximum here.
  public let standardErrors: [Double]?
  /// Wald's test of λ = 0.
  public let test: ChiSquareTest?

  /// Nil where it depends on the group alone.
  init?(_ model: JointModel, _ covariance: JointCovariance?) {
    guard let interactions = model.mixture.interactions, let control = model.basis.control else { return nil }
    let scales = model.covariateScales + [model.treatmentScale]
    let units = control.variables.map { model.outcomeScale / (model.treatmentScale * scales[$0]) }
    names = control.variables.map { (model.covariateNames + [model.treatmentName])[$0] }
    lambda = zip(interactions.coefficients, units).map { $0 * $1 }
    standardErrors = covariance.map { covariance in
      zip(covariance.standardErrors(covariance.parameters.interactions), units).map { $0 * $1 }
    }
    test = covariance.flatMap {
      ChiSquareTest(interactions.coefficients, covariance: $0.block(Array($0.parameters.interactions)))
    }
  }
}

/// How the shares of groups depend on covariates: log π_k(x) / π_0(x) = ω_k'ρ(x).
public struct JointShares: Sendable, Equatable {
  /// Of each group, the log odds against group 0 per unit of a covariate, in the units of the data, by its name; nil when
  /// ρ are splines or hold products, whose coefficients say nothing one by one.
  public let coefficients: [[String: Double]]?
  /// Wald's test of no share depending on x: whether the concomitants were needed.
  public let test: ChiSquareTest?

  /// Nil where shares are constant.
  init?(_ model: JointModel, _ covariance: JointCovariance?) {
    guard let omega = model.mixture.concomitants else { return nil }
    if case .identity = model.basis.selection {
      coefficients = omega.map { row in
        let values = zip(model.covariateNames, zip(row.dropFirst(), model.covariateScales)).map { ($0, $1.0 / $1.1) }
        return Dictionary(values) { first, _ in first }
      }
    } else {
      coefficients = nil
    }
    test = covariance.flatMap { covariance in
      let slopes = omega.dropFirst().flatMap { $0.dropFirst() }
      return ChiSquareTest(slopes, covariance: covariance.block(covariance.parameters.shareSlopes))
    }
  }
}
