import InstrumentalVariables
import LinearAlgebra
import Statistics
import TestSupport
import Testing

@Suite struct StrengthTests {
  let fixture = InstrumentalFixture.shared

  private func expect(_ test: FTest?, _ expected: InstrumentalFixture.Test) throws {
    let test = try #require(test)
    #expect(abs(test.statistic / expected.statistic - 1) < 1e-8)
    #expect(abs(test.pValue / expected.pValue - 1) < 1e-7)
  }

  @Test(arguments: InstrumentalFixture.sections)
  func `the first stage is that of linearmodels and statsmodels`(section: String) throws {
    let (regression, expected) = (try fixture.regression(section), fixture.section(section).firstStage)
    for kind in ["hc1", "cluster", "twoWay"] {
      let rows = try regression.firstStage(InstrumentalCovariance(kind))
      #expect(rows.map(\.name) == (rows.count == 1 ? ["d"] : ["d[0]", "d[1]"]))
      for (row, expected) in zip(rows, expected) {
        #expect(abs(row.rSquared - expected.rSquared) < 1e-10)
        #expect(abs(row.partialRSquared - expected.partialRSquared) < 1e-10)
        #expect(abs(row.sheaRSquared - expected.sheaRSquared) < 1e-10)
        try expect(row.f, expected.f)
        let robust = try #require(expected.robust[kind])
        if let statistic = robust.statistic {
          try expect(row.robustF, InstrumentalFixture.Test(statistic: statistic, pValue: robust.pValue!))
        } else {
          #expect(row.robustF == nil)
        }
        #expect(abs(row.effectiveF / robust.effectiveF - 1) < 1e-9)
        #expect(abs(row.effectiveFCritical / robust.effectiveFCritical - 1) < 1e-8)
        if let conditional = expected.conditional, kind == "hc1" {
          try expect(row.conditionalF, conditional)
          try expect(row.robustConditionalF, try #require(expected.robustConditional))
        }
        #expect((row.conditionalF == nil) == (rows.count == 1))
      }
    }
  }

  @Test func `equal variances make the robust F the plain one, and clusters of few degrees have them`() throws {
    let regression = try fixture.regression("strong")
    for row in try regression.firstStage(.unadjusted) {
      let robust = try #require(row.robustF)
      #expect(abs(robust.statistic / row.f.statistic - 1) < 1e-12)
      // Of L equal variances the effective F is the plain one.
      #expect(abs(row.effectiveF / row.f.statistic - 1) < 1e-12)
    }
    #expect(try regression.firstStage(.clustered([1]))[0].robustF?.denominator == 5)
  }

  @Test(arguments: InstrumentalFixture.sections)
  func `Cragg and Donald's and Kleibergen and Paap's statistics are those of the papers' matrices`(
    section: String
  ) throws {
    let (regression, expected) = (try fixture.regression(section), fixture.section(section))
    let plain = try regression.craggDonald()
    #expect(abs(plain.statistic / expected.craggDonald - 1) < 1e-9)
    for (kind, expected) in expected.kleibergenPaap {
      let rank = try regression.kleibergenPaap(InstrumentalCovariance(kind))
      #expect(abs(rank.test.statistic / expected.statistic - 1) < 1e-8)
      #expect(rank.test.degreesOfFreedom == expected.degreesOfFreedom)
      #expect(abs(rank.test.pValue / expected.pValue - 1) < 1e-7)
      #expect(abs(rank.f / expected.f - 1) < 1e-8)
    }
    #expect(abs(try regression.kleibergenPaap(.unadjusted).f / plain.statistic - 1) < 1e-10)
  }

  @Test func `the critical value of one instrument is 23 and a table is looked up where it goes`() throws {
    // Montiel Olea and Pflueger (2013), table 1: 23.1 for one degree of freedom and a bias of a tenth.
    let sample = fixture.sample("single")
    var narrow = sample
    narrow.z = sample.z.map { [$0[0]] }
    let regression = try narrow.regression()
    #expect(abs(try regression.firstStage()[0].effectiveFCritical - 23.1085) < 1e-4)
    #expect(try regression.craggDonald().critical == nil)
    #expect(try fixture.regression("single").craggDonald().critical == 10.83)
    #expect(try fixture.regression("strong").craggDonald().critical == 8.78)
  }
}
