import Statistics
import TestSupport
import Testing

@Suite struct MultipleTestingTests {
  struct Fixture: Decodable {
    struct Values: Decodable {
      let p, bonferroni, holm, benjaminiHochberg: [Double]
    }
    let multiple: Values
  }

  @Test func `Adjusted p-values are those of statsmodels`() throws {
    let values = try oracle("distributions.json", as: Fixture.self).multiple
    #expect(distance(MultipleTesting.bonferroni.adjusted(values.p), values.bonferroni) < 1e-15)
    #expect(distance(MultipleTesting.holm.adjusted(values.p), values.holm) < 1e-15)
    #expect(distance(MultipleTesting.benjaminiHochberg.adjusted(values.p), values.benjaminiHochberg) < 1e-15)
  }

  @Test(arguments: MultipleTesting.allCases)
  func `A correction keeps the order, follows a permutation and leaves a single test alone`(_ method: MultipleTesting) {
    let p = [0.04, 0.2, 0.001, 0.9, 0.03, 0.03]
    let adjusted = method.adjusted(p)
    for i in p.indices {
      #expect(adjusted[i] >= p[i] && adjusted[i] <= 1)
      for j in p.indices where p[i] < p[j] { #expect(adjusted[i] <= adjusted[j]) }
    }
    #expect(method.adjusted(p.reversed()) == adjusted.reversed())
    #expect(method.adjusted([0.3]) == [0.3])
    #expect(method.adjusted([]).isEmpty)
  }
}
