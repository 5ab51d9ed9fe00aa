import Diagnostics
import Features
import LinearAlgebra
import Mixture

/// The default: spline regression, its form chosen by BIC.
extension MixtureEstimation {
  /// Groups are looked for from few parameters to many: lines, curves of each group's own, and curves that groups share,
  /// which start at the nearest ones of those. The form of the lowest BIC goes on to all rows.
  ///
  /// - Parameters:
  ///   - products: of two covariates each, that the rule of every group may hold beside these.
  ///   - other: whose groups are begun with in place of all starts.
  func splineRegression(
    with products: [[Int]] = [], from other: MixtureResult? = nil
  ) throws -> MixtureResult {
    let identity = Basis.linear(in: table.covariateNames, with: products)
    var (basis, whole, findings) = try splineBasis(with: products)
    let spline = Basis.spline(basis)
    let linearDesign = design(identity, subset: subset)
    let splineDesign = design(spline, subset: subset)
    let linearPilot = briefDesign(linearDesign, identity)
    let splinePilot = briefDesign(splineDesign, spline)

    let lines =
      try other.map { try carried($0, to: linearDesign, phase: "carried lines") }
      ?? startingLines(linearDesign, pilot: linearPilot)
    let linear = try search.continued(lines, on: linearDesign, pilot: linearPilot, phase: "search linear")
    let pooled = try subset == nil ? whole : splineDesign.pooledStatistics()
    var (curves, free) = ([Fit<RegressionMixture>](), Search.Continued<RegressionMixture>())
    do {
      if let other {
        curves = try carried(other, to: splineDesign, phase: "carried curves")
        free = Search.Continued(curves, ends: curves)
      } else {
        (curves, free) = try freeCurves(lines, on: splineDesign, pilot: splinePilot, basis: basis, pooled: pooled)
      }
    } catch let error as DegenerateGroup {
      findings.append(.note(.noCurvesTried, [.reason: .name("\(error)")]))
    }
    // With one group, shared and free are the same.
    let isShareable = configuration.groups > 1 && !basis.featureCounts.contains(0)
    let nearest = try (isShareable ? free.ends : []).map { fit in
      Fit(
        continuing: fit,
        model: try SharedShapeRegressionMixture(
          nearest: fit.model, featureCounts: basis.featureCounts, pooled: pooled))
    }
    let shared = try search.converged(nearest, on: splineDesign, pilot: splinePilot, phase: "search shared")

    let rowCount = pooled.total
    let scale = scaling.scales[table.covariateCount]
    func criterion<Model>(_ form: SplineForm, _ found: Search.Continued<Model>) -> FormCriterion? {
      FormCriterion(
        form, found.fits.first, rowCount: rowCount, effectiveShare: effectiveShare, treatmentScale: scale)
    }
    let forms = [criterion(.linear, linear), criterion(.shared, shared), criterion(.free, free)].compactMap { $0 }
    let chosen = forms.min { $0.bic < $1.bic }?.form ?? .linear
    var result: MixtureResult
    let contenders: Contenders
    switch chosen {
    case .linear:
      contenders = Contenders(representation: .basis(identity), mixtures: linear.ends.map { .regression($0.model) })
      let final = try search.finished(
        linear.fits.isEmpty ? lines : linear.fits, on: design(identity), phase: "em", groups: configuration.groups)
      let model = final.model.canonical
      result = self.result(
        final, Search.summary(lines, linear.ends), parameterCount: model.parameterCount, .basis(identity),
        .regression(model))
    case .free:
      contenders = Contenders(representation: .basis(spline), mixtures: free.ends.map { .regression($0.model) })
      let final = try search.finished(free.fits, on: design(spline), phase: "em", groups: configuration.groups)
      let model = final.model.canonical
      result = self.result(
        final, Search.summary(curves, free.ends), parameterCount: model.parameterCount, .basis(spline),
        .regression(model))
    case .shared:
      contenders = Contenders(
        representation: .basis(spline), mixtures: shared.ends.map { .regression($0.model.mixture) })
      let final = try search.finished(shared.fits, on: design(spline), phase: "em", groups: configuration.groups)
      let model = final.model.canonical
      let (shapes, mixture) = try model.onShapes(
        of: basis, names: table.covariateNames + products.map(name), pooled: whole)
      let summary = Search.summary(curves, shared.ends)
      result = self.result(
        final, summary, parameterCount: model.parameterCount, .basis(.shape(shapes)), .regression(mixture))
    }
    result.forms = SplineForms(chosen: chosen, criteria: forms, products: products)
    result.contenders = contenders
    result.findings = findings + result.findings
    return result
  }
}

extension MixtureEstimation {
  /// Lines from random starts after a few passes.
  private func startingLines(_ design: Design, pilot: Design) throws -> [Fit<RegressionMixture>] {
    let models = try RegressionMixture.starts(
      starts, groups: configuration.groups, pooled: design.pooledStatistics(), random: random
    ).map(configuration.errors.applied(to:))
    return try search.short(numbered(models), on: pilot, phase: "starts")
  }

  /// The groups of another result as regressions on the columns of a design, carried on to convergence.
  ///
  /// - Throws: ``DegenerateGroup`` when the rows of a group do not determine its own.
  private func carried(
    _ other: MixtureResult, to design: Design, phase: String
  ) throws -> [Fit<RegressionMixture>] {
    guard case .regression(var mixture) = other.model.mixture else { return [] }
    let statistics = try design.statistics(
      of: mixture, posteriorsOf: mixture, on: self.design(other.model.representation, subset: subset))
    mixture.coefficients = mixture.coefficients.map { _ in Array(repeating: 0, count: design.columnCount - 1) }
    _ = try mixture.maximize(statistics)
    return try search.converged([Fit(start: 0, model: mixture)], on: design, phase: phase)
  }

  /// Curves of each group's own, from three families of starts: lines and parabolas, whose few parameters find groups
  /// that splines of many would miss, and random smooth curves.
  ///
  /// The first two are splines too, so all meet in one likelihood; but parabolas of earlier passes would crowd the others
  /// out, so the best of both go on.
  ///
  /// - Returns: all starts after a few passes, and those that went on.
  /// - Throws: ``DegenerateGroup`` when the rows are too few for the curves.
  private func freeCurves(
    _ lines: [Fit<RegressionMixture>], on splineDesign: Design, pilot: Design, basis: SplineBasis,
    pooled: SufficientStatistics
  ) throws -> (short: [Fit<RegressionMixture>], continued: Search.Continued<RegressionMixture>) {
    let parabolaBasis = basis.parabolas(covariateNames: table.covariateNames)
    let parabolaDesign = design(parabolaBasis, subset: subset)
    func started(
      family: Int, pooled: SufficientStatistics, directions: [[Double]]? = nil, _ stream: RandomStream
    ) throws -> [Fit<RegressionMixture>] {
      try RegressionMixture.starts(
        starts, groups: configuration.groups, pooled: pooled, directions: directions,
        random: CounterRandom(seed: configuration.seed, stream: stream)
      ).enumerated().map {
        Fit(start: family * starts.count + $0.offset, model: configuration.errors.applied(to: $0.element))
      }
    }
    func embedded(
      _ fits: [Fit<RegressionMixture>], _ embedding: ([Double]) -> [Double]
    ) -> [Fit<RegressionMixture>] {
      fits.filter { $0.degeneracy == nil }.map { fit in
        var model = fit.model
        model.coefficients = model.coefficients.map(embedding)
        return Fit(continuing: fit, model: model)
      }
    }
    let curved = try started(family: 1, pooled: pooled, directions: basis.smoothDirections, .curvedStarts)
    let parabolas = try search.short(
      started(family: 2, pooled: parabolaDesign.pooledStatistics(), .parabolicStarts),
      on: briefDesign(parabolaDesign, parabolaBasis), phase: "starts parabolas")

    let others = embedded(lines, basis.embedding(linear:)) + curved
    let short = try search.short(
      others + embedded(parabolas, basis.embedding(parabolas:)), on: pilot, phase: "starts spline")
    let continued = try search.continued(
      Array(short[..<others.count]), Array(short[others.count...]), on: splineDesign, pilot: pilot,
      phase: "search free")
    return (short, continued)
  }
}

extension SharedShapeRegressionMixture {
  /// The same model as one standardised curve per covariate and a regression mixture on it.
  ///
  /// - Parameter names: of the covariates, and then of products.
  func onShapes(
    of basis: SplineBasis, names: [String], pooled: SufficientStatistics
  ) throws -> (SplineCurves, RegressionMixture) {
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
    let curves = SplineCurves(
      basis: basis, covariateNames: names, shapes: shapes, centers: centers, scales: scales)
    return (curves, result)
  }
}
