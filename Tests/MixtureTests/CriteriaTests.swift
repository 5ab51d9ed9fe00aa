import Foundation
import Mixture
import ModelTestSupport
import Testing

@Suite struct CriteriaTests {
  @Test func `BIC and ICL are their closed forms`() {
    let criteria = InformationCriteria(logLikelihood: -100, entropy: 7, parameterCount: 3, rowCount: exp(2))
    #expect(abs(criteria.bic - 206) < 1e-12)
    #expect(abs(criteria.icl - 220) < 1e-12)
  }

  @Test func `More parameters at the same likelihood are worse`() {
    let few = InformationCriteria(logLikelihood: -10, entropy: 0, parameterCount: 3, rowCount: 100)
    let many = InformationCriteria(logLikelihood: -10, entropy: 0, parameterCount: 4, rowCount: 100)
    #expect(abs(many.bic - few.bic - log(100)) < 1e-12)
  }
}
