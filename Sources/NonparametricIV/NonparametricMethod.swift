import Runs

/// The nonparametric instrumental regressions, by the names under which they are asked for.
public enum NonparametricMethod: String, Sendable, Codable, CaseIterable {
  /// Two stages of ridge regression on polynomials: ``PolynomialTwoStage``.
  case poly2sls
  /// Two stages of ridge regression in spaces of kernels: ``KernelInstrumental``.
  case kerneliv
  /// The saddle point of the dual problem in spaces of kernels: ``DualInstrumental``.
  case dualiv
  /// Two stages of networks: ``NN2SLS``.
  case nn2sls
  /// Both stages in one training: ``OneSIV``.
  case onesiv
  /// A conditional density, and the regression that integrates over it: ``DeepIV``.
  case deepiv
  /// Ridge regressions on deep features: ``DFIV``.
  case dfiv
  /// Adversarial moments weighted by their variance: ``DeepGMM``.
  case deepgmm
  /// Adversarial moments: ``AGMM``.
  case agmm

  /// Whether the second stage is fitted at the mean of t given the instruments: it takes functions of E[t | z, x] for
  /// E[·(t) | z, x], which is right for a g that is linear in t, or quadratic while Var(t | z, x) is the same everywhere.
  public var isPlugIn: Bool {
    switch self {
    case .poly2sls, .nn2sls, .onesiv: true
    case .kerneliv, .dualiv, .deepiv, .dfiv, .deepgmm, .agmm: false
    }
  }

  /// Finds g in the units of the data. Collective.
  ///
  /// - Parameter journal: keeps what networks have learned, and what was found.
  /// - Throws: on all ranks the same ``Failure``: what ``ColumnLocations`` and the method refuse.
  public func fit(
    _ source: some StructuralRows, _ options: NonparametricOptions, in journal: Journal = Journal()
  ) throws -> NonparametricFit {
    try journal.step(rawValue) { try found(source, options, in: journal) }
  }

  private func found(
    _ source: some StructuralRows, _ options: NonparametricOptions, in journal: Journal
  ) throws -> NonparametricFit {
    let rows = try ScaledRows(source)
    func rescaled<Function>(
      _ found: StructuralFit<Function>, as form: (Function) -> NonparametricFunction
    ) -> NonparametricFit {
      NonparametricFit(function: RescaledFunction(form(found.function), rows.locations), criterion: found.criterion)
    }
    func fit<Regression: StructuralRegression>(
      _ regression: Regression, as form: (Regression.Function) -> NonparametricFunction
    ) throws -> NonparametricFit { rescaled(try regression.fit(rows), as: form) }
    func train<Regression: TrainedRegression>(
      _ regression: Regression, as form: (Regression.Function) -> NonparametricFunction
    ) throws -> NonparametricFit { rescaled(try regression.fit(rows, in: journal), as: form) }
    return switch self {
    case .poly2sls:
      try fit(
        PolynomialTwoStage(isPaper: options.isPaper, seed: options.seed), as: NonparametricFunction.polynomial)
    case .kerneliv: try fit(KernelInstrumental(options), as: NonparametricFunction.kernel)
    case .dualiv: try fit(DualInstrumental(options), as: NonparametricFunction.kernel)
    case .nn2sls: try train(NN2SLS(isPaper: options.isPaper, seed: options.seed), as: NonparametricFunction.network)
    case .onesiv: try train(OneSIV(isPaper: options.isPaper, seed: options.seed), as: NonparametricFunction.network)
    case .deepiv: try train(DeepIV(isPaper: options.isPaper, seed: options.seed), as: NonparametricFunction.network)
    case .dfiv: try train(DFIV(isPaper: options.isPaper, seed: options.seed), as: NonparametricFunction.features)
    case .deepgmm: try train(DeepGMM(isPaper: options.isPaper, seed: options.seed), as: NonparametricFunction.network)
    case .agmm: try train(AGMM(isPaper: options.isPaper, seed: options.seed), as: NonparametricFunction.network)
    }
  }
}

/// What one of the nonparametric regressions found, in the units of the data.
public typealias NonparametricFit = StructuralFit<RescaledFunction<NonparametricFunction>>
