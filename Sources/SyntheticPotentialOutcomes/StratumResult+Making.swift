import Diagnostics
import LinearAlgebra
import Statistics

extension StratumResult {
  /// What a stratum's results are made of.
  struct Ingredients {
    let name: String?
    let arms: [Double]
    let contrasts: [(treated: Int, control: Int)]
    let moments: [ArmMoments]
    let totalWeight: Double
    let jackknife: Jackknife<StratumAnswer>
    let tests: SpecificationTests
    let constant: [Double]
    let scale: OutcomeScale
    let hasOutcomeCells: Bool
  }

  init(_ from: Ingredients) {
    let (jackknife, arms) = (from.jackknife, from.arms)
    let whole = jackknife.whole
    let canonical = whole.whitened.canonical
    name = from.name
    armRows = from.moments.map { Int($0.rowCount) }
    rowCount = armRows.reduce(0, +)
    share = whole.whitened.weight / from.totalWeight
    (rank, foundRank) = (whole.rank, canonical.rank)
    (canonicalValues, noise) = (canonical.values, canonical.noise)
    rankTest = canonical.test(whole.rank)
    armMeans = arms.indices.map { t in jackknife.estimate { $0.means[t] }! }
    contrasts = Self.contrasts(from.contrasts, arms, jackknife)
    effectMoments = whole.effectMoments.indices.map { l in jackknife.estimate { $0.effectMoments[l] }! }
    let classes = Self.classes(jackknife, from.contrasts)
    self.classes = classes
    classCovariance = classes == nil ? nil : jackknife.covariance { $0.classes?.parameters }
    let (treated, control) = from.contrasts[0]
    let separations = (1..<max(1, classes?.count ?? 1)).map { u in
      jackknife.estimate { $0.classes.map { $0.effects(treated, control)[u] - $0.effects(treated, control)[u - 1] } }!
    }
    self.separations = separations
    treatmentProxiesExcluded = zip(arms, from.tests.treatmentProxiesExcluded).map { ArmTest(arm: $0, test: $1) }
    outcomeProxiesExcluded = zip(arms, from.tests.outcomeProxiesExcluded).map { ArmTest(arm: $0, test: $1) }
    outcomeProxiesUntouched = from.tests.outcomeProxiesUntouched
    let strengths = arms.indices.map { t in
      let value = jackknife.estimate { $0.strengths[t] }!
      let singular = whole.bridge.singularValues[t]
      return ProxyStrength(
        arm: arms[t], value: value, ratio: value.standardError.flatMap { $0 > 0 ? value.estimate / $0 : nil },
        condition: singular[0] / singular[whole.rank - 1])
    }
    self.strengths = strengths
    let judgement = StratumJudgement(from, classes: classes, strengths: strengths, separations: separations)
    (verdicts, findings) = (judgement.verdicts, judgement.findings)
    posteriors = from.hasOutcomeCells ? whole.classes.map { Self.posteriors($0, whole.whitened) } : nil
    matrices = BridgeMatrices(from.moments, whole, constant: from.constant, scale: from.scale)
  }

  private static func contrasts(
    _ pairs: [(treated: Int, control: Int)], _ arms: [Double], _ jackknife: Jackknife<StratumAnswer>
  ) -> [ArmContrast] {
    pairs.map { treated, control in
      ArmContrast(
        treated: arms[treated], control: arms[control],
        naive: jackknife.estimate { $0.naiveMeans[treated] - $0.naiveMeans[control] }!,
        effect: jackknife.estimate { $0.means[treated] - $0.means[control] }!)
    }
  }

  private static func classes(
    _ jackknife: Jackknife<StratumAnswer>, _ contrasts: [(treated: Int, control: Int)]
  ) -> [ClassEstimate]? {
    guard let found = jackknife.whole.classes else { return nil }
    let unwhitening = jackknife.whole.whitened.unwhitening
    return (0..<found.count).map { u in
      ClassEstimate(
        share: jackknife.estimate { $0.classes?.shares[u] }!,
        effects: contrasts.map { treated, control in
          jackknife.estimate { $0.classes?.effects(treated, control)[u] }!
        },
        means: found.means.indices.map { t in jackknife.estimate { $0.classes?.means[t][u] }! },
        features: unwhitening * found.features[u])
    }
  }

  /// P(u | x) = P(u) P(x | u) / P(x) for each cell x, negative numbers taken for 0 and the rest scaled to add up to 1.
  private static func posteriors(_ classes: LatentClasses, _ whitened: WhitenedArms) -> [[Double]] {
    let cells = classes.features.map { whitened.unwhitening * $0 }
    return (0..<whitened.unwhitening.rows).map { cell in
      let joint = zip(classes.shares, cells).map { max(0, $0 * $1[cell]) }
      let sum = joint.reduce(0, +)
      return joint.map { sum > 0 ? $0 / sum : 1 / Double(joint.count) }
    }
  }
}

/// What speaks for and against the answers of a stratum.
struct StratumJudgement {
  private(set) var findings: [Finding] = []
  let verdicts: Verdicts

  init(
    _ from: StratumResult.Ingredients, classes: [ClassEstimate]?, strengths: [ProxyStrength],
    separations: [JackknifeEstimate]
  ) {
    let answer = from.jackknife.whole
    var average = Verdict.identified
    var mixture = Verdict.identified
    var findings: [Finding] = []
    func add(_ code: Finding.Code, _ values: [Finding.Key: Finding.Value] = [:], isNote: Bool = false) {
      var values = values
      if let name = from.name { values[.stratum] = .name(name) }
      findings.append(isNote ? .note(code, values) : Finding(code, values))
    }
    // The rank.
    if answer.rank == 1 {
      average = max(average, .doubtful)
      add(.oneClassSeen)
    }
    let found = answer.whitened.canonical.rank
    if answer.rank > found {
      average = max(average, .doubtful)
      add(.moreClassesThanRank, [.groups: .count(answer.rank), .fewerGroups: .count(found)])
    }
    // The strength of the proxies.
    let worst = strengths.map { Verdicts.of(strengthRatio: $0.ratio) }
    average = max(average, answer.rank == 1 ? .identified : worst.max()!)
    let weak = zip(strengths, worst).filter { $1 != .identified && answer.rank > 1 }.map(\.0)
    if !weak.isEmpty {
      add(
        .weakProxies,
        [.names: .names(weak.map(\.arm.words)), .value: .number(weak.compactMap(\.ratio).min() ?? 0)])
    }
    // The tests.
    let tests: [(Finding.Code, ChiSquareTest?)] = [
      (.treatmentProxiesLead, SpecificationTests.joint(from.tests.treatmentProxiesExcluded)),
      (.outcomeProxiesTouched, from.tests.outcomeProxiesUntouched),
      (.outcomeProxiesLead, SpecificationTests.joint(from.tests.outcomeProxiesExcluded)),
    ]
    for (code, test) in tests {
      let verdict = Verdicts.of(pValue: test?.pValue)
      if code == .outcomeProxiesLead { mixture = max(mixture, verdict) } else { average = max(average, verdict) }
      if let test, verdict != .identified { add(code, [.test: test.value]) }
    }
    let untestable = tests.filter { $0.1 == nil }.map(\.0.rawValue)
    if !untestable.isEmpty { add(.proxiesUntestable, [.names: .names(untestable)], isNote: true) }
    // The classes.
    if let reason = answer.withoutClasses {
      mixture = .notIdentified
      add(reason == .complex ? .classesComplex : .classesCoincide)
    }
    for estimate in (classes ?? []).map(\.share) {
      let margin = 2 * (estimate.standardError ?? 0)
      guard estimate.estimate < -margin || estimate.estimate > 1 + margin else { continue }
      mixture = .notIdentified
      add(.shareImpossible, [.value: .number(estimate.estimate)])
    }
    let lost = from.jackknife.replicates.count { $0.classes == nil }
    if classes != nil, lost > 0 {
      mixture = max(mixture, .doubtful)
      add(.replicatesWithoutClasses, [.count: .count(lost), .total: .count(from.jackknife.replicates.count)])
    }
    if separations.contains(where: { ($0.lower ?? 0) <= 0 }) {
      mixture = max(mixture, .doubtful)
      add(.classesAlike)
    }
    self.findings = findings
    verdicts = Verdicts(averageEffect: average, classes: mixture)
  }
}

extension ChiSquareTest {
  var value: Finding.Value { .test(statistic: statistic, degreesOfFreedom: degreesOfFreedom, pValue: pValue) }
}
