import Diagnostics
import Frames
import InstrumentalVariables
import NonparametricIV
import Regression

/// What can be said without an instrument: ordinary regression, which is the effect only if nothing unseen moves both t
/// and y, and what the methods find that solve E[y - g(t, x) | x] = 0 with the covariates alone.
public struct OrdinaryEffect: Sendable {
  public let rowCount: Int
  public let treatmentName: String
  public let outcomeName: String
  public let form: OutcomeForm
  public let controlNames: [String]
  /// The treatment that effects are told against.
  public let reference: Double
  public let answer: EffectAnswer
  /// The methods of ``EffectOptions/methods`` that run without an instrument, held against ordinary regression.
  public let ladder: [MethodAnswer]
  public let findings: [Finding]
}

/// All rows as one group: no instrument.
public struct NoInstrument: GroupInstrument {
  public let groupNames = ["all"]
  private let frame: Frame

  public init(_ frame: Frame) { self.frame = frame }

  public func fill(_ chunk: Int, into weights: UnsafeMutablePointer<Double>, stride: Int) throws {
    for row in 0..<frame.rowCount(ofChunk: chunk) { weights[row] = 1 }
  }
}

extension EffectEstimator {
  /// Without an instrument nothing tells forms apart, and this one is taken unless another is asked for.
  private static let plainForm = OutcomeForm(.polynomial(degree: 2))

  /// What ordinary regression and methods without an instrument say of a frame. Collective.
  ///
  /// - Throws: as ``fit(_:)``.
  public func fitWithoutInstrument(_ frame: Frame) throws -> OrdinaryEffect {
    guard frame.weightKind != .frequency else {
      throw Failure(
        .usage,
        "--weights frequency goes with an instrument; with --instrument none write each row as often as it counts")
    }
    let design = try EffectDesign(
      frame, NoInstrument(frame), features: features, scaling: scaling, options)
    let functions = design.functions(options.form ?? Self.plainForm)
    let (meat, kind) = try Self.kinds(options.covariance)
    // One group names no instrument.
    let rows = design.rows([functions], .groups)
    let request = try EffectRequest(design, functions, options)
    let answer = try EffectAnswer(request, OrdinaryRegression(rows, meat), kind)
    let ordinary = MethodAnswer(.ordinary, answer)
    // The methods that solve a moment with the covariates alone.
    var ladder = options.methods.isEmpty ? [] : [ordinary]
    for case .nonparametric(let method) in EffectMethod.all where options.methods.contains(.nonparametric(method)) {
      ladder.append(
        try self.answer(method, EffectStructuralRows(table: design.table, groups: nil, order: []), request))
    }
    for place in ladder.indices { ladder[place].compare(with: ordinary, unit: design.table.outcome.standardDeviation) }
    let unidentified = options.methods.filter { method in
      [.linearTwoStage, .sieve, .limitedInformation, .control].contains(method)
    }
    return OrdinaryEffect(
      rowCount: frame.rows.rowCount, treatmentName: frame.treatmentName, outcomeName: frame.outcomeName,
      form: functions.form, controlNames: rows.names.controls, reference: request.reference, answer: answer,
      ladder: ladder,
      findings: [Finding(.noInstrument, [.names: .names(unidentified.map(\.name))], severity: .invalid)])
  }

  private static func kinds(_ covariance: EffectOptions.Covariance) throws -> (MeatKind, InstrumentalCovariance) {
    switch covariance {
    case .hc0: (.hc0, .hc0)
    case .hc1: (.hc1, .hc1)
    case .hc2: (.hc2, .hc2)
    case .hc3: (.hc3, .hc3)
    case .unadjusted, .cluster:
      throw Failure(
        .usage, "--covariance \(covariance.rawValue) goes with an instrument; with --instrument none choose HC0 to HC3")
    }
  }
}
