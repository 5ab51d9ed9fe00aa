import Communication
import Diagnostics
import Features
import Frames
import InstrumentalVariables
import LinearAlgebra

/// What happens to y under do(T = t): instrumental regression with groups for instruments.
///
/// ```
/// rows -> units, ranges                                     EffectTable
///   -> f_k(x): what each group gives at x, cross-fitted     GroupIndex
///   -> form of the outcome: which functions of t            FormChoice
///   -> instruments, controls, functions of t, y             EffectRows
///   -> coefficients, covariances, tests, sets               InstrumentalRegression
///   -> slopes, contrasts, curve                             EffectAnswers
/// ```
public struct EffectEstimator: Sendable {
  public let options: EffectOptions
  private let groups: any GroupInstrument
  private let features: any FeatureMap
  private let scaling: ColumnScaling

  /// - Parameters:
  ///   - groups: the instrument, over the rows of the frame that is fitted.
  ///   - features: of the covariates as the frame has them, for the regressions of t in the groups.
  ///   - scaling: how the covariates and the treatment of the frame came from the data.
  public init(
    _ options: EffectOptions, groups: any GroupInstrument, features: any FeatureMap, scaling: ColumnScaling
  ) {
    self.options = options
    self.groups = groups
    self.features = features
    self.scaling = scaling
  }

  /// Finds the effect. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (data): fewer than two groups, or a group with too few rows; a treatment,
  ///   an outcome or a covariate that is constant or determined by others; fewer rows than columns.
  public func fit(_ frame: Frame) throws -> EffectResult {
    guard groups.groupCount > 1 else {
      throw Failure(.data, "the rows are one group, which is no instrument; an effect needs two groups at least")
    }
    let table = try EffectTable(frame, scaling: scaling)
    let quantiles = try TreatmentQuantiles(table)
    let index = try GroupIndex(table, groups, features: features, seed: options.seed)
    let controls = ControlBasis(degree: try controlDegree(table), covariateNames: table.covariateNames)
    func functions(_ form: OutcomeForm) -> OutcomeFunctions {
      OutcomeFunctions(
        form, treatmentName: frame.treatmentName, covariateNames: table.covariateNames,
        quantile: quantiles.callAsFunction)
    }
    func rows(_ functions: OutcomeFunctions, _ instruments: InstrumentSet, clusters: [Int] = []) -> EffectRows {
      EffectRows(
        table, groups: groups, index: index, functions: [functions], controls: controls, instruments: instruments,
        clusters: clusters)
    }

    let rich = InstrumentSet.rich(functions(OutcomeForm(.spline(interiorKnots: 8))))
    let choice =
      try options.form == nil
      ? FormChoice(
        among: candidates(table, controls), functions: functions, rows: { rows($0, rich) }) : nil
    let form = options.form ?? choice?.best ?? OutcomeForm(.polynomial(degree: 1))
    let chosen = functions(form)
    let clusters = try clusterColumns(frame)
    let source = rows(chosen, instruments(chosen, table), clusters: clusters)
    let regression = try InstrumentalRegression(source)

    let means = try OutcomeMeans(table, chosen)
    let reference = options.reference ?? (quantiles.contains(0) ? 0 : quantiles(0.5))
    let answers = EffectRequest(
      functions: chosen, means: means, reference: reference,
      contrasts: options.contrasts.isEmpty ? quantiles.contrasts : options.contrasts,
      curve: options.curve.isEmpty ? quantiles.curve : options.curve, seed: options.seed)
    let methods = try ladder.map { method in
      try EffectAnswer(method, answers, regression, covariance(method, clusters.count))
    }
    let indexed =
      options.instrumentBasis == .index
      ? regression : try InstrumentalRegression(rows(chosen, .index(chosen), clusters: clusters))
    let diagnostics = try EffectDiagnostics(
      regression, indexed: indexed, slope: means.slopes, covariance(.twoStage, clusters.count))
    return EffectResult(
      options: options, rowCount: frame.rows.rowCount, treatmentName: frame.treatmentName,
      outcomeName: frame.outcomeName, covariateNames: table.covariateNames, treatment: table.treatment,
      outcome: table.outcome, groupNames: groups.groupNames, groupShares: index.shares, form: form,
      formCriteria: choice?.criteria ?? [], controlNames: regression.names.controls,
      instrumentNames: regression.names.instruments, dropped: regression.dropped,
      conditionNumber: regression.conditionNumber, reference: reference, answers: methods, diagnostics: diagnostics,
      findings: findings(regression, diagnostics, methods[0], quantiles, answers))
  }

  /// The methods side by side: the one asked for, the plain one and none.
  private var ladder: [EffectOptions.Method] {
    var all = [options.method]
    for method in [EffectOptions.Method.twoStage, .ordinary] where !all.contains(method) { all.append(method) }
    return all
  }

  /// Estimators with a covariance of their own have it whatever is asked for.
  private func covariance(_ method: EffectOptions.Method, _ clusterings: Int) -> InstrumentalCovariance {
    switch (options.covariance, method) {
    case (_, .hful), (_, .jive), (_, .ujive): .hc0
    case (.hc0, _): .hc0
    case (.hc1, _): .hc1
    case (.hc2, _): .hc2
    case (.hc3, _): .hc3
    case (.unadjusted, _): .unadjusted
    case (.cluster, _): .clustered(Array(0..<clusterings))
    }
  }

  private func instruments(_ functions: OutcomeFunctions, _ table: EffectTable) -> InstrumentSet {
    switch options.instrumentBasis {
    case .index: .index(functions)
    case .interactions: .interactions(ControlBasis(degree: 2, covariateNames: table.covariateNames))
    case .groups: .groups
    }
  }

  private func findings(
    _ regression: InstrumentalRegression, _ diagnostics: EffectDiagnostics, _ answer: EffectAnswer,
    _ quantiles: TreatmentQuantiles, _ request: EffectRequest
  ) -> [Finding] {
    var findings = diagnostics.findings
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

  // MARK: What the rows allow

  /// Rows that a column of the regression needs at least where it is not asked for.
  private static let rowsPerColumn = 10

  /// The controls' degree: 3, or 2 with more than five covariates, or less where the rows are few.
  private func controlDegree(_ table: EffectTable) throws -> Int {
    let m = table.covariates.count
    if let degree = options.controlDegree { return degree }
    let most = table.rows.rowCount / (2 * Self.rowsPerColumn)
    let degree = (1...(m <= 5 ? 3 : 2)).last { ControlBasis.count(covariates: m, degree: $0) <= most }
    return degree ?? 1
  }

  private func candidates(_ table: EffectTable, _ controls: ControlBasis) -> [OutcomeForm] {
    let most = table.rows.rowCount / Self.rowsPerColumn - controls.count
    return OutcomeForm.candidates.filter { form in
      let curve =
        switch form.curve {
        case .polynomial(let degree): degree
        case .spline(let knots): knots + 3
        }
      return curve + (form.hasInteractions ? table.covariates.count : 0) <= max(1, most)
    }
  }

  private func clusterColumns(_ frame: Frame) throws -> [Int] {
    guard options.covariance == .cluster else { return [] }
    return try options.clusters.map { name in
      let columns = frame.schema.columns
      guard let column = columns.indices.first(where: { columns[$0].name == name && columns[$0].kind.levels != nil })
      else { throw Failure(.usage, "--cluster \(name): the shards have no column of categories of that name") }
      return column
    }
  }
}

/// Quantiles of the treatment in the data's units, of all rows.
struct TreatmentQuantiles: Sendable {
  private let values: [Double: Double]

  /// The 1% to 99% quantiles of the curve.
  private static let curveShares = (0...20).map { 0.01 + 0.98 * Double($0) / 20 }
  private static let quartiles = [0.25, 0.5, 0.75]

  /// Collective.
  init(_ table: EffectTable) throws {
    let knots = (OutcomeForm.splineKnots + [8]).flatMap { count in
      (0...count + 1).map { Double($0) / Double(count + 1) }
    }
    let shares = Set(knots + Self.curveShares + Self.quartiles + [0, 1]).sorted()
    let found = try table.frame.quantiles(of: shares, columns: table.frame.columns(of: .treatment))[0]
    values = Dictionary(uniqueKeysWithValues: zip(shares, found.map(table.inDataUnits)))
  }

  func callAsFunction(_ share: Double) -> Double { values[share]! }

  func contains(_ t: Double) -> Bool { self(0) <= t && t <= self(1) }

  /// Distinct treatments of the curve.
  var curve: [Double] {
    Self.curveShares.map(callAsFunction).reduce(into: []) { if $0.last != $1 { $0.append($1) } }
  }

  /// Between quartiles.
  var contrasts: [Contrast] {
    let q = Self.quartiles.map(callAsFunction)
    return [(0, 1), (1, 2), (0, 2)].map { Contrast(from: q[$0.0], to: q[$0.1]) }.filter { $0.from < $0.to }
  }
}
