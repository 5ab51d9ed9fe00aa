import Mixture
import Storage

/// A way to choose the number of groups.
public enum SweepCriterion: String, Sendable, CaseIterable, Codable {
  /// The lowest BIC: the default.
  case bic
  /// The lowest ICL.
  case icl
  /// The highest held-out log-likelihood.
  case heldOutLogLikelihood
  /// The paper's: of two groups or more, the lowest MMD.
  case mmd
  /// The most groups on which starts agree as far as on any; see ``SweepChoice/agreementTolerance``.
  case agreement
  /// The fewest groups that the likelihood-ratio test does not reject for one more; see ``SweepChoice/level``.
  case likelihoodRatioTest
}

extension SweepCriterion {
  /// A name for people.
  public var title: String {
    switch self {
    case .bic: "BIC"
    case .icl: "ICL"
    case .heldOutLogLikelihood: "held out"
    case .mmd: "MMD"
    case .agreement: "agreement"
    case .likelihoodRatioTest: "p of one more"
    }
  }

  /// What the criterion compares of a fit.
  package func value(_ result: SweepResult) -> Double? {
    // Likelihoods of (r, t) are not of one thing where each fit has learned an r of its own.
    if result.cell.distribution != .regression && result.cell.representation.isLearned,
      [.bic, .icl, .heldOutLogLikelihood].contains(self)
    {
      return nil
    }
    return switch self {
    case .bic: result.bic
    case .icl: result.icl
    case .heldOutLogLikelihood: result.heldOutLogLikelihood
    case .mmd: result.mmd
    case .agreement: result.agreement
    case .likelihoodRatioTest:
      // Fewer replicates could never reject.
      result.likelihoodRatioTest.flatMap { 1 / Double(1 + $0.replicates) <= SweepChoice.level ? $0.pValue : nil }
    }
  }
}

/// The number of groups that each criterion chooses among the fits of one kind.
public struct SweepChoice: Sendable, Encodable {
  /// The choice of one criterion, and the values it chose by, by number of groups.
  public struct Choice: Sendable, Encodable {
    @NullEncoded public var groups: Int?
    public let values: [Int: Double]
  }

  /// Starts agree as far as on any number of groups when their index is within this of the highest. Merged groups can be
  /// found as reliably as the true ones, so of several numbers the largest counts (Ben-Hur, Elisseeff and Guyon 2002).
  public static let agreementTolerance = 0.005
  /// The likelihood-ratio test rejects at p values up to this, which take 19 replicates.
  public static let level = 0.05

  public let representation: RepresentationKind
  public let distribution: DistributionKind
  public let lambda: Double?
  /// The choice of each criterion, by the names of ``SweepCriterion``.
  public let criteria: [String: Choice]
  /// By number of groups, of the seeds the one of lowest BIC, the first where there is none.
  package let best: [Int: SweepResult]

  public subscript(_ criterion: SweepCriterion) -> Choice { criteria[criterion.rawValue]! }

  public var kind: SweepKind {
    SweepKind(representation: representation, distribution: distribution, lambda: lambda)
  }

  package init(_ kind: SweepKind, _ results: [SweepResult]) {
    representation = kind.representation
    distribution = kind.distribution
    lambda = kind.lambda
    var best: [Int: SweepResult] = [:]
    for result in results where result.cell.kind == kind && result.failure == nil {
      let rival = best[result.cell.groups]
      if rival == nil || result.bic ?? 0 < rival?.bic ?? 0 { best[result.cell.groups] = result }
    }
    self.best = best
    criteria = Dictionary(
      uniqueKeysWithValues: SweepCriterion.allCases.map { ($0.rawValue, Self.choice(by: $0, best)) })
  }

  private static func choice(by criterion: SweepCriterion, _ best: [Int: SweepResult]) -> Choice {
    let values = best.compactMapValues(criterion.value)
    // Ascending in K, so that the fewest groups win between equal values.
    let ordered = values.sorted { $0.key < $1.key }
    let groups: Int? =
      switch criterion {
      case .bic, .icl, .mmd: ordered.min { $0.value < $1.value }?.key
      case .heldOutLogLikelihood: ordered.min { $0.value > $1.value }?.key
      case .agreement:
        ordered.last { entry in ordered.allSatisfy { entry.value >= $0.value - agreementTolerance } }?.key
      case .likelihoodRatioTest: ordered.first { $0.value > level }?.key
      }
    return Choice(groups: groups, values: values)
  }
}
