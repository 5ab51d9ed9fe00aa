import Features
import LinearAlgebra
import TestSupport
import Testing

@Suite struct SplineCurvesTests {
  private let covariates: [[Double]] = (0..<2).map { j in
    (0..<400).map { CounterRandom(seed: 3, stream: .test).normal(row: $0, draw: j) }
  }

  @Test func `Each feature is one curve of one covariate, centered and scaled`() throws {
    let basis = try SplineBasis(fitting: sampleTable(covariates)).dropping([2])
    #expect(basis.featureCounts == [7, 8])
    let shapes = basis.featureCounts.map { count in (0..<count).map { Double($0) - 2.5 } }
    let shape = SplineCurves(
      basis: basis, covariateNames: ["a", "b"], shapes: shapes, centers: [0.5, -1], scales: [2, 4])
    #expect(shape.dimension == 2 && shape.featureNames == ["h(a)", "h(b)"])
    for (found, row) in zip(shape.features(covariates), basis.features(covariates)) {
      let expected = [(dot(shapes[0], Array(row[..<7])) - 0.5) / 2, (dot(shapes[1], Array(row[7...])) + 1) / 4]
      #expect(distance(found, expected) < 1e-14)
    }
    #expect(try shape.decoded.features(covariates) == shape.features(covariates))
  }
}
