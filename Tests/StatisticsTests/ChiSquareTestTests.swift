import Foundation
import Statistics
import Testing

@Suite struct ChiSquareTestTests {
  @Test func `The p-value is the upper tail`() {
    // 3.841458820694124 is the 95% point with one degree of freedom.
    #expect(abs(ChiSquareTest(statistic: 3.841458820694124, degreesOfFreedom: 1).pValue - 0.05) < 1e-15)
    #expect(abs(ChiSquareTest(statistic: 8, degreesOfFreedom: 2).pValue - exp(-4)) < 1e-16)
    #expect(ChiSquareTest(statistic: 0, degreesOfFreedom: 3).pValue == 1)
  }

  @Test func `A test survives JSON under its keys`() throws {
    let test = ChiSquareTest(statistic: 2.5, degreesOfFreedom: 4)
    let data = try JSONEncoder().encode(test)
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(Set(object.keys) == ["statistic", "degreesOfFreedom", "pValue"])
    #expect(try JSONDecoder().decode(ChiSquareTest.self, from: data) == test)
  }
}
