import Mixture

/// How y depends on t in the joint model.
public enum OutcomeBasis: String, Sendable, Codable, CaseIterable {
  /// `quadratic` or B-splines of some fineness, by BIC.
  case auto
  /// t and t².
  case quadratic
  /// Cubic B-splines, their fineness by BIC.
  case spline
}

/// How y depends on x in the joint model; too small a basis is its worst danger, since what it misses looks like groups.
public enum CovariateBasis: String, Sendable, Codable, CaseIterable {
  /// The one of lowest BIC.
  case auto
  case polynomial3, polynomial4, polynomial5
  /// Additive cubic B-splines, and tensor products of coarser ones for every pair of covariates.
  case spline
}

/// How y depends, in the joint model, on the part of t that x and the group leave, V.
public enum ControlFunction: String, Sendable, Codable, CaseIterable {
  /// κ_k V.
  case linear
  /// κ_k V + κ2_k (V² - σ_k²).
  case quadratic
}

/// Everything that determines a joint fit besides the data.
public struct JointOptions: Sendable, Codable, Equatable {
  public var groups: Int
  public var outcomeBasis = OutcomeBasis.auto
  public var covariateBasis = CovariateBasis.auto
  /// Whether groups may shift y, the check that they move it through t only; whether y may bend with what x and the
  /// group leave of t; whether the shares of groups may depend on x.
  public var extensions = JointMixture.Extensions()
  /// Whether t is linear in x in every group; else BIC of t given x chooses between that and splines.
  public var hasLinearSelection = false
  /// Random starts, besides the solution of `regression`.
  public var starts = 30
  public var seed: UInt64 = 1
  /// Chunks that bases and starts are tried on when the rows have more.
  public var subsetChunks = Search.subsetChunks
  /// See ``Convergence``.
  public var tolerance = 1e-8
  public var maximumIterations = 1000

  public init(groups: Int) { self.groups = groups }

  var convergence: Convergence { Convergence(tolerance: tolerance, maximumPasses: maximumIterations) }

  /// The configuration of the mixture of regressions that the fit begins with.
  var regression: Configuration {
    var configuration = Configuration(groups: groups)
    if hasLinearSelection { configuration.representation = .identity }
    configuration.seed = seed
    configuration.tolerance = tolerance
    configuration.maximumIterations = maximumIterations
    return configuration
  }
}
