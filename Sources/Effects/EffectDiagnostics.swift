import Diagnostics
import InstrumentalVariables
import Statistics

/// Whether the instruments can be trusted: how strong they are, whether they agree, and what is known however weak they
/// are.
public struct EffectDiagnostics: Sendable {
  /// One for each function of t.
  public let firstStage: [FirstStageStatistics]
  public let craggDonald: CraggDonald
  /// The test of the functions of t not being identified.
  public let kleibergenPaap: KleibergenPaap
  /// Hansen's J of labels times covariates, or of the index instruments, whichever set the estimates use; nil where they are just
  /// as many as functions.
  public let hansenJ: ChiSquareTest?
  /// For errors of one variance.
  public let sargan: ChiSquareTest?
  public let basmann: ChiSquareTest?
  public let wuHausman: FTest
  public let durbin: ChiSquareTest
  /// The robust form of Wu and Hausman's test.
  public let wooldridge: ChiSquareTest
  /// For the average slope.
  public let andersonRubin: ConfidenceSet
  /// The same by projection, however weakly the other coefficients are identified; nil where it is not asked for.
  public let projectedAndersonRubin: ConfidenceSet?
  public let lagrangeMultiplier: ConfidenceSet
  /// For errors of one variance; nil with several functions of t.
  public let conditionalLikelihoodRatio: ConfidenceSet?

  /// - Parameters:
  ///   - regression: of the estimates.
  ///   - tested: that with the instruments that are asked whether they agree.
  ///   - slope: the weights of the average slope on the coefficients.
  ///   - kind: what the errors may be.
  ///   - hasProjection: whether to find ``projectedAndersonRubin``.
  init(
    _ regression: InstrumentalRegression, tested: InstrumentalRegression, slope: [Double],
    _ kind: InstrumentalCovariance, hasProjection: Bool
  ) throws {
    firstStage = try regression.firstStage(kind == .hc0 ? .hc1 : kind)
    craggDonald = try regression.craggDonald()
    kleibergenPaap = try regression.kleibergenPaap(kind)
    hansenJ = try tested.hansenJ(kind)
    sargan = try regression.sargan()
    basmann = try regression.basmann()
    wuHausman = try regression.wuHausman()
    durbin = try regression.durbin()
    wooldridge = try regression.wooldridge(kind)
    andersonRubin = try regression.andersonRubinSet(slope, kind)
    projectedAndersonRubin =
      hasProjection ? try regression.andersonRubinSet(slope, nuisance: .projected, kind) : nil
    lagrangeMultiplier = try regression.lagrangeMultiplierSet(slope, kind)
    conditionalLikelihoodRatio = try regression.conditionalLikelihoodRatioSet()
  }

  // MARK: What follows

  /// Levels at which the findings are made.
  static let identificationLevel = 0.05
  static let overidentificationLevel = 0.01
  static let endogeneityLevel = 0.05

  /// Whether the functions of t can be told apart at all.
  public var isIdentified: Bool { kleibergenPaap.test.pValue <= Self.identificationLevel }

  /// Whether the Wald intervals can be relied upon: the effective F of t exceeds its critical value and, with several
  /// functions of t, the smallest of all exceeds that of Cragg and Donald's statistic.
  public var isStrong: Bool {
    guard let first = firstStage.first, first.effectiveF >= first.effectiveFCritical else { return false }
    return firstStage.count == 1 || craggDonald.statistic >= craggDonaldCritical
  }

  /// That of Stock and Yogo where they give one, else the rule of thumb.
  public var craggDonaldCritical: Double { craggDonald.critical ?? 10 }

  public var instrumentsAgree: Bool { hansenJ.map { $0.pValue >= Self.overidentificationLevel } ?? true }

  public var isConfounded: Bool { wooldridge.pValue <= Self.endogeneityLevel }

  /// What of this a reader should know before trusting the effect.
  var findings: [Finding] {
    var findings: [Finding] = []
    if !isIdentified {
      findings.append(Finding(.effectNotIdentified, [.test: kleibergenPaap.test.value], severity: .invalid))
    } else if !isStrong {
      findings.append(
        Finding(
          .weakInstruments,
          [
            .effectiveF: .number(firstStage[0].effectiveF), .critical: .number(firstStage[0].effectiveFCritical),
            .craggDonald: .number(craggDonald.statistic),
          ]))
    }
    if let hansenJ, !instrumentsAgree { findings.append(Finding(.instrumentsDisagree, [.test: hansenJ.value])) }
    if isIdentified && !isConfounded { findings.append(.note(.noSignOfConfounding, [.test: wooldridge.value])) }
    return findings
  }
}

extension ChiSquareTest {
  var value: Finding.Value { .test(statistic: statistic, degreesOfFreedom: degreesOfFreedom, pValue: pValue) }
}
