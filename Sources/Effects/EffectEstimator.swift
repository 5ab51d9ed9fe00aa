import Communication
import Diagnostics
import Features
import Frames
import InstrumentalVariables
import LinearAlgebra
import Runs

/// What happens to y under do(T = t): instrumental regression with groups for instruments.
///
/// ```
/// rows -> units, ranges                                     EffectTable
///   -> f_k(x): what each group gives at x, cross-fitted     GroupIndex
///   -> form of the outcome: which functions of t            FormChoice
///   -> instruments, controls, functions of t, y             EffectRows
///   -> coefficients, covariances, tests, sets               InstrumentalRegression
///   -> the errors of groups that were estimated             StackedErrors or EffectBootstrap
///   -> slopes, contrasts, curve                             EffectAnswer
///   -> the same by other methods                            MethodAnswer
///   -> the same from some groups, balance, sensitivity      GroupAudit
///   -> whether to believe it                                Judgement
///   -> outcomes of single rows                              EffectSurface
/// ```
public struct EffectEstimator: Sendable {
  public let options: EffectOptions
  /// Whether X(x) is found, by which outcomes of single rows are told, also where no covariates are asked for.
  public var findsSurface = false
  private let groups: any GroupInstrument
  let features: (any FeatureMap)?
  let scaling: ColumnScaling

  /// - Parameters:
  ///   - groups: the instrument, over the rows of the frame that is fitted.
  ///   - features: of the covariates as the frame has them, for the regressions of t in the groups; nil for those that
  ///     predict t best.
  ///   - scaling: how the covariates and the treatment of the frame came from the data.
  public init(
    _ options: EffectOptions, groups: any GroupInstrument, features: (any FeatureMap)?, scaling: ColumnScaling
  ) {
    self.options = options
    self.groups = groups
    self.features = features
    self.scaling = scaling
  }

  /// What goes on.
  public enum Stage: String, Sendable {
    case groups = "regressing the treatment in each group"
    case form = "choosing the functions of the treatment"
    case regression = "regressing the outcome with instruments"
    case answers = "estimates, tests and sets"
    case audit = "groups left out, balance and sensitivity"
    case surface = "outcomes of single rows"
  }

  /// Finds the effect. Collective.
  ///
  /// - Parameters:
  ///   - observer: told what begins, on every rank.
  ///   - journal: keeps what networks have learned.
  ///   - replicating: does the replicates of a bootstrap, on other ranks or from a folder; nil does them here.
  /// - Throws: on all ranks the same ``Failure`` (data): fewer than two groups, or a group with too few rows; a treatment,
  ///   an outcome or a covariate that is constant or determined by others; fewer rows than columns.
  public func fit(
    _ frame: Frame, observer: (Stage) -> Void = { _ in }, in journal: Journal = Journal(),
    replicating: ((EffectPlan) throws -> [BootstrapReplicate])? = nil
  ) throws -> EffectResult {
    guard groups.groupCount > 1 || groups.causes != nil || !groups.isExcluded else {
      throw Failure(.data, "the rows are one group, which is no instrument; an effect needs two groups at least")
    }
    observer(.groups)
    let design = try EffectDesign(frame, groups, features: features, scaling: scaling, options)
    observer(.form)
    let choice = try options.form == nil && design.hasInstrument ? FormChoice(design) : nil
    let functions = design.functions(options.form ?? choice?.best ?? design.plainForm)

    observer(.regression)
    let (regression, tested) = try regressions(design, functions)
    observer(.answers)
    let request = try EffectRequest(design, functions, options)
    let bootstrap = try bootstrap(design, functions, replicating)
    let (answers, errors) = try answers(estimators(design), design, functions, request, regression, bootstrap)
    let ladder = try methods(design, functions, request, regression, answers, bootstrap, in: journal)
    let diagnostics =
      design.hasInstrument
      ? try EffectDiagnostics(
        regression, tested: tested, slope: request.means.slopes, covariance(.twoStage, regression),
        hasProjection: options.hasProjection) : nil
    observer(.audit)
    let audit =
      design.groups.groupCount > 1
      ? try GroupAudit(design, functions, regression, slope: request.means.slopes, answers[0], seed: options.seed) : nil
    var result = EffectResult(
      options, design, choice, functions.form, regression, request, answers, ladder: ladder,
      modelAnswer: try groups.modelEffect(clusters: options.errorClusters)?.answer(request), diagnostics, audit,
      errors: errors, bootstrap: bootstrap,
      findings: findings(regression, diagnostics, answers[0], design.quantiles, request) + (audit?.findings ?? [])
        + (diagnostics == nil ? [] : ladder.findings) + (bootstrap?.findings ?? []))
    if findsSurface || !options.places.isEmpty {
      observer(.surface)
      try result.addSurface(design, request)
    }
    return result
  }

  /// The regression of the estimates, and the one whose instruments are asked whether they agree: of labels and covariates, or
  /// of the indexes where those do not identify the functions or are too many.
  private func regressions(
    _ design: EffectDesign, _ functions: OutcomeFunctions
  ) throws -> (InstrumentalRegression, tested: InstrumentalRegression) {
    let own = design.rows([functions], design.instruments(functions))
    let needsIndex = design.hasInstrument && options.instrumentBasis != .index
    guard
      let tested = design.testedRows(functions) ?? (needsIndex ? design.rows([functions], .index(functions)) : nil)
    else {
      let regression = try InstrumentalRegression(own)
      return (regression, regression)
    }
    let found = try InstrumentalRegression.all(InstrumentChoices([own, tested]))
    let regression = try found[0].get()
    return (regression, (try? found[1].get()) ?? regression)
  }

  /// What some methods answer, with the errors of the groups in theirs where these are known and not unwanted.
  func answers(
    _ methods: [EffectOptions.Method], _ design: EffectDesign, _ functions: OutcomeFunctions, _ request: EffectRequest,
    _ regression: InstrumentalRegression, _ bootstrap: BootstrapResult? = nil
  ) throws -> (answers: [EffectAnswer], errors: EffectOptions.Errors) {
    let covariances = methods.map { covariance($0, regression) }
    let stacked = try groupEstimation(covariances).map {
      try StackedErrors($0, design, functions, regression, Array(zip(methods.map(\.estimator), covariances)))
    }
    let answers = try methods.indices.map { place in
      try EffectAnswer(
        methods[place], request, regression, covariances[place], labelErrors: stacked?.additions[place],
        replicates: bootstrap?.coefficients(ofMethod: place) ?? [])
    }
    return (answers, bootstrap != nil ? .bootstrap : stacked != nil ? .stacked : .robust)
  }

  /// The replicates, where they are asked for.
  private func bootstrap(
    _ design: EffectDesign, _ functions: OutcomeFunctions,
    _ replicating: ((EffectPlan) throws -> [BootstrapReplicate])?
  ) throws -> BootstrapResult? {
    guard options.errors == .bootstrap else { return nil }
    guard design.table.frame.weightKind != .frequency else {
      throw Failure(
        .usage,
        "--se bootstrap weighs rows, and by --weights frequency a row stands for several; write each row as often as it "
          + "counts, or choose other errors")
    }
    let plan = EffectPlan(
      options: options, functions: functions, methods: estimators(design), ladder: ladder(design))
    if let replicating { return try BootstrapResult(replicating(plan)) }
    let here = EffectBootstrap(plan, design)
    return try BootstrapResult(plan.cells.map { try here.replicate($0) })
  }

  /// How the groups were estimated; nil where robust errors are asked for, or no others are known.
  func groupEstimation(_ covariances: [InstrumentalCovariance]) throws -> (any GroupEstimation)? {
    let isAsked = options.errors == .stacked
    guard isAsked || (options.errors == nil && covariances.allSatisfy(\.isSumOverRows)) else { return nil }
    if let estimation = try groups.estimation() { return estimation }
    guard isAsked else { return nil }
    throw Failure(
      .usage,
      "--se stacked needs the posterior groups of a run of --distribution joint whose likelihood has a regular maximum; "
        + "give such a run, or --se robust")
  }

  /// The estimators side by side: the one asked for, the plain one and none, which is all there is without an instrument.
  private func estimators(_ design: EffectDesign) -> [EffectOptions.Method] {
    guard design.hasInstrument else { return [.ordinary] }
    var all = [options.method]
    for method in [EffectOptions.Method.twoStage, .ordinary] where !all.contains(method) { all.append(method) }
    return all
  }

  /// Estimators with a covariance of their own have it whatever is asked of the others.
  func covariance(
    _ method: EffectOptions.Method, _ regression: InstrumentalRegression
  ) -> InstrumentalCovariance {
    guard !method.hasOwnCovariance else { return .hc0 }
    return switch options.covariance {
    case .hc0: .hc0
    case .hc1: .hc1
    case .hc2: .hc2
    case .hc3: .hc3
    case .unadjusted: .unadjusted
    case .cluster: .clustered(Array(regression.clusterings.indices))
    }
  }

  /// Why ordinary regression is the answer, and which methods that are asked for it stands instead of.
  private var withoutInstrument: [Finding] {
    let names = options.methods.filter(\.needsInstrument).map(\.name)
    return (groups.causes == nil ? [] : [Finding(.candidatesAreControls)])
      + [Finding(.noInstrument, [.names: .names(names)], severity: .invalid)]
  }

  private func findings(
    _ regression: InstrumentalRegression, _ diagnostics: EffectDiagnostics?, _ answer: EffectAnswer,
    _ quantiles: TreatmentQuantiles, _ request: EffectRequest
  ) -> [Finding] {
    var findings = diagnostics?.findings ?? withoutInstrument
    if !regression.dropped.isEmpty {
      findings.append(.note(.droppedColumns, [.names: .names(regression.dropped.map(\.name))]))
    }
    if regression.conditionNumber > InstrumentalRegression.largestConditionNumber {
      findings.append(Finding(.illConditioned, [.condition: .number(regression.conditionNumber)]))
    }
    if let clusters = answer.fewClusters { findings.append(Finding(.fewClusters, [.count: .count(clusters)])) }
    let asked = request.curve + request.contrasts.flatMap { [$0.from, $0.to] } + [request.reference]
    let outside = asked.filter { !quantiles.contains($0) }
    if let low = outside.min(), let high = outside.max() {
      findings.append(Finding(.beyondTreatments, [.low: .number(low), .high: .number(high)]))
    }
    return findings
  }
}
