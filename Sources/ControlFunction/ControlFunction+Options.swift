import Mixture

/// How y depends on t in the joint model.
public enum OutcomeBasis: String, Sendable, Codable, CaseIterable {
  /// `quadratic` or B-splines of some fineness, by BIC.
  case auto
  /// The outcome is quadratic in t, on t and t².
  case quadratic
  /// Cubic B-splines, their fineness by BIC.
  case spline
}

/// How y depends on x in the joint model; too small a basis is its worst danger, since what it misses looks like groups.
public enum CovariateBasis: String, Sendable, Codable, CaseIterable {
  /// The basis of lowest BIC is taken, of `polynomial3` to `polynomial5` and `spline`; of smaller ones where the rows carry
  /// none of these.
  case auto
  case polynomial2, polynomial3, polynomial4, polynomial5
  /// Additive cubic B-splines.
  case additive
  /// Additive cubic B-splines, and tensor products of coarser ones for every pair of covariates.
  case spline
}

/// How y depends, in the joint model, on the part of t that x and the group leave, V: the form of the control function.
public enum ControlForm: String, Sendable, Codable, CaseIterable {
  /// `linear` or `interacted`, by score tests and BIC.
  case auto
  /// The outcome moves by κ_k V.
  case linear
  /// The outcome moves by (κ_k + λ'C) V, with C columns of x and t: the effect varies with the confounder, or the strength
  /// of confounding with covariates.
  case interacted
  /// The outcome moves by κ_k V + κ2_k (V² - σ_k²).
  case quadratic
}

extension ControlFunction {
  /// Whether the coefficient of V may depend on x and t.
  public enum Interaction: String, Sendable, Codable {
    case none
    /// On x, on t or on both where score tests say so, if BIC falls.
    case chosen
    /// On both.
    case given
  }

  /// Everything that determines a joint fit besides the data and the groups that it starts from.
  public struct Options: Sendable, Codable, Equatable {
    public var groups: Int
    public var outcomeBasis = OutcomeBasis.auto
    public var covariateBasis = CovariateBasis.auto
    /// Whether groups may shift y, the check that they move it through t only; whether y may bend with what x and the
    /// group leave of t; whether the shares of groups may depend on x.
    public var extensions = JointMixture.Extensions()
    /// Not with an outcome that may bend.
    public var interaction = Interaction.chosen
    /// The law of both errors; nil for the normal one.
    public var errors: StudentErrors?
    /// The standard deviation of noise in the treatment as it was measured, which effects are to be free of, in the units of the
    /// data; nil for none.
    public var treatmentError: Double?
    /// The number of random starts, besides the groups of t given x.
    public var starts = 30
    public var seed: UInt64 = 1
    /// Chunks that bases and starts are tried on when the rows have more.
    public var subsetChunks = Search.subsetChunks
    /// The rise of the log-likelihood per row at which a fit has converged; see ``Convergence``.
    public var tolerance = 1e-8
    public var maximumIterations = 1000

    public init(groups: Int) { self.groups = groups }

    var convergence: Convergence { Convergence(tolerance: tolerance, maximumPasses: maximumIterations) }
  }
}
