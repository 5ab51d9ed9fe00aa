import InstrumentalVariables
import NonparametricIV
import Runs

/// What methods that stand side by side answer, without errors.
struct EffectLadder {
  let design: EffectDesign
  /// The rows that answers are means over: those of the design, in a bootstrap with their own weights.
  let population: EffectDesign
  let functions: OutcomeFunctions
  let request: EffectRequest
  let options: EffectOptions
  /// Keeps what networks have learned.
  let journal: Journal

  /// Collective.
  ///
  /// - Parameter regression: of the design, with the functions of the default method.
  func answer(_ method: EffectMethod, _ regression: InstrumentalRegression) throws -> MethodAnswer {
    func estimated(
      _ estimator: EffectOptions.Method, _ request: EffectRequest, _ regression: InstrumentalRegression
    ) throws -> MethodAnswer {
      try MethodAnswer(method, regression.estimate(estimator.estimator).coefficients, request)
    }
    switch method {
    case .ordinary: return try estimated(.ordinary, request, regression)
    case .sieve: return try estimated(options.method, request, regression)
    case .limitedInformation: return try estimated(.liml, request, regression)
    case .linearTwoStage:
      let linear = try linear()
      return try estimated(.twoStage, linear.request, linear.regression)
    case .control:
      let fit = try ResidualInclusion(ResidualRows(design, functions, request.means))
      return try MethodAnswer(method, Array(fit.coefficients.prefix(functions.count)), request)
    case .nonparametric(let method): return try structural(method)
    }
  }

  /// t itself for the only function, with its own index instruments. Collective.
  func linear() throws -> (functions: OutcomeFunctions, request: EffectRequest, regression: InstrumentalRegression) {
    let functions = design.functions(OutcomeForm(.polynomial(degree: 1)))
    return (
      functions, try EffectRequest(population, functions, options),
      try InstrumentalRegression(design.rows([functions], design.instruments(functions)))
    )
  }

  /// With the time that the fit took.
  private func structural(_ method: NonparametricMethod) throws -> MethodAnswer {
    let rows = self.rows(design)
    let start = ContinuousClock.now
    var options = options.nonparametric
    options.seed = request.seed
    let fit = try method.fit(rows, options, in: journal)
    return try MethodAnswer(
      .nonparametric(method), fit, self.rows(population), request, seconds: (ContinuousClock.now - start).seconds)
  }

  private func rows(_ design: EffectDesign) -> EffectStructuralRows {
    EffectStructuralRows(
      table: design.table, groups: design.hasInstrument ? design.groups : nil,
      order: design.hasInstrument ? design.index.canonicalOrder : [])
  }
}
