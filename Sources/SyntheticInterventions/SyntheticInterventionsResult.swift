import Diagnostics
import Statistics
import Storage

/// What every unit would have seen under every arm.
///
/// Only the cells of the first targets are listed; the files have all.
public struct SyntheticInterventionsResult: Sendable, Codable, Equatable {
  /// The most cells that are listed.
  public static let mostCells = 1000

  public let options: SyntheticInterventionsOptions
  /// Units and periods of the panel.
  public let units: Int
  public let periods: Int
  /// The units that are answered for.
  public let targets: Int
  /// The outcomes that are looked at.
  public let metrics: [String]
  /// How donors were left out: never `automatic`.
  public let leaveOut: SyntheticInterventionsOptions.LeaveOut
  /// Share of the cells of all windows that are missing, and were filled where donors lack them.
  public let shareMissing: Double
  /// Rounds in which cells of donors were filled; 0 where none are missing.
  public let fillRounds: Int
  public let arms: [ArmAnswer]
  /// Target by target, arm by arm, metric by metric.
  public let cells: [CellAnswer]
  public let contrasts: [ContrastAnswer]
  public let placeboSpace: [PlaceboInSpace]
  public let placeboTime: [PlaceboInTime]
  public let leaveOneDonorOut: [DonorRange]
  /// By metric.
  public let eventStudy: [EventStudy]
  /// By metric.
  public let power: [PlaceboPower]
  /// Everything that a reader should know before trusting it, the most serious first.
  public let warnings: [Finding]
  /// The SHA-256 of the bits of all answers: the same on any number of ranks, for units in any files, streamed or not.
  public let tableDigest: String
}

/// The donors of an arm, and how far they can be believed.
public struct ArmAnswer: Sendable, Codable, Equatable {
  public let name: String
  public let donors: Int
  public let rank: Int
  /// Labels of the first and last period that is asked for.
  public let after: [String]
  /// Residual standard deviation of the targets before, the root of the mean over targets other than donors.
  @NullEncoded public var sigmaTarget: Double?
  /// σ₂ of donors after, and σ₃ of donors before: what their subspace leaves.
  @NullEncoded public var sigmaDonors: Double?
  @NullEncoded public var sigmaPre: Double?
  @NullEncoded public var fitTest: PostPeriodFit?
  @NullEncoded public var subspace: SubspaceInclusion?
  /// Donors whose own outcome lies in the interval that the others give it, before calibration.
  public let validation: ValidationCoverage
  /// What is found from the donors that lack no outcome; null where none lacks any.
  @NullEncoded public var completeDonors: CompleteDonors?
  /// What widens intervals so that donors are covered; null where the donors are too few for the level.
  @NullEncoded public var calibrationFactor: Double?
  /// Singular values of the donors' outcomes before, descending, and the value above which the rule takes them.
  public let spectrum: [Double]
  @NullEncoded public var threshold: Double?
  /// s_k / s_{k+1}.
  @NullEncoded public var gap: Double?
  public let verdict: InterventionVerdict
}

/// The test that donors' outcomes after still lie in the factors of their outcomes before, F = v₂c / v₃.
public struct PostPeriodFit: Sendable, Codable, Equatable {
  public let f: Double
  public let p: Double
  public let df1: Double
  public let df2: Double
}

/// How far the subspace of donors' outcomes after leaves that of those before: τ = k₂ - |V_pre'V_post|².
public struct SubspaceInclusion: Sendable, Codable, Equatable {
  public let tau: Double
  /// Null where no noise is left to tell it from.
  @NullEncoded public var criticalValue: Double?
  public let k1: Int
  public let k2: Int
  /// Whether it says something: with less than ten periods after, or one factor in them, it has no power.
  public let hasPower: Bool

  /// Whether τ is above the critical value.
  public var isRejected: Bool { criticalValue.map { tau > $0 } ?? false }
  /// τ > .1 k₂, the heuristic of the paper.
  public var failsHeuristic: Bool { tau > 0.1 * Double(k2) }
}

/// An arm whose donors with missing outcomes are dropped instead of filled.
public struct CompleteDonors: Sendable, Codable, Equatable {
  /// Those that lack nothing.
  public let donors: Int
  /// Null where fewer than two are left.
  @NullEncoded public var rank: Int?
  /// The largest move of an estimate that is listed, of targets other than donors, over half its interval before
  /// calibration; null where there is none.
  @NullEncoded public var shift: Double?
}

/// Of so many donors with an outcome of their own and an interval, those that are covered.
public struct ValidationCoverage: Sendable, Codable, Equatable {
  public var covered: Int
  public var of: Int
  /// The interval, `delta` or `published`.
  public let interval: IntervalKind
}

/// An interval by its name.
public struct NamedInterval: Sendable, Codable, Equatable {
  /// `calibrated`, `delta-prediction`, `delta-confidence`, `published-prediction` or `published-confidence`.
  public let name: String
  public let lower: Double
  public let upper: Double
}

/// A target under an arm.
public struct CellAnswer: Sendable, Codable, Equatable {
  public let unit: String
  public let arm: String
  public let metric: String
  /// Whether the unit came under this arm; it is then no donor of itself.
  public let own: Bool
  @NullEncoded public var estimate: Double?
  @NullEncoded public var lower: Double?
  @NullEncoded public var upper: Double?
  /// What the interval is; null where there is none.
  @NullEncoded public var interval: IntervalKind?
  /// Why there is no interval, or not the one asked for.
  @NullEncoded public var reason: String?
  /// All intervals there are.
  public var intervals: [NamedInterval]
  /// The unit's mean in the periods that are asked for, under the arm that it came under.
  @NullEncoded public var observed: Double?
  /// Observed - estimate; under the own arm it is the error of validation.
  @NullEncoded public var effect: Double?
  /// |w|.
  @NullEncoded public var weightNorm: Double?
  /// The largest |w_j| over Σ|w_j|, and (Σ|w_j|)² / Σw_j²; null where weights were not formed.
  @NullEncoded public var largestShare: Double?
  @NullEncoded public var effectiveDonors: Double?
  /// Donors with weight whose outcomes before correlate negatively with the target's.
  @NullEncoded public var negativeDonors: Int?
  @NullEncoded public var preRMSE: Double?
  public let rank: Int
  /// The estimates of principal component regression of ranks 1, 2, … 8.
  public let rankPath: [Double?]
  /// By period.
  public let path: [Double?]
  public let observedPath: [Double?]
}

/// The difference of a unit's outcomes under two arms.
public struct ContrastAnswer: Sendable, Codable, Equatable {
  public let unit: String
  public let metric: String
  public let treated: String
  public let control: String
  @NullEncoded public var estimate: Double?
  @NullEncoded public var standardError: Double?
  @NullEncoded public var lower: Double?
  @NullEncoded public var upper: Double?
  @NullEncoded public var reason: String?
}

/// A target among never-treated donors that are each taken for treated.
public struct PlaceboInSpace: Sendable, Codable, Equatable {
  public let unit: String
  public let metric: String
  /// √(mean square of gaps after / before).
  public let ratio: Double
  /// Of target and placebos, 1 being the largest ratio.
  public let rank: Int
  public let of: Int
  public let p: Double
  /// Share of target and placebos whose signed ratio is at least as far on the target's side.
  public let oneSidedP: Double
  /// The constant effects that are not rejected; null where the set is empty or unbounded, see ``reason``.
  @NullEncoded public var lower: Double?
  @NullEncoded public var upper: Double?
  @NullEncoded public var reason: String?
  /// By period, null where the outcome is missing, and those of the placebos with their names and ratios, of which a
  /// report lists the first ones.
  public let gaps: [Double?]
  public internal(set) var placebos: [Placebo]
}

/// A never-treated donor taken for treated.
public struct Placebo: Sendable, Codable, Equatable {
  public let unit: String
  public let ratio: Double
  public let gaps: [Double?]
}

/// A target whose treatment is taken to begin before it did.
public struct PlaceboInTime: Sendable, Codable, Equatable {
  public let unit: String
  public let metric: String
  /// The label of the period at which it is taken to begin.
  public let start: String
  public let rank: Int
  /// Mean observed - estimated, with its prediction interval.
  public let gap: Double
  @NullEncoded public var lower: Double?
  @NullEncoded public var upper: Double?
  @NullEncoded public var interval: IntervalKind?
  @NullEncoded public var reason: String?
  /// √(mean square of gaps after / before); null where it is reproduced without an error before.
  @NullEncoded public var ratio: Double?
}

/// The range of an estimate over its donors, each dropped in turn.
public struct DonorRange: Sendable, Codable, Equatable {
  public let unit: String
  public let arm: String
  public let metric: String
  public let lowest: Double
  /// The donor without which the estimate is lowest.
  public let lowestWithout: String
  public let highest: Double
  public let highestWithout: String
}

/// Effects averaged over units by the time since they came under their arms.
public struct EventStudy: Sendable, Codable, Equatable {
  public struct Effect: Sendable, Codable, Equatable {
    /// Null where no treated unit has an outcome.
    @NullEncoded public var estimate: Double?
    @NullEncoded public var lower: Double?
    @NullEncoded public var upper: Double?
  }

  public struct Cohort: Sendable, Codable, Equatable {
    /// The label of the first period under an arm.
    public let start: String
    public let treated: Int
    public let donors: Int
    public let rank: Int
    /// By periods since.
    public let effects: [Double?]
  }

  public let metric: String
  public let cohorts: [Cohort]
  /// By periods since, and over all of them.
  public let effects: [Effect]
  public let overall: Effect
  /// Units whose windows the panel does not have, or that have too few donors.
  public let leftOut: [String]
  public let draws: Int
  /// Why there are no intervals.
  @NullEncoded public var reason: String?
}

/// The smallest constant effects that the test by placebos in space finds in 80% of untreated units.
public struct PlaceboPower: Sendable, Codable, Equatable {
  public let metric: String
  @NullEncoded public var positive: Double?
  @NullEncoded public var negative: Double?
  public let units: Int
  @NullEncoded public var reason: String?
}
