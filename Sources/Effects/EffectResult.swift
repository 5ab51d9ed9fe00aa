import Diagnostics
import InstrumentalVariables
import Storage

/// The effect of the treatment on the outcome, with what it rests on.
public struct EffectResult: Sendable {
  public let options: EffectOptions
  public let rowCount: Int
  /// n: the number of rows, or the sum of frequencies.
  public let observationCount: Int
  public let treatmentName: String
  public let outcomeName: String
  public let covariateNames: [String]
  public let treatment: EffectTable.Location
  public let outcome: EffectTable.Location

  public let groupNames: [String]
  /// π_k.
  public let groupShares: [Double]

  public let form: OutcomeForm
  /// φ, the functions of that form.
  let functions: OutcomeFunctions
  /// The forms that were tried, in the order of ``OutcomeForm/candidates``; empty where one was asked for.
  public let formCriteria: [FormCriterion]
  public let controlNames: [String]
  /// The instruments that stayed.
  public let instrumentNames: [String]
  /// Columns that others determine, which were left out.
  public let dropped: [DroppedColumn]
  /// Of controls and instruments together.
  public let conditionNumber: Double

  /// The treatment that effects are told against.
  public let reference: Double
  /// The methods side by side; the first is the one that was asked for.
  public let answers: [EffectAnswer]
  /// The methods of ``EffectOptions/methods``; empty where none were asked for.
  public let ladder: [MethodAnswer]
  /// What the model of the groups answers itself; nil when it has no effect.
  public let modelAnswer: ModelAnswer?
  /// Whether the instruments can be trusted; nil where there is none, and ordinary regression is the answer.
  public let diagnostics: EffectDiagnostics?
  /// What the groups say of themselves; nil where the instrument is a column of numbers.
  public let audit: GroupAudit?
  /// Whether to believe the answers.
  public let verdict: [Judgement]
  /// What the standard errors take in.
  public let errors: EffectOptions.Errors
  /// The replicates that errors come from; nil without a bootstrap.
  public let bootstrap: BootstrapResult?
  /// Everything that a reader of the result should know before trusting it.
  public private(set) var findings: [Finding]

  /// What the first method answers for single rows; nil where that is not asked for.
  public private(set) var surface: EffectSurface?
  /// The first method's answers at the covariates that are asked for.
  public private(set) var places: [CovariateAnswer] = []

  init(
    _ options: EffectOptions, _ design: EffectDesign, _ choice: FormChoice?, _ form: OutcomeForm,
    _ regression: InstrumentalRegression, _ request: EffectRequest, _ answers: [EffectAnswer],
    ladder: [MethodAnswer], modelAnswer: ModelAnswer?, _ diagnostics: EffectDiagnostics?, _ audit: GroupAudit?,
    errors: EffectOptions.Errors,
    bootstrap: BootstrapResult?, findings: [Finding]
  ) {
    let (table, frame) = (design.table, design.table.frame)
    self.options = options
    (rowCount, observationCount) = (frame.rows.rowCount, frame.observationCount)
    (treatmentName, outcomeName, covariateNames) = (frame.treatmentName, frame.outcomeName, table.covariateNames)
    (treatment, outcome) = (table.treatment, table.outcome)
    (groupNames, groupShares) = design.hasInstrument ? (design.groups.groupNames, design.index.shares) : ([], [])
    (self.form, functions) = (form, request.functions)
    formCriteria = choice?.criteria ?? []
    (controlNames, instrumentNames) = (regression.names.controls, regression.names.instruments)
    (dropped, conditionNumber) = (regression.dropped, regression.conditionNumber)
    reference = request.reference
    (self.answers, self.modelAnswer) = (answers, modelAnswer)
    self.ladder = ladder
    self.diagnostics = diagnostics
    self.audit = audit
    verdict = Judgement.all(of: diagnostics, audit)
    let weak = verdict.first { $0.code == .weakGroups }.flatMap(\.value)
    (self.errors, self.bootstrap) = (errors, bootstrap)
    self.findings = findings + (weak.map { [Finding(.weakGroups, [.share: .number($0)])] } ?? [])
  }

  /// Finds X(x) and the answers for single rows and covariates that are asked for. Collective.
  mutating func addSurface(_ design: EffectDesign, _ request: EffectRequest) throws {
    let surface = try EffectSurface(design, request, headline)
    self.surface = surface
    places = try options.places.map { try surface.answer(at: $0, headline, request) }
    let outside = zip(covariateNames, design.table.covariates).enumerated().filter { j, covariate in
      options.places.contains { !(covariate.1.minimum...covariate.1.maximum).contains($0[j]) }
    }
    guard !outside.isEmpty else { return }
    findings.append(Finding(.beyondCovariates, [.names: .names(outside.map(\.element.0))]))
  }

  /// The effects of the treatments of the curve by other coefficients of the functions of t.
  func effects(_ coefficients: [Double]) -> [Double] {
    let base = functions.values(at: reference)
    return headline.curve.map { point in
      zip(zip(functions.values(at: point.t), base), coefficients).reduce(0) { $0 + ($1.0.0 - $1.0.1) * $1.1 }
    }
  }

  public var isIdentified: Bool { diagnostics?.isIdentified ?? false }

  public var headline: EffectAnswer { answers[0] }
  public func answer(_ method: EffectOptions.Method) -> EffectAnswer? { answers.first { $0.method == method } }
}
