import Features
import TestSupport
import Testing

@Suite struct PolynomialBasisTests {
  @Test func `Monomials are scikit-learn's, of the data as given`() throws {
    let oracle: PolynomialOracle = try TestSupport.oracle("polynomial.json")
    let raw = columns(oracle.x)
    let means = raw.map { $0.reduce(0, +) / Double($0.count) }
    let centered = zip(raw, means).map { column, mean in column.map { $0 - mean } }
    let largest = try #require(oracle.cases.first { $0.degree == 3 })
    let features = PolynomialBasis(degree: 3, covariateNames: ["a", "b", "c"], origin: means)
    let exponents = features.monomials.map { monomial in (0..<3).map { j in monomial.count { $0 == j } } }
    #expect(exponents == largest.powers)
    #expect(PolynomialBasis.count(covariates: 3, degree: 3) == 19 && features.dimension == 19)
    for (values, x) in zip(features.features(centered), oracle.x) {
      let expected = features.monomials.map { $0.reduce(1.0) { $0 * x[$1] } }
      #expect(distance(values, expected) < 1e-13)
    }
  }

  @Test func `Features are named after the covariates that they multiply`() {
    let features = PolynomialBasis(degree: 2, covariateNames: ["age", "dose"], origin: [0, 0])
    #expect(features.featureNames == ["age", "dose", "age*age", "age*dose", "dose*dose"])
  }
}
