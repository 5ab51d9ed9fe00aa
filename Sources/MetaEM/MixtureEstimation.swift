import Communication
import Diagnostics
import Features
import Frames
import LinearAlgebra
import Mixture
import Runs

/// Fits the representation and distribution blocks to a table that was centered by `scaling`: starts tried for a few
/// passes, the best carried on, and the best of these on all rows.
struct MixtureEstimation {
  let configuration: Configuration
  let table: Frame
  let scaling: ColumnScaling
  let search: Search
  /// What a row counts for where forms are chosen, see ``RowClusters/effectiveShare``.
  let effectiveShare: Double

  var random: CounterRandom { CounterRandom(seed: configuration.seed, stream: .starts) }
  var starts: Range<Int> { 0..<(configuration.groups == 1 ? 1 : configuration.starts) }
  /// The rows on which fits converge first; nil for all.
  let subset: ChunkSubset?
  /// The rows of the first passes of all starts, and of the pilot; nil for those on which fits converge.
  let brief: ChunkSubset?

  /// - Throws: ``Failure`` `data` when the rows are too few for the representation, `numerical` when all starts end in
  ///   groups too small to fit.
  func run() throws -> MixtureResult {
    do {
      return try fit()
    } catch let error where error is DegenerateGroup || error is NotPositiveDefinite {
      throw Failure.ofOneFit(
        .data,
        "the rows do not determine a fit on the \(configuration.representation.rawValue) representation (\(error))",
        remedy: "give more rows or choose --representation identity")
    }
  }

  private func fit() throws -> MixtureResult {
    if configuration.representation.isLearned { return try Alternation(fitting: self).run() }
    if configuration.distribution == .regression && configuration.representation == .spline {
      return try regressionWithProducts()
    }
    let (basis, findings) = try basis()
    var result = try fit(on: .basis(basis))
    result.findings = findings + result.findings
    return result
  }

  // MARK: One representation, one distribution

  func fit(on representation: Representation) throws -> MixtureResult {
    let all = design(representation)
    let tried = design(representation, subset: subset)
    let brief = briefDesign(tried, representation)
    let pooled = try tried.pooledStatistics()
    switch configuration.distribution {
    case .joint: preconditionFailure("the joint model has an estimator of its own")
    case .regression:
      let models = try RegressionMixture.starts(
        starts, groups: configuration.groups, pooled: pooled, random: random
      ).map(configuration.errors.applied(to:))
      return try fit(models, on: (brief, tried, all), representation) { .regression($0) }
    case .gaussian:
      return try fit(gaussianStarts(tried, pooled), on: (brief, tried, all), representation) { .gaussian($0) }
    case .kmeans:
      let centers = try tried.centers(
        starts, groups: configuration.groups, plusPlus: true, scaled: false, pooled: pooled, random: random)
      return try fit(centers.map(KMeansMixture.init), on: (brief, tried, all), representation) { .kmeans($0) }
    }
  }

  private func gaussianStarts(_ design: Design, _ pooled: SufficientStatistics) throws -> [GaussianMixture] {
    try gaussians(design, pooled).map { start in
      var start = start
      // Features of other representations may be constant in a group, which no group can help.
      if configuration.representation == .identity {
        start.leastVarianceShare = GaussianMixture.usualLeastVarianceShare
      }
      return start
    }
  }

  private func gaussians(_ design: Design, _ pooled: SufficientStatistics) throws -> [GaussianMixture] {
    if configuration.gaussianStart == .equation6 {
      return try RegressionMixture.starts(starts, groups: configuration.groups, pooled: pooled, random: random)
        .map { try GaussianMixture(equation6: $0, pooled: pooled, shape: configuration.covariance) }
    }
    return try design.centers(
      starts, groups: configuration.groups, plusPlus: configuration.gaussianStart == .kmeansPlusPlus, scaled: true,
      pooled: pooled, random: random
    ).map { try GaussianMixture(means: $0, pooled: pooled, shape: configuration.covariance) }
  }

  private func fit<Model: MixtureModel>(
    _ models: [Model], on rows: (brief: Design, tried: Design, all: Design), _ representation: Representation,
    wrap: (Model) -> FittedMixture
  ) throws -> MixtureResult {
    let short = try search.short(numbered(models), on: rows.brief, phase: "starts")
    let continued = try search.continued(short, on: rows.tried, pilot: rows.brief, phase: "search")
    let final = try search.finished(
      continued.fits.isEmpty ? short : continued.fits, on: rows.all, phase: "em", groups: configuration.groups)
    let model = final.model.canonical
    var result = self.result(
      final, Search.summary(short, continued.ends), parameterCount: model.parameterCount, representation, wrap(model))
    result.contenders = Contenders(representation: representation, mixtures: continued.ends.map { wrap($0.model) })
    return result
  }

  // MARK: Parts

  func design(_ representation: some FeatureMap, subset: ChunkSubset? = nil) -> Design {
    Design(table: table, representation: representation, subset: subset)
  }

  /// The design of the first passes and of the pilot, where another is that of convergence.
  func briefDesign(_ tried: Design, _ representation: some FeatureMap) -> Design {
    brief.map { design(representation, subset: $0) } ?? tried
  }

  func numbered<Model>(_ models: [Model]) -> [Fit<Model>] {
    models.enumerated().map { Fit(start: $0.offset, model: $0.element) }
  }

  func result<Model>(
    _ fit: Fit<Model>, _ summary: SearchSummary, parameterCount: Int, _ representation: Representation,
    _ mixture: FittedMixture
  ) -> MixtureResult {
    MixtureResult(
      model: FittedModel(
        covariates: table.covariates, treatmentName: table.treatmentName, scaling: scaling,
        representation: representation, mixture: mixture),
      parameterCount: parameterCount, logLikelihood: fit.logLikelihood, iterations: fit.passes,
      isConverged: fit.isConverged, search: summary, findings: fit.findings)
  }
}

extension MixtureEstimation {
  /// Makes ready to fit: finds the rows that starts are tried on. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when the rows cannot be read.
  static func prepared(
    _ configuration: Configuration, _ rows: CenteredRows, effectiveShare: Double = 1, journal: Journal
  ) throws -> MixtureEstimation {
    let subset = try self.subset(of: rows.table, count: Search.subsetChunks, seed: configuration.seed)
    return MixtureEstimation(
      configuration: configuration, table: rows.table, scaling: rows.scaling,
      search: Search(
        convergence: configuration.convergence, journal: journal, continuedStarts: max(5, configuration.starts / 4)),
      effectiveShare: effectiveShare, subset: subset,
      brief: try subset.flatMap { _ in
        try self.subset(of: rows.table, count: Search.briefChunks, seed: configuration.seed)
      })
  }

  private static func subset(of table: Frame, count: Int, seed: UInt64) throws -> ChunkSubset? {
    guard let subset = ChunkSubset(of: table.rows, count: count, seed: seed) else { return nil }
    let design = Design(table: table, featureNames: table.covariateNames, features: nil, subset: subset)
    let gram = try design.pooledStatistics().gram(0)
    // A rare level of a category may be in none of these rows.
    return gram.dependentColumns(inOrder: 0...table.covariateCount + 1).isEmpty ? subset : nil
  }
}
