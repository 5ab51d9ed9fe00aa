import LinearAlgebra
import Mixture
import ModelTestSupport
import TestSupport
import Testing

/// gaussian.json, with columns in our order (r, t) instead of the file's (t, r1, r2).
struct GaussianOracle: Decodable {
  /// A covariance of any shape in the file, as K full matrices.
  struct Covariances: Decodable {
    let values: [Matrix]

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let full = try? container.decode([[[Double]]].self) {
        values = full.map { Matrix($0).reordered }
      } else if let rows = try? container.decode([[Double]].self) {
        // Tied matrices and diagonals are both 3 x 3 here: only the former is symmetric.
        let isTied = abs(rows[0][1] - rows[1][0]) < 1e-12 && abs(rows[0][2] - rows[2][0]) < 1e-12
        values =
          isTied
          ? Array(repeating: Matrix(rows).reordered, count: 3) : rows.map { Matrix(diagonal: $0.inOurOrder) }
      } else {
        values = try container.decode([Double].self).map { Matrix(diagonal: [$0, $0, $0]) }
      }
    }
  }

  struct Stage: Decodable {
    let weights: [Double]
    let means: [[Double]]
    let covariances: Covariances
    let logLikelihood: Double?
    let bic: Double?
    let parameterCount: Int?
    let responsibilities: [[Double]]?

    func model(_ shape: CovarianceShape) throws -> GaussianMixture {
      try GaussianMixture(
        mixingWeights: weights, means: means.map(\.inOurOrder), covariances: covariances.values, shape: shape)
    }

    func distance(to model: GaussianMixture) -> Double {
      max(
        TestSupport.distance(model.mixingWeights, weights), TestSupport.distance(model.means, means.map(\.inOurOrder)),
        TestSupport.distance(model.covariances.flatMap(\.values), covariances.values.flatMap(\.values)))
    }
  }

  struct Fits: Decodable {
    let start: Stage
    let startResponsibilities: [[Double]]
    let afterOne: Stage
    let afterAll: Stage
    let logLikelihood: [Double]
  }

  let c: [[Double]]
  let iterations: Int
  let full: Fits
  let tied: Fits
  let diag: Fits
  let spherical: Fits
  let rowWeights: [Double]
  let fullWeighted: Fits

  func fits(_ shape: CovarianceShape, isWeighted: Bool) -> Fits {
    switch shape {
    case .full: isWeighted ? fullWeighted : full
    case .tied: tied
    case .diagonal: diag
    case .spherical: spherical
    }
  }

  func design(isWeighted: Bool) throws -> Design {
    let columns = [1, 2, 0].map { j in c.map { $0[j] } }
    return try TestRows(
      covariates: Array(columns.prefix(2)), treatment: columns[2], weight: isWeighted ? rowWeights : nil
    ).design()
  }
}

extension [Double] {
  fileprivate var inOurOrder: [Double] { [self[1], self[2], self[0]] }
}

extension Matrix {
  fileprivate var reordered: Matrix {
    let order = [1, 2, 0]
    return Matrix(order.map { i in order.map { self[i, $0] } })
  }
}

@Suite struct GaussianMixtureTests {
  static let cases: [(CovarianceShape, Bool)] = CovarianceShape.allCases.map { ($0, false) } + [(.full, true)]

  let oracle: GaussianOracle
  init() throws { oracle = try TestSupport.oracle("gaussian.json") }

  @Test(arguments: cases)
  func `The E step of the start gives scikit-learn's responsibilities`(
    shape: CovarianceShape, isWeighted: Bool
  ) throws {
    let fits = oracle.fits(shape, isWeighted: isWeighted)
    let design = try oracle.design(isWeighted: isWeighted)
    let posteriors = design.posteriors(try fits.start.model(shape))
    #expect(distance(posteriors.rows, fits.startResponsibilities) < 1e-12)
    #expect(distance([posteriors.logLikelihood], [fits.logLikelihood[0]]) < 1e-12)
  }

  @Test(arguments: cases)
  func `Iterations give scikit-learn's parameters`(shape: CovarianceShape, isWeighted: Bool) throws {
    let fits = oracle.fits(shape, isWeighted: isWeighted)
    let design = try oracle.design(isWeighted: isWeighted)
    let start = try fits.start.model(shape)
    let first = try design.passes(1, from: start)
    #expect(fits.afterOne.distance(to: first.model) < 1e-10)
    let fit = try design.passes(oracle.iterations, from: start)
    #expect(fits.afterAll.distance(to: fit.model) < 1e-10)
    #expect(distance(design.posteriors(fit.model).rows, fits.afterAll.responsibilities!) < 1e-10)
    let last = try design.statistics(of: [fit.model])[0]
    #expect(distance(fit.trace + [last.logLikelihood], fits.logLikelihood) < 1e-11)
    #expect(fit.model.parameterCount == fits.afterAll.parameterCount)
    let criteria = InformationCriteria(
      logLikelihood: last.logLikelihood, entropy: last.entropy, parameterCount: fit.model.parameterCount,
      rowCount: last.total)
    #expect(distance([criteria.bic], [fits.afterAll.bic!]) < 1e-11)
  }

  @Test func `A covariance without a Cholesky factor is refused`() {
    #expect(throws: NotPositiveDefinite.self) {
      try GaussianMixture(
        mixingWeights: [1], means: [[0, 0]], covariances: [Matrix([[1, 2], [2, 1]])], shape: .full)
    }
  }

  @Test func `Reordering groups reorders posteriors, canonical order undoes it`() throws {
    let design = try oracle.design(isWeighted: false)
    let model = try oracle.full.afterAll.model(.full)
    let turned = model.reordered([1, 2, 0])
    let (before, after) = (design.posteriors(model).rows, design.posteriors(turned).rows)
    #expect(distance(after, before.map { row in [1, 2, 0].map { row[$0] } }) < 1e-14)
    #expect(parameters(of: turned.canonical) == parameters(of: model.canonical))
    #expect(zip(model.canonical.mixingWeights, model.canonical.mixingWeights.dropFirst()).allSatisfy(>=))
  }

  @Test(arguments: CovarianceShape.allCases)
  func `The M step keeps the shape`(shape: CovarianceShape) throws {
    let design = try oracle.design(isWeighted: false)
    let model = try design.passes(3, from: oracle.fits(shape, isWeighted: false).start.model(shape)).model
    for covariance in model.covariances {
      #expect((covariance - covariance.transposed).largestMagnitude < 1e-14)
      switch shape {
      case .full: break
      case .tied: #expect(covariance == model.covariances[0])
      case .diagonal: #expect(covariance == Matrix(diagonal: covariance.diagonal))
      case .spherical: #expect(covariance == Matrix(diagonal: Array(repeating: covariance[0, 0], count: 3)))
      }
    }
  }
}
