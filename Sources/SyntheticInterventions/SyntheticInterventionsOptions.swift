/// What determines synthetic interventions, besides the panel.
public struct SyntheticInterventionsOptions: Sendable, Codable, Equatable {
  /// The units that are answered for.
  public enum Targets: Sendable, Codable, Equatable {
    /// Every unit under every arm.
    case all
    /// Every unit under the arm that it came under: what validation looks at.
    case own
    /// These, by name, under every arm.
    case named([String])
  }

  /// How donors are weighed.
  public enum Weighting: String, Sendable, Codable, CaseIterable {
    /// Principal component regression: the weights of least norm.
    case principalComponents = "pcr"
    /// As many donors as the rank, chosen by pivoted QR: the published estimator.
    case biasCorrected = "bias-corrected"
  }

  /// The noise variance of the published intervals.
  public enum Variance: String, Sendable, Codable, CaseIterable {
    /// That of the target before and that of donors after, by their degrees of freedom.
    case pooled
    /// The same two, each with the degrees of freedom of the other, as published code has it: only to reproduce.
    case published
    /// That of the target before.
    case target
    /// That of donors after.
    case donors
  }

  /// How a donor is left out where it is a target under its own arm.
  public enum LeaveOut: String, Sendable, Codable, CaseIterable {
    /// `exact` while units × p³ is at most 2e11, else `fixed-subspace`.
    case automatic = "auto"
    /// The arm is fitted again without it.
    case exact
    /// The singular subspace of all donors stays, and the regression on it is without the unit.
    case fixedSubspace = "fixed-subspace"
  }

  /// The difference of the outcomes of a unit under two arms.
  public struct Contrast: Sendable, Codable, Equatable {
    public let treated: String
    public let control: String

    public init(treated: String, control: String) {
      self.treated = treated
      self.control = control
    }
  }

  /// The periods before, and those asked for.
  public var windows: PeriodWindows
  /// Other periods that are asked for, of some arms by name.
  public var armWindows: [String: Range<Int>] = [:]
  public var targets = Targets.all
  /// The arms that are answered for, by name; empty for all.
  public var arms: [String] = []
  /// The donors of some arms, by name; other arms have all units that came under them.
  public var donors: [String: [String]] = [:]
  /// Units that are neither donors nor targets.
  public var excluded: [String] = []
  public var weighting = Weighting.principalComponents
  public var rank = RankRule.universalThreshold
  /// Other rules for some arms, by name.
  public var armRanks: [String: RankRule] = [:]
  public var variance = Variance.pooled
  /// The interval that is shown, where it exists.
  public var interval = IntervalKind.calibrated
  /// The level of intervals and of confidence sets; one minus that of tests.
  public var level = 0.95
  public var leaveOut = LeaveOut.automatic
  public var contrasts: [Contrast] = []
  /// The outcomes that are looked at, by name; empty for all.
  public var metrics: [String] = []
  /// Whether every never-treated donor is taken for treated in turn.
  public var placeboSpace = false
  /// Whether the target is among the donors of these placebos.
  public var placeboIncludesTarget = false
  /// Periods before, by their places, at which the treatment is taken to begin.
  public var placeboTimes: [Int] = []
  public var leavesOneDonorOut = false
  /// Whether the smallest effect that placebos in space would show is looked for.
  public var findsPower = false
  /// Whether effects are averaged over units that came under their arms at times of their own.
  public var eventStudy = false
  /// Of the draws of placebo cohorts.
  public var seed: UInt64 = 0

  public init(windows: PeriodWindows) { self.windows = windows }

  /// Takes the configuration of the published application: its estimator, rank rule, variance and prediction interval.
  public mutating func takePublished() {
    weighting = .biasCorrected
    rank = .donoho
    armRanks = [:]
    variance = .published
    interval = .published
  }
}

/// An interval of an estimate by how it is made.
public enum IntervalKind: String, Sendable, Codable, CaseIterable {
  /// The prediction interval of `delta`, or of `published` for bias-corrected weights, times the factor with which those
  /// of the donors cover their own outcomes at the level (conformal over units).
  case calibrated
  /// From the errors of weights and of donors by the delta method; of principal component regression alone.
  case delta
  /// θ ± z σ √((1 + |w|²) / T1), as published.
  case published
}
