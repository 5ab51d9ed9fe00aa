import Diagnostics
import Features
import LinearAlgebra
import Mixture
import Statistics

/// Products of two covariates in the rules of treatment: found by tests, taken by BIC.
extension MixtureEstimation {
  /// The most products that a rule is given.
  static let mostProducts = 6
  /// Of more pairs of covariates none is tested.
  static let mostPairs = 300
  /// Starts with all products at once that go on to convergence.
  private static let continuedStarts = 2
  /// Rows for each column of each group, for groups to be looked for with all products at once.
  private static let rowsPerColumn = 10
  /// The chance of looking for groups anew when no product is missing, of either kind of test.
  private static let level = 0.01

  /// Spline regression whose rules hold products of two covariates: those of groups that are looked for with all products
  /// at once, and those that score tests find missing, one after another.
  ///
  /// Groups found without a product may be wrong: what the rules miss is shared out among them, and where it differs by
  /// group score tests may not see it. So with each product groups are looked for anew, from all starts.
  func regressionWithProducts() throws -> MixtureResult {
    var result = try splineRegression()
    if let richer = try richer(result, with: proposedProducts()) { result = richer }
    var missing = try missingProduct(in: result)
    while let found = missing, let richer = try richer(result, with: [found.product]) {
      result = richer
      missing = try missingProduct(in: result)
    }
    if let products = result.forms?.products, !products.isEmpty {
      result.findings.append(.note(.productsInRule, [.names: .names(products.map(name))]))
    }
    if let missing {
      result.findings.append(
        Finding(.productMissing, [.names: .names([name(missing.product)]), .test: missing.test]))
    }
    return result
  }

  /// The regression with some products more; nil where there are none, where BIC does not fall, and where the rows are too
  /// few. Where BIC falls only because other groups were found, their regression without these products.
  private func richer(_ result: MixtureResult, with more: [[Int]]) throws -> MixtureResult? {
    guard let forms = result.forms, !more.isEmpty, forms.products.count + more.count <= Self.mostProducts else {
      return nil
    }
    do {
      let richer = try splineRegression(with: forms.products + more)
      guard richer.forms!.bic < forms.bic else { return nil }
      var leaner = try splineRegression(with: forms.products, from: richer)
      leaner.search = richer.search
      return leaner.forms!.bic <= richer.forms!.bic ? leaner : richer
    } catch is DegenerateGroup { return nil }
  }

  /// All pairs of covariates; none where they are too many.
  private var pairs: [[Int]] {
    let m = table.covariateCount
    guard m > 1, m * (m - 1) / 2 <= Self.mostPairs else { return [] }
    return (0..<m).flatMap { i in (i + 1..<m).map { [i, $0] } }
  }

  /// The products that matter in the rules of groups on parabolas and all products: Wald tests, Holm's correction over all
  /// pairs. None with one group, where score tests see them, or where the rows are too few for so many columns.
  private func proposedProducts() throws -> [[Int]] {
    let (spline, _, _) = try splineBasis()
    let parabolas = spline.parabolas(covariateNames: table.covariateNames)
    let (groups, pairs) = (configuration.groups, pairs)
    let basis = PolynomialBasis(
      monomials: parabolas.monomials + pairs, covariateNames: table.covariateNames, origin: parabolas.origin)
    let columns = groups * (basis.dimension + 2)
    let rows = effectiveShare * Double(table.observationCount)
    guard groups > 1, !pairs.isEmpty, Double(Self.rowsPerColumn * columns) <= rows else { return [] }
    let tried = design(basis, subset: subset)
    let pooled = try tried.pooledStatistics()
    guard pooled.gram(0).dependentColumns(inOrder: 0...basis.dimension).isEmpty else { return [] }
    let models = try RegressionMixture.starts(
      starts, groups: groups, pooled: pooled,
      random: CounterRandom(seed: configuration.seed, stream: .parabolicStarts)
    ).map(configuration.errors.applied(to:))
    let pilot = briefDesign(tried, basis)
    let short = try search.short(numbered(models), on: pilot, phase: "starts products")
    let chosen = short.best(Self.continuedStarts).map { Fit(continuing: $0, model: $0.model) }
    let converged = try search.converged(chosen, on: tried, pilot: pilot, phase: "search products")
    guard let best = converged.fits.first else { return [] }
    let first = 1 + parabolas.dimension
    let tests = try tried.tests(ofColumns: Array(first..<first + pairs.count), in: best.model)
    let adjusted = MultipleTesting.holm.adjusted(tests.map { $0?.counting(effectiveShare).pValue ?? 1 })
    return pairs.indices.filter { adjusted[$0] < Self.level }.prefix(Self.mostProducts).map { pairs[$0] }
  }

  /// The product that the rows miss most, where they miss any by more than chance would make them: Holm's correction over
  /// all pairs.
  private func missingProduct(in result: MixtureResult) throws -> (product: [Int], test: Finding.Value)? {
    guard case .regression(let mixture) = result.model.mixture, let forms = result.forms else { return nil }
    let pairs = pairs.filter { !forms.products.contains($0) }
    guard !pairs.isEmpty else { return nil }
    let products = PolynomialBasis(
      monomials: pairs, covariateNames: table.covariateNames,
      origin: Array(repeating: 0, count: table.covariateCount))
    let tests = try design(result.model.representation, subset: subset).tests(omitting: products, from: mixture).tests
    let tested = pairs.indices.compactMap { index in
      tests[index].map { (pairs[index], $0.counting(effectiveShare)) }
    }
    // Where p values are too small for numbers the statistic tells.
    guard let (pair, test) = tested.min(by: { ($0.1.pValue, -$0.1.statistic) < ($1.1.pValue, -$1.1.statistic) }) else {
      return nil
    }
    let pValue = MultipleTesting.holm.adjusted(tested.map(\.1.pValue)).min()!
    guard pValue < Self.level else { return nil }
    let chosen = test.telling
    return (
      pair, .test(statistic: chosen.statistic, degreesOfFreedom: chosen.degreesOfFreedom, pValue: pValue)
    )
  }

  /// A product in words.
  func name(_ product: [Int]) -> String { product.map { table.covariateNames[$0] }.joined(separator: "*") }
}

extension OmittedFeatures.Tests {
  /// The one of the smaller p value.
  fileprivate var telling: ChiSquareTest {
    guard let byGroup, (byGroup.pValue, -byGroup.statistic) < (common.pValue, -common.statistic) else { return common }
    return byGroup
  }

  fileprivate var statistic: Double { telling.statistic }
}

extension Basis {
  /// x itself, and products of covariates where there are any.
  static func linear(in covariateNames: [String], with products: [[Int]]) -> Basis {
    products.isEmpty
      ? .identity(IdentityBasis(covariateNames: covariateNames))
      : .monomials(PolynomialBasis(linearWith: products, covariateNames: covariateNames))
  }
}
