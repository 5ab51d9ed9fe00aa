import Diagnostics
import Statistics
import Storage
import SyntheticPotentialOutcomes

/// Synthetic potential outcomes in numbers, as `--json` prints them, and for people.
public struct SyntheticOutcomesReport: Sendable, Encodable {
  public struct Features: Sendable, Encodable {
    public let treatment: [String]
    public let outcome: [String]
  }

  public struct Contrast: Sendable, Encodable {
    public let treated: Double
    public let control: Double
    public let naive: JackknifeEstimate
    public let ate: JackknifeEstimate

    init(_ contrast: ArmContrast) {
      (treated, control) = (contrast.treated, contrast.control)
      (naive, ate) = (contrast.naive, contrast.effect)
    }
  }

  public let rows: Int
  public let ranks: Int
  public let arms: [Double]
  public let features: Features
  public let naive: JackknifeEstimate
  public let ate: JackknifeEstimate
  public let contrasts: [Contrast]
  public let armMeans: [JackknifeEstimate]
  public let verdicts: Verdicts
  public let findings: [Finding]
  /// The findings that are reasons to doubt, in words.
  public let warnings: [String]
  public let strata: [StratumReport]
  public let resultDigest: String
  @NullEncoded public var posteriorDigest: String?
  public let seconds: Double
  let result: SyntheticOutcomesResult

  private enum CodingKeys: CodingKey {
    case rows, ranks, arms, features, naive, ate, contrasts, armMeans, verdicts, findings, warnings, strata
    case resultDigest, posteriorDigest, seconds
  }

  public init(_ result: SyntheticOutcomesResult, ranks: Int, posteriorDigest: String?, seconds: Double) {
    rows = result.rowCount
    self.ranks = ranks
    arms = result.arms
    features = Features(treatment: result.treatmentFeatures.names, outcome: result.outcomeFeatures.names)
    (naive, ate) = (result.contrasts[0].naive, result.contrasts[0].effect)
    contrasts = result.contrasts.map(Contrast.init)
    armMeans = result.armMeans
    verdicts = result.verdicts
    findings = result.findings
    warnings = result.findings.filter(\.isDoubt).map(\.words)
    strata = result.strata.map(StratumReport.init)
    resultDigest = result.digest()
    _posteriorDigest = NullEncoded(wrappedValue: posteriorDigest)
    self.seconds = seconds
    self.result = result
  }

  /// Where there are no strata, what is found in all rows stands beside the rest and `strata` is empty.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(rows, forKey: .rows)
    try container.encode(ranks, forKey: .ranks)
    try container.encode(arms, forKey: .arms)
    try container.encode(features, forKey: .features)
    try container.encode(findings, forKey: .findings)
    try container.encode(warnings, forKey: .warnings)
    try container.encode(resultDigest, forKey: .resultDigest)
    try container.encode(_posteriorDigest, forKey: .posteriorDigest)
    try container.encode(seconds, forKey: .seconds)
    if result.options.strata == nil {
      try container.encode([StratumReport](), forKey: .strata)
      return try strata[0].encode(to: encoder)
    }
    try container.encode(strata, forKey: .strata)
    try container.encode(naive, forKey: .naive)
    try container.encode(ate, forKey: .ate)
    try container.encode(contrasts, forKey: .contrasts)
    try container.encode(armMeans, forKey: .armMeans)
    try container.encode(verdicts, forKey: .verdicts)
  }
}

/// A stratum's numbers.
public struct StratumReport: Sendable, Encodable {
  public struct Class: Sendable, Encodable {
    public let share: JackknifeEstimate
    public let effect: JackknifeEstimate
    public let effects: [JackknifeEstimate]
    public let means: [JackknifeEstimate]
    public let features: [Double]

    init(_ found: ClassEstimate) {
      (share, effect, effects) = (found.share, found.effects[0], found.effects)
      (means, features) = (found.means, found.features)
    }
  }

  public struct Test: Sendable, Encodable {
    @NullEncoded public var arm: Double?
    @NullEncoded public var statistic: Double?
    @NullEncoded public var df: Int?
    @NullEncoded public var p: Double?
    public let testable: Bool

    init(_ test: ChiSquareTest?, arm: Double?) {
      _arm = NullEncoded(wrappedValue: arm)
      _statistic = NullEncoded(wrappedValue: test?.statistic)
      _df = NullEncoded(wrappedValue: test?.degreesOfFreedom)
      _p = NullEncoded(wrappedValue: test?.pValue)
      testable = test != nil
    }
  }

  public struct Strength: Sendable, Encodable {
    public let arm: Double
    public let value: JackknifeEstimate
    @NullEncoded public var ratio: Double?
    @NullEncoded public var condition: Double?

    init(_ strength: ProxyStrength) {
      (arm, value) = (strength.arm, strength.value)
      _ratio = NullEncoded(wrappedValue: strength.ratio)
      _condition = NullEncoded(wrappedValue: strength.condition)
    }
  }

  @NullEncoded public var stratum: String?
  public let stratumRows: Int
  public let share: Double
  public let armRows: [Int]
  public let classes: Int
  public let classesFound: Int
  public let rankValues: [Double]
  @NullEncoded public var rankP: Double?
  public let naive: JackknifeEstimate
  public let ate: JackknifeEstimate
  public let contrasts: [SyntheticOutcomesReport.Contrast]
  public let armMeans: [JackknifeEstimate]
  public let classTable: [Class]
  public let effectMoments: [JackknifeEstimate]
  public let tests: [String: [Test]]
  public let strength: [Strength]
  public let separation: [JackknifeEstimate]
  public let verdicts: Verdicts
  public let identified: String

  init(_ result: StratumResult) {
    _stratum = NullEncoded(wrappedValue: result.name)
    (stratumRows, share, armRows) = (result.rowCount, result.share, result.armRows)
    (classes, classesFound, rankValues) = (result.rank, result.foundRank, result.canonicalValues)
    _rankP = NullEncoded(wrappedValue: result.rankTest?.pValue)
    (naive, ate) = (result.contrasts[0].naive, result.contrasts[0].effect)
    contrasts = result.contrasts.map(SyntheticOutcomesReport.Contrast.init)
    armMeans = result.armMeans
    classTable = (result.classes ?? []).map(Class.init)
    effectMoments = result.effectMoments
    tests = [
      "zExcluded": result.treatmentProxiesExcluded.map { Test($0.test, arm: $0.arm) },
      "xExcluded": result.outcomeProxiesExcluded.map { Test($0.test, arm: $0.arm) },
      "xUntouched": [Test(result.outcomeProxiesUntouched, arm: nil)],
    ]
    strength = result.strengths.map(Strength.init)
    separation = result.separations
    verdicts = result.verdicts
    identified = result.verdicts.level
  }
}
