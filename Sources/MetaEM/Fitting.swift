import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Mixture
import Representation
import Runs

/// What a fit leaves besides its model.
public struct FitOutcome: Sendable {
  public var model: FittedModel
  /// Free parameters, those of a learned representation included.
  public var parameterCount: Int
  /// At the last pass, in the units of the scaled columns.
  public var logLikelihood: Double
  /// Passes of the start that was chosen.
  public var iterations: Int
  public var isConverged: Bool
  public var search: SearchSummary
  /// How groups of a spline regression differ, with the BIC of each form; empty for other fits.
  public var forms: [FormCriterion] = []
  public var form: SplineForm?
  /// What kept the groups from degenerating, and features that were left out.
  public var findings: [Finding] = []
  /// The rounds in which the representation was learned; nil for others.
  public var alternation: AlternationTrace?
  /// The starts that were carried on to convergence.
  public var contenders: Contenders?
}

/// Fits the representation and distribution blocks to a table that was centered by `scaling`.
struct Fitting {
  let configuration: Configuration
  let table: Frame
  let scaling: ColumnScaling
  let search: Search

  var random: CounterRandom { CounterRandom(seed: configuration.seed, stream: .starts) }
  var starts: Range<Int> { 0..<(configuration.groups == 1 ? 1 : configuration.starts) }
  /// The rows on which starts are tried; nil for all.
  let subset: ChunkSubset?

  /// Collective.
  init(
    configuration: Configuration, table: Frame, scaling: ColumnScaling, search: Search
  ) throws {
    self.configuration = configuration
    self.table = table
    self.scaling = scaling
    self.search = search
    let subset = ChunkSubset(of: table.rows, count: Search.subsetChunks, seed: configuration.seed)
    let gram = try subset.map {
      try Design(
        table: table, featureNames: table.covariateNames, features: nil, subset: $0
      ).pooledStatistics().gram(0)
    }
    // A rare level of a category may be in none of these rows.
    self.subset = gram?.dependentColumns(1...table.covariateCount + 1).isEmpty == false ? nil : subset
  }

  /// - Throws: ``Failure`` `data` when the rows are too few for the representation, `numerical` when all starts end in
  ///   groups too small to fit.
  func run() throws -> FitOutcome {
    do {
      return try fit()
    } catch let error where error is DegenerateGroup || error is NotPositiveDefinite {
      throw Failure.ofOneFit(
        .data,
        "the rows do not determine a fit on the \(configuration.representation.rawValue) representation (\(error)); give "
          + "more rows or choose --representation identity")
    }
  }

  private func fit() throws -> FitOutcome {
    if configuration.representation.isLearned { return try Alternation(fitting: self).run() }
    if configuration.distribution == .regression && configuration.representation == .spline {
      return try splineRegression()
    }
    let (representation, findings) = try representation()
    var outcome = try fit(on: representation)
    outcome.findings = findings + outcome.findings
    return outcome
  }

  // MARK: One representation, one distribution

  func fit(on representation: AnyRepresentation) throws -> FitOutcome {
    let all = design(representation)
    let tried = design(representation, subset: subset)
    let pooled = try tried.pooledStatistics()
    switch configuration.distribution {
    // The joint model starts from a mixture of regressions.
    case .regression, .joint:
      let models = try RegressionMixture.starts(
        starts, groups: configuration.groups, pooled: pooled, random: random)
      return try fit(models, tried: tried, all: all, representation) { .regression($0) }
    case .gaussian:
      return try fit(gaussianStarts(tried, pooled), tried: tried, all: all, representation) { .gaussian($0) }
    case .kmeans:
      let centers = try tried.centers(
        starts, groups: configuration.groups, plusPlus: true, scaled: false, pooled: pooled, random: random)
      return try fit(centers.map(KMeansMixture.init), tried: tried, all: all, representation) { .kmeans($0) }
    }
  }

  private func gaussianStarts(_ design: Design, _ pooled: SufficientStatistics) throws -> [GaussianMixture] {
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
    _ models: [Model], tried: Design, all: Design, _ representation: AnyRepresentation,
    wrap: (Model) -> FittedMixture
  ) throws -> FitOutcome {
    let short = try search.short(numbered(models), on: tried, phase: "starts")
    let continued = try search.continued(short, on: tried, phase: "search")
    let final = try search.finished(
      continued.isEmpty ? short : continued, on: all, phase: "em", groups: configuration.groups)
    let model = final.model.canonical
    var result = outcome(
      final, Search.summary(short, continued), parameterCount: model.parameterCount, representation, wrap(model))
    result.contenders = Contenders(representation: representation, mixtures: continued.map { wrap($0.model) })
    return result
  }

  // MARK: Parts

  func design(_ representation: AnyRepresentation, subset: ChunkSubset? = nil) -> Design {
    Design(table: table, representation: representation, subset: subset)
  }

  func numbered<Model>(_ models: [Model]) -> [Fit<Model>] {
    models.enumerated().map { Fit(start: $0.offset, model: $0.element) }
  }

  func outcome<Model>(
    _ fit: Fit<Model>, _ summary: SearchSummary, parameterCount: Int, _ representation: AnyRepresentation,
    _ mixture: FittedMixture
  ) -> FitOutcome {
    FitOutcome(
      model: FittedModel(
        covariateNames: table.covariateNames, treatmentName: table.treatmentName, scaling: scaling,
        representation: representation, mixture: mixture),
      parameterCount: parameterCount, logLikelihood: fit.logLikelihood, iterations: fit.passes,
      isConverged: fit.isConverged, search: summary, findings: fit.findings)
  }
}

extension Fitting {
  /// Collective.
  init(
    _ configuration: Configuration, _ rows: CenteredRows, journal: Journal
  ) throws {
    try self.init(
      configuration: configuration, table: rows.table, scaling: rows.scaling,
      search: Search(
        convergence: configuration.convergence, journal: journal, continuedStarts: max(5, configuration.starts / 4)))
  }
}
