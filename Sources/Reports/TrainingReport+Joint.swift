import ControlFunction
import Effects
import Mixture
import Statistics
import Storage

/// The joint model's numbers, as `--json` prints them among the others; undefined values are null.
public struct JointNumbers: Sendable, Encodable {
  /// Whether groups were seen to differ in how covariates drive the treatment; where they were not, the effect is arbitrary,
  /// and has no standard errors.
  public let identified: Bool
  /// κ_k with their standard errors.
  public let kappa: [Double]
  @NullEncoded public var kappaStandardError: [Double]?
  /// The free shifts δ_k, that of the first group 0, and their standard errors; null where they are not free.
  @NullEncoded public var delta: [Double]?
  @NullEncoded public var deltaStandardError: [Double]?
  /// κ2_k of a quadratic control function, their standard errors, and Wald's test of all being 0.
  @NullEncoded public var kappa2: [Double]?
  @NullEncoded public var kappa2StandardError: [Double]?
  @NullEncoded public var kappa2Test: ChiSquareTest?
  /// λ by the names of the covariates and the treatment that the coefficient of the control function depends on, their
  /// standard errors, and Wald's test of all being 0.
  @NullEncoded public var kappaSlopes: [String: Double]?
  @NullEncoded public var kappaSlopeStandardErrors: [String: Double]?
  @NullEncoded public var kappaSlopesTest: ChiSquareTest?
  /// Log odds of shares against group 0 per unit of a covariate, and Wald's test of all being 0.
  @NullEncoded public var shareCoefficients: [[String: Double]]?
  @NullEncoded public var sharesTest: ChiSquareTest?
  /// What one unit more of the treatment does to the outcome, on average over the rows.
  public let averageSlope: EffectCoefficient
  /// The same of the treatment as it was measured, where effects are those without its noise; else null.
  @NullEncoded public var uncorrectedSlope: EffectCoefficient?
  /// That of an instrumental regression with the groups for instruments; null where there is none.
  @NullEncoded public var instrumentalSlope: EffectEstimate?
  /// Score tests of the groups moving the outcome themselves: by constant shifts, and with covariates or treatment besides;
  /// null where the information is singular or the shifts are free.
  @NullEncoded public var shiftsTest: ChiSquareTest?
  @NullEncoded public var exclusionTest: ChiSquareTest?
  /// What such shifts would do to the average slope; null where they are not tested.
  @NullEncoded public var shiftSensitivity: ShiftSensitivity?
  /// The mean effects of some treatments instead of others, by default of the quartiles.
  public let contrasts: [JointContrast]
  /// The coefficients of the effect by the names of their terms, with their standard errors.
  public let effectCoefficients: [String: Double]
  public let effectStandardErrors: [String: Double?]
  public let effectCurve: [EffectPoint]
  /// The bases chosen.
  public let outcomeBasis: String
  public let covariateBasis: String

  private enum CodingKeys: CodingKey, CaseIterable {
    case identified, kappa, kappaStandardError, delta, deltaStandardError, kappa2, kappa2StandardError, kappa2Test
    case kappaSlopes, kappaSlopeStandardErrors, kappaSlopesTest, shareCoefficients, sharesTest, averageSlope,
      uncorrectedSlope, instrumentalSlope, shiftsTest, exclusionTest, shiftSensitivity, contrasts,
      effectCoefficients, effectStandardErrors, effectCurve
    case outcomeBasis, covariateBasis
  }

  init(_ result: ControlFunction.Result, instrumentalSlope: EffectEstimate?, contrasts: [JointContrast]) {
    identified = result.isIdentified
    kappa = result.kappa
    _kappaStandardError = NullEncoded(wrappedValue: result.kappaStandardErrors)
    _delta = NullEncoded(wrappedValue: result.delta)
    _deltaStandardError = NullEncoded(wrappedValue: result.deltaStandardErrors)
    _kappa2 = NullEncoded(wrappedValue: result.bends?.kappa2)
    _kappa2StandardError = NullEncoded(wrappedValue: result.bends?.standardErrors)
    _kappa2Test = NullEncoded(wrappedValue: result.bends?.test)
    let interactions = result.interactions
    func named(_ values: [Double]?) -> [String: Double]? {
      values.map { Dictionary(zip(interactions?.names ?? [], $0)) { first, _ in first } }
    }
    _kappaSlopes = NullEncoded(wrappedValue: named(interactions?.lambda))
    _kappaSlopeStandardErrors = NullEncoded(wrappedValue: named(interactions?.standardErrors))
    _kappaSlopesTest = NullEncoded(wrappedValue: interactions?.test)
    _shareCoefficients = NullEncoded(wrappedValue: result.shares?.coefficients)
    _sharesTest = NullEncoded(wrappedValue: result.shares?.test)
    averageSlope = result.averageSlope
    _uncorrectedSlope = NullEncoded(wrappedValue: result.uncorrectedSlope)
    _instrumentalSlope = NullEncoded(wrappedValue: instrumentalSlope)
    _shiftsTest = NullEncoded(wrappedValue: result.shiftsTest)
    _exclusionTest = NullEncoded(wrappedValue: result.exclusionTest)
    _shiftSensitivity = NullEncoded(wrappedValue: result.isIdentified ? result.shiftSensitivity : nil)
    self.contrasts = contrasts
    let effects = result.effectCoefficients
    effectCoefficients = Dictionary(effects.map { ($0.name, $0.value) }) { first, _ in first }
    effectStandardErrors = Dictionary(effects.map { ($0.name, $0.standardError) }) { first, _ in first }
    effectCurve = result.effectCurve
    outcomeBasis = result.outcomeBasis
    covariateBasis = result.covariateBasis
  }

  /// The keys of another model's report.
  static func encodeNulls(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    for key in CodingKeys.allCases { try container.encodeNil(forKey: key) }
  }
}
