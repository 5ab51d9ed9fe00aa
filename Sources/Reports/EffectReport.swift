import Diagnostics
import Effects
import InstrumentalVariables
import Statistics
import Storage

/// An effect in numbers, as `--json` prints them, and for people.
public struct EffectReport: Sendable, Encodable {
  /// What the groups are.
  public enum Instrument: Sendable {
    /// Those that a run found; `isExogenous` says whether their weights do not lean on the error of the outcome.
    case groups(run: String, distribution: String, label: PosteriorInstrument.Label, isExogenous: Bool)
    /// A column names them.
    case column(String)
    /// None: columns of numbers, or what a rule makes of them.
    case values(String, of: [String])
    case none
  }

  /// One test: its statistic, degrees of freedom and p-value.
  public struct Test: Sendable, Encodable {
    public let statistic: Double
    public let df: [Double]
    public let p: Double

    init(_ test: ChiSquareTest) {
      (statistic, df, p) = (test.statistic, [Double(test.degreesOfFreedom)], test.pValue)
    }

    init(_ test: FTest) { (statistic, df, p) = (test.statistic, [test.numerator, test.denominator], test.pValue) }
  }

  public struct Bootstrap: Sendable, Encodable {
    public let replicates: Int
    public let failed: Int
  }

  public struct FirstStage: Sendable, Encodable {
    public let partialR2: Double
    public let sheaR2: Double
    public let f: Double
    public let fP: Double
    @NullEncoded public var robustF: Double?
    public let effectiveF: Double
    public let effectiveFCritical: Double
    @NullEncoded public var conditionalF: Double?

    init(_ statistics: FirstStageStatistics) {
      partialR2 = statistics.partialRSquared
      sheaR2 = statistics.sheaRSquared
      (f, fP) = (statistics.f.statistic, statistics.f.pValue)
      _robustF = NullEncoded(wrappedValue: statistics.robustF?.statistic)
      effectiveF = statistics.effectiveF
      effectiveFCritical = statistics.effectiveFCritical
      _conditionalF = NullEncoded(wrappedValue: statistics.conditionalF?.statistic)
    }
  }

  public struct Method: Sendable, Encodable {
    public let covariance: String
    public let averageSlope: EffectEstimate
    public let contrasts: [ContrastEstimate]
    public let coefficients: [EffectEstimate]
    public let coefficientCovariance: [Double]
    public let curve: [CurvePoint]
    @NullEncoded public var k: Double?
    /// How far the answers for rows are from the truth where it is known; null for methods that do not come first.
    @NullEncoded public var ite: Double?
    @NullEncoded public var outcome: Double?

    init(_ answer: EffectAnswer, _ errors: EffectErrors?) {
      covariance = answer.covarianceKind.words
      averageSlope = answer.averageSlope
      contrasts = answer.contrasts
      coefficients = answer.terms
      coefficientCovariance = answer.covariance
      curve = answer.curve
      _k = NullEncoded(wrappedValue: answer.k)
      _ite = NullEncoded(wrappedValue: errors?.ite)
      _outcome = NullEncoded(wrappedValue: errors?.outcome)
    }
  }

  public let rows: Int
  /// n: the number of rows, or the sum of frequencies.
  public let observations: Int
  public let ranks: Int
  public let groups: [String]
  public let groupShares: [Double]
  public let instrument: String
  public let instrumentBasis: String
  @NullEncoded public var label: String?
  public let outcomeBasis: String
  public let basisCriteria: [FormCriterion]
  /// Of what functions of covariates the outcomes of single rows are made; null where they are not found.
  @NullEncoded public var levelBasis: String?
  public let controls: [String]
  public let instruments: [String]
  public let dropped: [String]
  public let reference: Double
  /// The method whose answers come first.
  public let estimator: String
  public let methods: [String: Method]
  /// The methods of --method side by side, and those that disagree with sieve2sls.
  public let ladder: [String: Rung]
  public let disagreements: [String]
  /// What the model of the groups answers itself.
  @NullEncoded public var model: ModelAnswer?
  public let firstStage: [String: FirstStage]
  /// Null without an instrument, as the tests and sets that are not there.
  @NullEncoded public var craggDonald: Double?
  @NullEncoded public var kleibergenPaap: Test?
  @NullEncoded public var kleibergenPaapF: Double?
  public let tests: [String: Test]
  /// The columns that errors are clustered by.
  public let clusters: [String]
  /// Answers at given covariates, in their order.
  public let atX: [CovariateAnswer]
  /// Confidence sets of the average slope as intervals; null is an infinite end.
  public let sets: [String: [[Double?]]]
  /// What the standard errors take in.
  public let standardErrors: EffectOptions.Errors
  @NullEncoded public var bootstrap: Bootstrap?
  public let headline: Headline
  public let leaveOneOut: [LeftOut]
  public let pairs: [Subset]
  public let sensitivity: [PlausibleExogeneity.Interval]
  public let breakdown: Breakdown
  @NullEncoded public var balance: Balance?
  @NullEncoded public var labels: Labels?
  public let verdict: [Sentence]
  public let effectDigest: String
  public let findings: [Finding]
  /// The findings in words.
  public let events: [String]
  /// The findings that are reasons to doubt, in words.
  public let warnings: [String]
  let result: EffectResult
  let errors: EffectErrors?
  let source: Instrument

  private enum CodingKeys: CodingKey {
    case rows, observations, ranks, groups, groupShares, instrument, instrumentBasis, label, outcomeBasis
    case basisCriteria, levelBasis, controls, instruments, dropped, reference, estimator, methods, ladder, model
    case disagreements, firstStage, craggDonald, kleibergenPaap, kleibergenPaapF, clusters, atX, tests, sets
    case standardErrors, bootstrap, headline, leaveOneOut, pairs, sensitivity, breakdown, balance, labels, verdict
    case effectDigest, findings, events, warnings
  }

  /// - Parameter errors: of the method that comes first, where the truth is known.
  public init(_ result: EffectResult, instrument: Instrument, ranks: Int, errors: EffectErrors? = nil) {
    let diagnostics = result.diagnostics
    (rows, observations) = (result.rowCount, result.observationCount)
    self.ranks = ranks
    groups = result.groupNames
    groupShares = result.groupShares
    self.instrument = instrument.words
    instrumentBasis = result.options.instrumentBasis.rawValue
    _label = NullEncoded(wrappedValue: instrument.label?.rawValue)
    outcomeBasis = result.form.description
    basisCriteria = result.formCriteria
    _levelBasis = NullEncoded(wrappedValue: result.surface?.levelBasis)
    controls = result.controlNames
    instruments = result.instrumentNames
    dropped = result.dropped.map(\.name)
    reference = result.reference
    estimator = result.headline.method.rawValue
    let first = result.headline.method
    methods = Dictionary(
      uniqueKeysWithValues: result.answers.map { ($0.method.rawValue, Method($0, $0.method == first ? errors : nil)) })
    ladder = Dictionary(uniqueKeysWithValues: result.ladder.map { ($0.method.name, Rung($0)) })
    disagreements = result.ladder.filter(\.disagrees).map(\.method.name)
    clusters = result.options.clusters
    atX = result.places
    _model = NullEncoded(wrappedValue: result.modelAnswer)
    firstStage = Dictionary(
      uniqueKeysWithValues: (diagnostics?.firstStage ?? []).map { ($0.name, FirstStage($0)) })
    _craggDonald = NullEncoded(wrappedValue: diagnostics?.craggDonald.statistic)
    _kleibergenPaap = NullEncoded(wrappedValue: (diagnostics?.kleibergenPaap.test).map(Test.init))
    _kleibergenPaapF = NullEncoded(wrappedValue: diagnostics?.kleibergenPaap.f)
    let tests: [(String, Test?)] = [
      ("hansenJ", (diagnostics?.hansenJ).map(Test.init)), ("sargan", (diagnostics?.sargan).map(Test.init)),
      ("basmann", (diagnostics?.basmann).map(Test.init)), ("wuHausman", (diagnostics?.wuHausman).map(Test.init)),
      ("durbin", (diagnostics?.durbin).map(Test.init)), ("wooldridge", (diagnostics?.wooldridge).map(Test.init)),
    ]
    self.tests = Dictionary(uniqueKeysWithValues: tests.compactMap { name, test in test.map { (name, $0) } })
    let sets: [(String, ConfidenceSet?)] = [
      ("andersonRubin", diagnostics?.andersonRubin),
      ("andersonRubinProjection", diagnostics?.projectedAndersonRubin), ("lm", diagnostics?.lagrangeMultiplier),
      ("clr", diagnostics?.conditionalLikelihoodRatio),
    ]
    self.sets = Dictionary(
      uniqueKeysWithValues: sets.compactMap { name, set in
        set.map { (name, $0.ends) }
      })
    let audit = result.audit
    headline = Headline(result)
    leaveOneOut = audit?.comparisons.leftOut.map { LeftOut($0, result.groupNames) } ?? []
    pairs = audit?.comparisons.pairs.map { Subset($0, result.groupNames) } ?? []
    sensitivity = audit?.sensitivity?.intervals ?? []
    breakdown = Breakdown(
      shift: audit?.sensitivity?.breakdown[.shift], shiftByX: audit?.sensitivity?.breakdown[.shiftByX])
    _balance = NullEncoded(
      wrappedValue: audit.map { Balance($0.balance, groups: result.groupNames, covariates: result.covariateNames) })
    _labels = NullEncoded(wrappedValue: audit.map { Labels($0.labels) })
    verdict = result.verdict.map { Sentence($0, result) } + (Sentence(leaning: instrument, result).map { [$0] } ?? [])
    standardErrors = result.errors
    _bootstrap = NullEncoded(
      wrappedValue: result.bootstrap.map { Bootstrap(replicates: $0.replicates.count, failed: $0.failedCount) })
    effectDigest = result.digest()
    findings = result.findings + instrument.findings
    events = findings.map(\.words)
    warnings = findings.filter(\.isDoubt).map(\.words)
    self.result = result
    self.errors = errors
    source = instrument
  }
}

extension EffectReport.Instrument {
  /// How a report names it.
  var words: String {
    switch self {
    case .groups(_, let distribution, _, _): distribution
    case .column(let name), .values(let name, _): name
    case .none: "none"
    }
  }

  /// Where the instruments come from, for a heading.
  func source(groups: Int, label: String) -> String {
    switch self {
    case .groups, .column: "\(groups) groups by \(words)\(label)"
    case .values(let name, of: let columns):
      columns == [name] ? "instrument \(name)" : "instrument \(name) of \(columns.joined(separator: ", "))"
    case .none: "no instrument"
    }
  }

  /// What stays of the covariates in an instrument.
  var centring: String { if case .values = self { "at the mean of the treatment given it" } else { "recentred" } }

  var label: PosteriorInstrument.Label? { if case .groups(_, _, let label, _) = self { label } else { nil } }

  /// Groups found from covariates and treatment alone take part of the treatment's error for the group.
  var findings: [Finding] {
    guard case .groups(_, let distribution, let label, isExogenous: false) = self else { return [] }
    return [Finding(.labelsLean, [.distribution: .name(distribution), .label: .name(label.rawValue)])]
  }
}

extension InstrumentalCovariance {
  /// How a report names it.
  var words: String {
    switch self {
    case .unadjusted: "homoskedastic"
    case .hc0: "HC0"
    case .hc1: "HC1"
    case .hc2: "HC2"
    case .hc3: "HC3"
    case .clustered(let ways): ways.count == 1 ? "clustered" : "clustered in two ways"
    }
  }
}
