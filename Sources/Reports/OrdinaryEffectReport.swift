import Diagnostics
import Effects
import Storage

/// What is known of an effect without an instrument, in numbers, as `--json` prints them, and for people.
public struct OrdinaryEffectReport: Sendable, Encodable {
  public let rows: Int
  public let ranks: Int
  public let instrument = "none"
  public let outcomeBasis: String
  public let controls: [String]
  public let reference: Double
  public let estimator: String
  public let methods: [String: EffectReport.Method]
  /// The methods of --method side by side, and those that disagree with ordinary regression.
  public let ladder: [String: EffectReport.Rung]
  public let disagreements: [String]
  public let findings: [Finding]
  /// The findings in words.
  public let events: [String]
  /// The findings that are reasons to doubt, in words.
  public let warnings: [String]
  let effect: OrdinaryEffect

  private enum CodingKeys: CodingKey {
    case rows, ranks, instrument, outcomeBasis, controls, reference, estimator, methods, ladder, disagreements, findings
    case events, warnings
  }

  public init(_ effect: OrdinaryEffect, ranks: Int) {
    rows = effect.rowCount
    self.ranks = ranks
    outcomeBasis = effect.form.description
    controls = effect.controlNames
    reference = effect.reference
    estimator = effect.answer.method.rawValue
    methods = [effect.answer.method.rawValue: EffectReport.Method(effect.answer, nil)]
    ladder = Dictionary(uniqueKeysWithValues: effect.ladder.map { ($0.method.name, EffectReport.Rung($0)) })
    disagreements = effect.ladder.filter(\.disagrees).map(\.method.name)
    findings = effect.findings
    events = findings.map(\.words)
    warnings = findings.filter(\.isDoubt).map(\.words)
    self.effect = effect
  }

  public var report: Report {
    let answer = effect.answer
    let name = effect.treatmentName
    func row(_ name: String, _ estimate: EffectEstimate) -> [Report.Cell] {
      [
        .text(name), .significant(estimate.estimate), .significant(estimate.standardError), estimate.interval,
        estimate.probability,
      ]
    }
    let rows =
      [row("average slope", answer.averageSlope)]
      + answer.contrasts.map { contrast in
        let ends = "\(significant(contrast.contrast.from)) to \(significant(contrast.contrast.to))"
        return row("\(name) from \(ends)", contrast.effect)
      } + answer.terms.map { row($0.name, $0) }
    let titles = ["ordinary regression", "estimate", "std. error", "95% interval", "p"]
    return Report([
      Report.Section(
        nil,
        [
          .line("\(effect.outcomeName) by \(name): \(effect.rowCount) rows, no instrument"),
          .line("outcome: \(outcomeBasis) in \(name)   controls: \(controls.count) functions of the covariates"),
        ]),
      Report.Section(nil, [.table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows))]),
      EffectReport.methodTable(effect.ladder, against: .ordinary, treatmentName: name),
      Report.Section(nil, [.line("verdict: not identified.")]),
      Report.Section(nil, [.findings(findings)]),
    ])
  }
}
