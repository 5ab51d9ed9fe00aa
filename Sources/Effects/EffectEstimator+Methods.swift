import InstrumentalVariables
import Runs

extension EffectEstimator {
  /// The methods that stand beside the default one, or without an instrument beside ordinary regression, in the order of
  /// ``EffectMethod/all``; without those whose answers the estimators side by side give.
  func ladder(_ design: EffectDesign) -> [EffectMethod] {
    EffectMethod.all.filter { method in
      options.methods.contains(method) && method != .sieve && method != .ordinary
        && (design.hasInstrument || !method.needsInstrument)
    }
  }

  /// The methods that are asked for, side by side; the one that the others are held against is always among them.
  /// Collective.
  func methods(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ request: EffectRequest,
    _ regression: InstrumentalRegression, _ estimates: [EffectAnswer], _ bootstrap: BootstrapResult?,
    in journal: Journal
  ) throws -> [MethodAnswer] {
    guard !options.methods.isEmpty else { return [] }
    let first = MethodAnswer(EffectMethod.first(hasInstrument: design.hasInstrument), estimates[0])
    var found = [first]
    if first.method != .ordinary, options.methods.contains(.ordinary) {
      found.append(MethodAnswer(.ordinary, estimates.first { $0.method == .ordinary }!))
    }
    let ladder = EffectLadder(
      design: design, population: design, functions: functions, request: request, options: options,
      journal: journal)
    for method in self.ladder(design) {
      let answer =
        if let bootstrap {
          try ladder.answer(method, regression).taking(bootstrap.replicates(of: method))
        } else {
          try answer(method, ladder, regression)
        }
      found.append(answer)
    }
    for place in found.indices { found[place].compare(with: first, unit: design.table.outcome.standardDeviation) }
    return EffectMethod.all.compactMap { method in found.first { $0.method == method } }
  }

  /// The answer of a method, with the errors that are known without a bootstrap: those of the k-class, and of the control
  /// function over both of its stages, robust or by cluster where these are asked for.
  private func answer(
    _ method: EffectMethod, _ ladder: EffectLadder, _ regression: InstrumentalRegression
  ) throws -> MethodAnswer {
    switch method {
    case .limitedInformation:
      return MethodAnswer(
        method, try answers([.liml], ladder.design, ladder.functions, ladder.request, regression).answers[0])
    case .linearTwoStage:
      let (functions, request, regression) = try ladder.linear()
      return MethodAnswer(
        method, try answers([.twoStage], ladder.design, functions, request, regression).answers[0])
    case .control:
      let asked = covariance(.twoStage, regression)
      let kind = asked.isSumOverRows ? asked : .hc0
      let found = try ControlEstimate(
        ladder.design, ladder.functions, ladder.request.means, regression, kind, groupEstimation([kind]))
      return try MethodAnswer(
        method, found.coefficients, ladder.request, covariance: found.covariance,
        fewClusters: regression.fewClusters(kind), exogeneity: found.exogeneity)
    case .ordinary, .sieve, .nonparametric: return try ladder.answer(method, regression)
    }
  }
}
