import InstrumentalVariables
import NonparametricIV
import Runs

extension EffectEstimator {
  /// The methods that are asked for, side by side, in the order of ``EffectMethod/all``; the default one, or without an
  /// instrument ordinary regression, is always among them, and the others are held against it. Collective.
  func methods(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ request: EffectRequest,
    _ regression: InstrumentalRegression, _ estimates: [EffectAnswer]
  ) throws -> [MethodAnswer] {
    guard !options.methods.isEmpty else { return [] }
    let first = EffectMethod.first(hasInstrument: design.hasInstrument)
    let asked = EffectMethod.all.filter { method in
      (options.methods.contains(method) && (design.hasInstrument || !method.needsInstrument)) || method == first
    }
    let structural = EffectStructuralRows(
      table: design.table, groups: design.hasInstrument ? design.groups : nil,
      order: design.hasInstrument ? design.index.canonicalOrder : [])
    var found = try asked.map { method in
      switch method {
      case .sieve: MethodAnswer(method, estimates[0])
      case .ordinary: MethodAnswer(method, estimates.first { $0.method == .ordinary }!)
      case .limitedInformation:
        MethodAnswer(method, try answers([.liml], design, functions, request, regression).answers[0])
      case .linearTwoStage: MethodAnswer(method, try linear(design))
      case .control: try control(design, functions, request, regression)
      case .nonparametric(let nonparametric):
        try answer(nonparametric, structural, request)
      }
    }
    let reference = MethodAnswer(first, estimates[0])
    for place in found.indices { found[place].compare(with: reference, unit: design.table.outcome.standardDeviation) }
    return found
  }

  /// Two-stage least squares with t itself for the only function, and its own index instruments.
  private func linear(_ design: EffectDesign) throws -> EffectAnswer {
    let functions = design.functions(OutcomeForm(.polynomial(degree: 1)))
    let regression = try InstrumentalRegression(design.rows([functions], design.instruments(functions)))
    return try answers([.twoStage], design, functions, EffectRequest(design, functions, options), regression)
      .answers[0]
  }

  /// The control function, with errors over both of its stages: robust, or by cluster where these are asked for.
  private func control(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ request: EffectRequest,
    _ regression: InstrumentalRegression
  ) throws -> MethodAnswer {
    let asked = covariance(.twoStage, regression)
    let kind = asked.isSumOverRows ? asked : .hc0
    let found = try ControlEstimate(
      design, functions, request.means, regression, kind, try groupEstimation([kind]))
    return try MethodAnswer(found, request, fewClusters: regression.fewClusters(kind))
  }

  /// What a nonparametric method answers, with the time that its fit took. Collective.
  func answer(
    _ method: NonparametricMethod, _ rows: EffectStructuralRows, _ request: EffectRequest
  ) throws -> MethodAnswer {
    let start = ContinuousClock.now
    var options = options.nonparametric
    options.seed = request.seed
    let fit = try method.fit(rows, options)
    return try MethodAnswer(
      .nonparametric(method), fit, rows, request, seconds: (ContinuousClock.now - start).seconds)
  }
}
