import Effects
import InstrumentalVariables
import Storage

/// What ``GroupAudit`` and the verdict are in JSON.
extension EffectReport {
  /// The average slope as a reader should take it: with the Wald interval where instruments are strong, the set of
  /// Anderson and Rubin where they are weak, and none where nothing is identified.
  public struct Headline: Sendable, Encodable {
    public enum Interval: String, Sendable, Encodable {
      case wald
      case andersonRubin = "anderson-rubin"
      case none
    }

    public let term: String
    public let estimate: Double
    public let interval: Interval
    /// Null is an infinite end.
    public let intervals: [[Double?]]
    /// The codes of the verdict that decide so.
    public let because: [String]

    init(_ result: EffectResult) {
      let slope = result.headline.averageSlope
      (term, estimate, interval) = (slope.name, slope.estimate, result.headlineInterval)
      because = result.verdict.map(\.code).filter { [.noInstrument, .notIdentified, .weak, .strong].contains($0) }.map(
        \.rawValue)
      intervals =
        switch interval {
        case .wald: [[slope.lower, slope.upper]]
        case .andersonRubin: result.diagnostics?.andersonRubin.ends ?? []
        case .none: []
        }
    }
  }

  public struct Subset: Sendable, Encodable {
    public let groups: [String]
    @NullEncoded public var estimate: Double?
    @NullEncoded public var standardError: Double?
    @NullEncoded public var lower: Double?
    @NullEncoded public var upper: Double?
    @NullEncoded public var effectiveF: Double?
    @NullEncoded public var reason: String?

    init(_ subset: GroupSubsetEstimate, _ names: [String]) {
      groups = subset.groups.map { names[$0] }
      _estimate = NullEncoded(wrappedValue: subset.slope?.estimate)
      _standardError = NullEncoded(wrappedValue: subset.slope?.standardError)
      _lower = NullEncoded(wrappedValue: subset.slope?.lower)
      _upper = NullEncoded(wrappedValue: subset.slope?.upper)
      _effectiveF = NullEncoded(wrappedValue: subset.effectiveF)
      _reason = NullEncoded(wrappedValue: subset.reason)
    }
  }

  public struct LeftOut: Sendable, Encodable {
    public let group: String
    @NullEncoded public var estimate: Double?
    @NullEncoded public var standardError: Double?
    @NullEncoded public var lower: Double?
    @NullEncoded public var upper: Double?
    @NullEncoded public var difference: Double?
    @NullEncoded public var differenceStandardError: Double?
    @NullEncoded public var z: Double?

    init(_ leftOut: LeftOutGroup, _ names: [String]) {
      group = names[leftOut.group]
      _estimate = NullEncoded(wrappedValue: leftOut.rest.slope?.estimate)
      _standardError = NullEncoded(wrappedValue: leftOut.rest.slope?.standardError)
      _lower = NullEncoded(wrappedValue: leftOut.rest.slope?.lower)
      _upper = NullEncoded(wrappedValue: leftOut.rest.slope?.upper)
      _difference = NullEncoded(wrappedValue: leftOut.difference)
      _differenceStandardError = NullEncoded(wrappedValue: leftOut.standardError)
      _z = NullEncoded(wrappedValue: leftOut.z)
    }
  }

  public struct Breakdown: Sendable, Encodable {
    @NullEncoded public var shift: Double?
    @NullEncoded public var shiftByX: Double?
  }

  public struct Balance: Sendable, Encodable {
    public struct Pair: Sendable, Encodable {
      public let groups: [String]
      public let differences: [String: Double]
      /// Null where the second group has one value.
      public let varianceRatios: [String: Double?]
    }

    public let isRequired: Bool
    public let maxDifference: Double
    public let pairs: [Pair]
    @NullEncoded public var wald: Test?
    @NullEncoded public var waldP: Double?
    public let mmd: Double
    public let mmdP: Double
    public let mmdRows: Int

    init(_ balance: GroupBalance, groups names: [String], covariates: [String]) {
      isRequired = balance.isRequired
      maxDifference = balance.largestDifference
      pairs = balance.pairs.map { pair in
        func named<Value>(_ values: [Value]) -> [String: Value] {
          Dictionary(zip(covariates, values)) { first, _ in first }
        }
        return Pair(
          groups: [names[pair.first], names[pair.second]], differences: named(pair.differences),
          varianceRatios: named(pair.varianceRatios))
      }
      _wald = NullEncoded(wrappedValue: balance.wald.map(Test.init))
      _waldP = NullEncoded(wrappedValue: balance.wald?.pValue)
      (mmd, mmdP) = (balance.kernel.statistic, balance.kernel.pValue)
      mmdRows = balance.kernel.rowCount
    }
  }

  public struct Labels: Sendable, Encodable {
    public let entropy: Double
    public let entropyShare: Double
    public let sizes: [Double]

    init(_ labels: LabelCertainty) {
      (entropy, entropyShare, sizes) = (labels.entropy, labels.share, labels.sizes)
    }
  }

  public struct Sentence: Sendable, Encodable {
    public let code: String
    public let text: String
    @NullEncoded public var value: Double?
    @NullEncoded public var threshold: Double?

    init(_ judgement: Judgement, _ result: EffectResult) {
      (code, text) = (judgement.code.rawValue, judgement.words(result))
      _value = NullEncoded(wrappedValue: judgement.value)
      _threshold = NullEncoded(wrappedValue: judgement.threshold)
    }

    /// Of groups whose weights lean on the error of the outcome as soon as there is confounding; nil for others.
    init?(leaning instrument: Instrument, _ result: EffectResult) {
      guard case .groups(_, let distribution, let label, isExogenous: false) = instrument,
        let diagnostics = result.diagnostics, diagnostics.isIdentified
      else { return nil }
      code = "labels-lean"
      let seen =
        diagnostics.instrumentsAgree
        ? "" : ", and that the instruments disagree is what it looks like"
      text =
        "labels lean: the \(label.rawValue) weights of \(distribution) are found from covariates and treatment, and with "
        + "confounding (robust Wu-Hausman \(diagnostics.wooldridge.pValue.asPValue)) the effect is biased whatever its "
        + "error\(seen); the posterior of --distribution joint does not lean"
      (_value, _threshold) = (NullEncoded(wrappedValue: nil), NullEncoded(wrappedValue: nil))
    }
  }
}

extension EffectResult {
  var headlineInterval: EffectReport.Headline.Interval {
    guard let diagnostics, diagnostics.isIdentified else { return .none }
    return diagnostics.isStrong ? .wald : .andersonRubin
  }
}

extension ConfidenceSet {
  /// Nil for an infinite end.
  var ends: [[Double?]] { intervals.map { [$0.lower, $0.upper].map { $0.isFinite ? $0 : nil } } }
}
