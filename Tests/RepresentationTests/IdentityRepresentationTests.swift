import Representation
import Testing

@Suite struct IdentityRepresentationTests {
  @Test func `The features are the covariates`() throws {
    let identity = IdentityRepresentation(covariateNames: ["age", "dose"])
    #expect(identity.dimension == 2 && identity.featureNames == ["age", "dose"])
    #expect(identity.features([[1, 2, 3], [4, 5, 6]]) == [[1, 4], [2, 5], [3, 6]])
    #expect(try identity.decoded.featureNames == identity.featureNames)
  }
}
