import Diagnostics
import Effects
import InstrumentalVariables
import Statistics

extension EffectReport {
  /// Coefficients that a table shows at most; the files hold all.
  private static let mostTerms = 12

  /// The effect for people: first what one unit of t does, last whether to believe it.
  public var report: Report {
    Report([
      heading, answers, curve, placeTable, truth, methodTable, firstStageTable, testTable, setLines, subsets, audit,
      verdictLines, notes,
    ])
  }

  private var heading: Report.Section {
    let weights = source.label.map { " (\($0.rawValue) weights)" } ?? ""
    let criteria = result.formCriteria.filter { $0.criterion != nil }.sorted { $0.criterion! < $1.criterion! }
    let next =
      criteria.count > 1
      ? "; next: \(criteria[1].form.description), +\(format(criteria[1].criterion! - criteria[0].criterion!, decimals: 1))"
      : ""
    let choice = criteria.isEmpty ? "" : " (MMSC-BIC\(next))"
    return Report.Section(
      nil,
      [
        .line(
          "effect of \(result.treatmentName) on \(result.outcomeName): \(rows) rows\(counted), "
            + source.source(groups: groups.count, label: weights)),
        .line(
          "outcome: \(outcomeBasis) in \(result.treatmentName)\(choice)   controls: \(controls.count) functions of \(result.covariateNames.count) covariates"
        ),
        .line("\(instrumentWords)estimator: \(result.headline.method.title), \(errorWords)"),
      ])
  }

  private var instrumentWords: String {
    result.diagnostics == nil ? "" : "instruments: \(instruments.count) (\(instrumentBasis), \(source.centring))   "
  }

  private var errorWords: String {
    switch result.errors {
    case .robust: "errors \(result.headline.covarianceKind.words)\(clusterWords)"
    case .stacked: "errors \(result.headline.covarianceKind.words)\(clusterWords), with those of the groups"
    case .bootstrap: "errors by \(result.bootstrap?.replicates.count ?? 0) replicates of the bootstrap, groups and all"
    }
  }

  // MARK: Answers

  private var answers: Report.Section {
    let others = result.answers.dropFirst()
    let titles =
      ["", "estimate", "std. error", "95% interval", "p"] + others.map(\.method.title) + (model.map { [$0.name] } ?? [])
    func row(
      _ name: String, ofModel estimate: EffectEstimate?, _ pick: (EffectAnswer) -> EffectEstimate
    ) -> [Report.Cell] {
      let own = pick(result.headline)
      return [
        .text(name), .significant(own.estimate),
        hasErrors ? .significant(own.standardError) : .undefined,
        hasIntervals ? own.interval : .undefined, hasIntervals ? own.probability : .undefined,
      ] + others.map { .significant(pick($0).estimate) }
        + (model == nil ? [] : [estimate.map { .significant($0.estimate) } ?? .undefined])
    }
    var rows = [row("average slope", ofModel: model?.averageSlope, \.averageSlope)]
    switch result.headlineInterval {
    case .andersonRubin: rows[0][3] = .text(result.diagnostics?.andersonRubin.words ?? "")
    case .none where result.diagnostics != nil: rows[0][3] = .text("not identified")
    case .wald, .none: break
    }
    for (place, contrast) in result.headline.contrasts.enumerated() {
      let ends = "\(significant(contrast.contrast.from)) to \(significant(contrast.contrast.to))"
      rows.append(
        row("\(result.treatmentName) from \(ends)", ofModel: model?.contrasts[place].effect) {
          $0.contrasts[place].effect
        })
    }
    for (place, term) in result.headline.terms.enumerated().prefix(Self.mostTerms) {
      rows.append(row(term.name, ofModel: nil) { $0.terms[place] })
    }
    return Report.Section(
      nil, [.table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows, note: intervalNote))])
  }

  /// Whether the table shows standard errors. What ordinary regression says of itself is right, whatever it says of
  /// effects.
  private var hasErrors: Bool { result.diagnostics?.isIdentified ?? true }
  private var hasIntervals: Bool { result.diagnostics == nil || result.headlineInterval == .wald }

  private var intervalNote: String? {
    switch result.headlineInterval {
    case .wald: nil
    case .none where result.diagnostics == nil:
      "ordinary regression: the effect only if nothing unseen moves both \(result.treatmentName) and \(result.outcomeName)"
    case .andersonRubin:
      "instruments are weak: the interval of the average slope is the Anderson-Rubin set; others would be too short"
    case .none: "no intervals: the effect is not identified, and the estimates mean nothing"
    }
  }

  private var curve: Report.Section {
    let all = result.headline.curve
    let shown = all.count <= 7 ? all : stride(from: 0, to: all.count, by: (all.count - 1) / 4).map { all[$0] }
    let titles =
      [
        "\(result.treatmentName) set to", result.outcomeName, "against \(significant(reference))", "95% interval",
        "all points at once",
      ]
    let isShown = hasIntervals
    let rows: [[Report.Cell]] = shown.map { point in
      [
        .significant(point.t), .significant(point.g), .significant(point.tau),
        isShown ? .range(point.lower, point.upper) : .undefined,
        isShown ? .range(point.uniformLower, point.uniformUpper) : .undefined,
      ]
    }
    return Report.Section(nil, [.table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows))])
  }

  // MARK: Diagnostics

  private var firstStageTable: Report.Section {
    guard let diagnostics = result.diagnostics else { return Report.Section(nil, []) }
    let titles = ["first stage", "partial R2", "Shea R2", "F", "robust F", "effective F", "needed", "conditional F"]
    let rows: [[Report.Cell]] = diagnostics.firstStage.enumerated().map { place, stage in
      [
        .text(stage.name), .decimals(stage.partialRSquared, 3), .decimals(stage.sheaRSquared, 3),
        .significant(stage.f.statistic), .significant(stage.robustF?.statistic),
        place == 0 ? .significant(stage.effectiveF) : .undefined,
        place == 0 ? .significant(stage.effectiveFCritical) : .undefined, .significant(stage.conditionalF?.statistic),
      ]
    }
    let rank = diagnostics.kleibergenPaap
    return Report.Section(
      nil,
      [
        .table(Report.Table(titles.map { Report.Table.Column($0) }, rows: rows)),
        .facts([
          Report.Fact("Cragg-Donald", .significant(diagnostics.craggDonald.statistic)),
          Report.Fact("Kleibergen-Paap rk F", .significant(rank.f)), Report.Fact("", .text(rank.test.pValue.asPValue)),
        ]),
      ])
  }

  private var testTable: Report.Section {
    guard let diagnostics = result.diagnostics else { return Report.Section(nil, []) }
    let name = result.treatmentName
    func row(_ name: String, _ test: ChiSquareTest?) -> [Report.Cell]? {
      test.map {
        [.text(name), .significant($0.statistic), .count($0.degreesOfFreedom), .probability($0.pValue)]
      }
    }
    let rows = [
      row("instruments agree (Hansen J)", diagnostics.hansenJ),
      row("the estimates' own, homoskedastic (Sargan)", diagnostics.sargan),
      row("\(name) is confounded (robust Wu-Hausman)", diagnostics.wooldridge),
    ]
    return Report.Section(
      nil,
      [
        .table(
          Report.Table(["test", "chi2", "df", "p"].map { Report.Table.Column($0) }, rows: rows.compactMap(\.self)))
      ])
  }

  private var setLines: Report.Section {
    guard let diagnostics = result.diagnostics else { return Report.Section(nil, []) }
    // Those of Kleibergen's test, which has pieces far from every estimate, are for programs.
    let sets =
      [("Anderson-Rubin", diagnostics.andersonRubin)]
      + (diagnostics.projectedAndersonRubin.map { [("the same by projection", $0)] } ?? [])
      + (diagnostics.conditionalLikelihoodRatio.map { [("CLR", $0)] } ?? [])
    let facts = sets.map { Report.Fact($0.0, .text($0.1.words)) }
    return Report.Section(
      nil, [.line("95% set for the average slope, however weak the instruments:"), .list(facts)])
  }

  // MARK: Verdict

  private var verdictLines: Report.Section {
    Report.Section(nil, [.line("verdict:")] + verdict.map { .line("  \($0.text).") })
  }

  private var notes: Report.Section { Report.Section(nil, findings.isEmpty ? [] : [.findings(findings)]) }
}

extension EffectOptions.Method {
  /// How a report names it.
  var title: String {
    switch self {
    case .hful: "HFUL"
    case .twoStage: "2SLS"
    case .liml: "LIML"
    case .fuller: "Fuller"
    case .jive: "JIVE"
    case .ujive: "UJIVE"
    case .gmm: "GMM"
    case .ordinary: "ordinary"
    }
  }
}

extension EffectEstimate {
  var interval: Report.Cell { .range(lower, upper) }
  var probability: Report.Cell { pValue.map { .probability($0) } ?? .undefined }
}

extension Report.Cell {
  static func probability(_ p: Double) -> Self { .number(p, .probability) }

  static func range(_ lower: Double?, _ upper: Double?) -> Self {
    guard let lower, let upper, lower <= upper else { return .undefined }
    return .interval(lower...upper)
  }
}

extension ConfidenceSet {
  /// An interval, rays, the line or nothing.
  var words: String {
    if isEmpty { return "empty: no value agrees with the instruments" }
    if isLine { return "every number" }
    return intervals.map { interval in
      switch (interval.lower.isFinite, interval.upper.isFinite) {
      case (true, true): "[\(significant(interval.lower)), \(significant(interval.upper))]"
      case (false, true): "up to \(significant(interval.upper))"
      case (true, false): "from \(significant(interval.lower)) on"
      case (false, false): "every number"
      }
    }.joined(separator: " or ")
  }
}
