import Features
import Testing

@Suite struct IdentityBasisTests {
  @Test func `The features are the covariates`() throws {
    let identity = IdentityBasis(covariateNames: ["age", "dose"])
    #expect(identity.isIdentity && identity.dimension == 2 && identity.featureNames == ["age", "dose"])
    #expect(identity.features([[1, 2, 3], [4, 5, 6]]) == [[1, 4], [2, 5], [3, 6]])
    #expect(try identity.decoded.featureNames == identity.featureNames)
  }
}
