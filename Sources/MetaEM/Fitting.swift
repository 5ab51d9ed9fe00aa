import Communication
import Dataset
import Diagnostics
import LinearAlgebra
import Mixture
import Representation

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
  public var events: [String] = []
  /// The rounds in which the representation was learned; nil for others.
  public var alternation: AlternationTrace?
  /// The starts that were carried on to convergence.
  public var contenders: Contenders?
}

/// Fits the representation and distribution blocks to a table that was centered by `scaling`.
struct Fitting {
  let configuration: Configuration
  let table: Table
  let scaling: ColumnScaling
  let search: Search

  private var random: CounterRandom { CounterRandom(seed: configuration.seed, stream: .starts) }
  private var starts: Range<Int> { 0..<(configuration.groups == 1 ? 1 : configuration.starts) }
  /// The rows on which starts are tried; nil for all.
  private let subset: ChunkSubset?

  /// Collective.
  init(
    configuration: Configuration, table: Table, scaling: ColumnScaling, search: Search
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
      throw Failure(
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
    let (representation, events) = try representation()
    var outcome = try fit(on: representation)
    outcome.events = events + outcome.events
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

  // MARK: The default: spline regression, its form chosen by BIC

  /// Every start is made twice: on x first, where few parameters find the groups and whose lines are then lines of the
  /// spline basis, and on the basis itself. From both EM bends the curves of each group; shared curves start at the
  /// nearest ones. The form of the lowest BIC goes on to all rows.
  func splineRegression() throws -> FitOutcome {
    let identity = AnyRepresentation.identity(IdentityRepresentation(covariateNames: table.covariateNames))
    var (basis, whole, events) = try splineBasis()
    let spline = AnyRepresentation.spline(basis)
    let linearDesign = design(identity, subset: subset)
    let splineDesign = design(spline, subset: subset)

    let lines = try search.short(
      numbered(
        RegressionMixture.starts(
          starts, groups: configuration.groups, pooled: linearDesign.pooledStatistics(), random: random)),
      on: linearDesign, phase: "starts")
    let linear = try search.continued(lines, on: linearDesign, phase: "search linear")
    let pooled = try subset == nil ? whole : splineDesign.pooledStatistics()
    let bent = lines.filter { $0.degeneracy == nil }.map { line in
      var model = line.model
      model.coefficients = model.coefficients.map(basis.embedding(linear:))
      return Fit(continuing: line, model: model)
    }
    let random = CounterRandom(seed: configuration.seed, stream: .curvedStarts)
    var curved: [Fit<RegressionMixture>] = []
    do {
      curved = try RegressionMixture.starts(
        starts, groups: configuration.groups, pooled: pooled, directions: basis.smoothDirections, random: random
      ).enumerated().map { Fit(start: starts.count + $0.offset, model: $0.element) }
    } catch let error as DegenerateGroup {
      events.append("no curves were tried: too few rows for a spline basis (\(error))")
    }
    let curves = try search.short(curved.isEmpty ? [] : bent + curved, on: splineDesign, phase: "starts spline")
    let free = try search.continued(curves, on: splineDesign, phase: "search free")
    // With one group, shared and free are the same.
    let isShareable = configuration.groups > 1 && !basis.featureCounts.contains(0)
    let nearest = try (isShareable ? free : []).map { fit in
      Fit(
        continuing: fit,
        model: try SharedShapeRegressionMixture(
          nearest: fit.model, featureCounts: basis.featureCounts, pooled: pooled))
    }
    let shared = try search.converged(nearest, on: splineDesign, phase: "search shared")

    let (tried, rowCount) = (linearDesign.rows.rowCount, table.rows.rowCount)
    let scale = scaling.scales[table.covariateCount]
    func criterion<Model>(_ form: SplineForm, _ fits: [Fit<Model>]) -> FormCriterion? {
      FormCriterion(form, fits.first, triedOn: tried, rowCount: rowCount, treatmentScale: scale)
    }
    let forms = [criterion(.linear, linear), criterion(.shared, shared), criterion(.free, free)].compactMap { $0 }
    let chosen = forms.min { $0.bic < $1.bic }?.form ?? .linear
    var result: FitOutcome
    let contenders: Contenders
    switch chosen {
    case .linear:
      contenders = Contenders(representation: identity, mixtures: linear.map { .regression($0.model) })
      let final = try search.finished(
        linear.isEmpty ? lines : linear, on: design(identity), phase: "em", groups: configuration.groups)
      let model = final.model.canonical
      result = outcome(
        final, Search.summary(lines, linear), parameterCount: model.parameterCount, identity, .regression(model))
    case .free:
      contenders = Contenders(representation: spline, mixtures: free.map { .regression($0.model) })
      let final = try search.finished(free, on: design(spline), phase: "em", groups: configuration.groups)
      let model = final.model.canonical
      result = outcome(
        final, Search.summary(curves, free), parameterCount: model.parameterCount, spline, .regression(model))
    case .shared:
      contenders = Contenders(representation: spline, mixtures: shared.map { .regression($0.model.mixture) })
      let final = try search.finished(shared, on: design(spline), phase: "em", groups: configuration.groups)
      let model = final.model.canonical
      let (representation, mixture) = try model.onShapes(
        of: basis, covariateNames: table.covariateNames, pooled: whole)
      result = outcome(
        final, Search.summary(curves, shared), parameterCount: model.parameterCount, .shape(representation),
        .regression(mixture))
    }
    result.forms = forms
    result.form = chosen
    result.contenders = contenders
    result.events = events + result.events
    return result
  }

  // MARK: Representations

  private func representation() throws -> (AnyRepresentation, events: [String]) {
    switch configuration.representation {
    case .identity:
      return (.identity(IdentityRepresentation(covariateNames: table.covariateNames)), [])
    case .polynomial:
      return (.polynomial(try polynomial()), [])
    case .spline:
      let (basis, _, events) = try splineBasis()
      return (.spline(basis), events)
    case .mixed, .network:
      preconditionFailure("learned in turn with the groups")
    }
  }

  /// The spline basis without features that others determine on these rows (ties, few distinct values), with its
  /// statistics on all rows.
  func splineBasis() throws -> (SplineRepresentation, pooled: SufficientStatistics, events: [String]) {
    var basis = try SplineRepresentation(fitting: table)
    var pooled = try design(.spline(basis)).pooledStatistics()
    var events: [String] = []
    let dependent = pooled.gram(0).dependentColumns(1...basis.dimension)
    if !dependent.isEmpty {
      let names = dependent.map { basis.featureNames[$0 - 1] }
      events.append("left out \(names.count) spline functions that others determine: \(names.joined(separator: ", "))")
      basis = basis.dropping(Set(dependent.map { $0 - 1 }))
      pooled = try design(.spline(basis)).pooledStatistics()
    }
    return (basis, pooled, events)
  }

  private func polynomial() throws -> PolynomialRepresentation {
    let m = table.covariateCount
    let degrees = PolynomialRepresentation.degrees.filter {
      $0 == 1 || PolynomialFeatures.count(covariates: m, degree: $0) <= PolynomialRepresentation.largestCount
    }
    // What standardising took away, in its units: powers are then those of the data as given, up to units.
    let origin = zip(scaling.centers, scaling.scales).prefix(m).map { $0 / $1 }
    let candidates = try degrees.map { degree in
      let features = PolynomialFeatures(degree: degree, origin: origin)
      let names = features.monomials.map { $0.map { table.covariateNames[$0] }.joined(separator: "*") }
      let statistics = try Design(
        table: table, featureNames: names, features: features.transform
      ).statistics(folds: PolynomialRepresentation.foldCount)
      return try PolynomialRepresentation.Candidate(
        degree: degree, features: features,
        folds: (0..<PolynomialRepresentation.foldCount).map(statistics.gram))
    }
    return try PolynomialRepresentation(covariateNames: table.covariateNames, candidates: candidates)
  }

  // MARK: Parts

  func design(_ representation: AnyRepresentation, subset: ChunkSubset? = nil) -> Design {
    Design(table: table, representation: representation, subset: subset)
  }

  private func numbered<Model>(_ models: [Model]) -> [Fit<Model>] {
    models.enumerated().map { Fit(start: $0.offset, model: $0.element) }
  }

  private func outcome<Model>(
    _ fit: Fit<Model>, _ summary: SearchSummary, parameterCount: Int, _ representation: AnyRepresentation,
    _ mixture: FittedMixture
  ) -> FitOutcome {
    FitOutcome(
      model: FittedModel(
        covariateNames: table.covariateNames, treatmentName: table.treatmentName, scaling: scaling,
        representation: representation, mixture: mixture),
      parameterCount: parameterCount, logLikelihood: fit.logLikelihood, iterations: fit.passes,
      isConverged: fit.isConverged, search: summary, events: fit.events)
  }
}

extension Design {
  /// The design of a representation's features.
  public convenience init(
    table: Table, representation: AnyRepresentation, subset: ChunkSubset? = nil,
    replacement: RowReplacement = RowReplacement()
  ) {
    if case .identity(let identity) = representation {
      self.init(
        table: table, featureNames: identity.featureNames, features: nil, subset: subset, replacement: replacement)
    } else {
      let base = representation.base
      self.init(
        table: table, featureNames: base.featureNames,
        features: { base.transform($0, rowCount: $1, into: $2, stride: $3) }, subset: subset,
        replacement: replacement)
    }
  }
}

extension SharedShapeRegressionMixture {
  /// The same model as a representation of one standardised curve per covariate and a regression mixture on it.
  func onShapes(
    of basis: SplineRepresentation, covariateNames: [String], pooled: SufficientStatistics
  ) throws -> (ShapeRepresentation, RegressionMixture) {
    let gram = pooled.gram(0)
    let count = pooled.count(0)
    var centers: [Double] = []
    var scales: [Double] = []
    var first = 1
    for shape in shapes {
      let columns = shape.indices.map { first + $0 }
      let center = zip(shape, columns).reduce(0) { $0 + $1.0 * gram[0, $1.1] / count }
      var square = 0.0
      for (a, i) in zip(shape, columns) { for (b, j) in zip(shape, columns) { square += a * b * gram[i, j] / count } }
      centers.append(center)
      let variance = square - center * center
      scales.append(variance > 0 ? variance.squareRoot() : 1)
      first += shape.count
    }
    var result = mixture
    result.coefficients = loadings.map { loading in
      let slopes = zip(loading.dropFirst(), scales).map { $0 * $1 }
      return [zip(loading.dropFirst(), centers).reduce(loading[0]) { $0 + $1.0 * $1.1 }] + slopes
    }
    let representation = ShapeRepresentation(
      basis: basis, covariateNames: covariateNames, shapes: shapes, centers: centers, scales: scales)
    return (representation, result)
  }
}

extension Matrix {
  /// The columns of this Gram matrix of (1, c) that depend linearly on the constant and the columns before them.
  func dependentColumns(_ columns: ClosedRange<Int>) -> [Int] {
    var kept = [0]
    var dependent: [Int] = []
    // One column more at a time, so that a dependent one does not hide those after it.
    for column in columns {
      let trial = kept + [column]
      var block = Matrix(rows: trial.count, columns: trial.count)
      for (a, i) in trial.enumerated() { for (b, j) in trial.enumerated() { block[a, b] = self[i, j] } }
      if (try? Cholesky(block)) == nil { dependent.append(column) } else { kept = trial }
    }
    return dependent
  }
}

extension Fitting {
  /// Collective.
  init(
    _ configuration: Configuration, _ rows: CenteredRows, journal: Journal
  ) throws {
    try self.init(
      configuration: configuration, table: rows.table, scaling: rows.scaling,
      search: Search(convergence: configuration.convergence, journal: journal))
  }
}
