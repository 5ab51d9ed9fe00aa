import LinearAlgebra
import Mixture
import Representation

/// The default: spline regression, its form chosen by BIC.
extension Fitting {
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

    let rowCount = linearDesign.rows.rowCount
    let scale = scaling.scales[table.covariateCount]
    func criterion<Model>(_ form: SplineForm, _ fits: [Fit<Model>]) -> FormCriterion? {
      FormCriterion(form, fits.first, rowCount: rowCount, treatmentScale: scale)
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
