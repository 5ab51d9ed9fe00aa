import Foundation
import Statistics
import TestSupport
import Testing

struct DistributionFixture: Decodable {
  struct Case: Decodable, CustomStringConvertible {
    let name: String
    let parameters: [Double]
    /// (x, density, cumulative, survival).
    let points: [[Double]]
    /// (p, x) with Pr(X > x) = p.
    let quantiles: [[Double]]

    var description: String { "\(name)\(parameters)" }

    var distribution: any Distribution {
      switch name {
      case "normal": StandardNormal()
      case "t": StudentT(degreesOfFreedom: parameters[0])
      case "chiSquare": ChiSquare(degreesOfFreedom: parameters[0])
      default: FDistribution(numerator: parameters[0], denominator: parameters[1])
      }
    }
  }
  let cases: [Case]
  static let all = try! oracle("distributions.json", as: DistributionFixture.self).cases
}

/// The error of a value as a share of the one expected.
func relativeError(_ actual: Double, _ expected: Double) -> Double {
  guard actual.isFinite else { return actual == expected ? 0 : .infinity }
  return actual == expected ? 0 : abs(actual - expected) / abs(expected)
}

@Suite struct DistributionTests {
  /// 1e-13 in the body; a probability e^(-z) is known to a few roundings of the exponent z.
  static func tolerance(_ value: Double) -> Double { 1e-13 + 6e-16 * abs(log(value)) }

  @Test(arguments: DistributionFixture.all)
  func `Density and both tails have the relative precision of mpmath`(of fixture: DistributionFixture.Case) {
    let distribution = fixture.distribution
    for point in fixture.points {
      let values = [distribution.density, distribution.cumulative, distribution.survival].map { $0(point[0]) }
      for (value, expected) in zip(values, point.dropFirst()) {
        #expect(relativeError(value, expected) <= Self.tolerance(expected), "\(point), got \(values)")
      }
    }
  }

  @Test(arguments: DistributionFixture.all)
  func `Quantiles have the precision that the tail gives them`(of fixture: DistributionFixture.Case) {
    let distribution = fixture.distribution
    for entry in fixture.quantiles {
      let (p, x) = (entry[0], entry[1])
      let value = distribution.quantile(survival: p)
      // A relative error of the smaller tail moves log x by tail / (x f).
      let tail = min(p, 1 - p)
      let condition = x == 0 ? 0 : tail / abs(x * distribution.density(x))
      #expect(relativeError(value, x) <= 1e-15 + 4 * condition * Self.tolerance(tail), "\(entry), got \(value)")
    }
  }

  @Test(arguments: DistributionFixture.all)
  func `A quantile inverts the distribution`(of fixture: DistributionFixture.Case) {
    let distribution = fixture.distribution
    for p in [1e-100, 1e-12, 0.01, 0.25, 0.5, 0.75, 0.99] {
      let upper = distribution.quantile(survival: p)
      if upper.isFinite { #expect(relativeError(distribution.survival(upper), p) < 1e-12, "\(p)") }
      let lower = distribution.quantile(p)
      if lower != 0, lower.isFinite { #expect(relativeError(distribution.cumulative(lower), p) < 1e-12, "\(p)") }
      #expect(lower <= upper || p > 0.5)
    }
    #expect(distribution.quantile(1) == .infinity)
    #expect(distribution.quantile(survival: 0) == .infinity)
    let least = fixture.name == "t" || fixture.name == "normal" ? -Double.infinity : 0
    #expect(distribution.quantile(0) == least)
    #expect(distribution.quantile(survival: 1) == least)
  }

  @Test(arguments: DistributionFixture.all)
  func `The density is the slope of the distribution`(of fixture: DistributionFixture.Case) {
    let distribution = fixture.distribution
    for p in [0.1, 0.4, 0.8] {
      let (x, h) = (distribution.quantile(p), 1e-4 * abs(distribution.quantile(p)))
      let slope = (distribution.cumulative(x + h) - distribution.cumulative(x - h)) / (2 * h)
      #expect(relativeError(slope, distribution.density(x)) < 1e-4)
    }
  }

  @Test func `Normal and t are symmetric`() {
    let distributions: [any Distribution] = [StandardNormal(), StudentT(degreesOfFreedom: 3.5)]
    for distribution in distributions {
      for x in [0, 1e-3, 0.7, 4, 30] {
        #expect(distribution.survival(x) == distribution.cumulative(-x))
        #expect(distribution.density(x) == distribution.density(-x))
      }
      for p in [1e-20, 0.1, 0.3, 0.5] {
        #expect(distribution.quantile(p) == -distribution.quantile(survival: p))
      }
      #expect(distribution.quantile(0.5) == 0)
    }
  }

  @Test func `Two degrees of freedom have closed forms`() {
    for x in [1e-8, 0.5, 3, 40, 900] {
      #expect(relativeError(ChiSquare(degreesOfFreedom: 2).survival(x), exp(-x / 2)) < 1e-13)
      let f = FDistribution(numerator: 2, denominator: 9).survival(x)
      #expect(relativeError(f, pow(1 + 2 * x / 9, -4.5)) < 1e-13)
      #expect(relativeError(StudentT(degreesOfFreedom: 1).survival(x), atan(1 / x) / .pi) < 1e-13)
    }
  }

  @Test func `F is the reciprocal of F with the degrees of freedom exchanged`() {
    for x in [1e-3, 0.4, 1, 2.5, 70] {
      let (lower, upper) = (
        FDistribution(numerator: 3, denominator: 8).cumulative(x),
        FDistribution(numerator: 8, denominator: 3).survival(1 / x)
      )
      #expect(relativeError(lower, upper) < 1e-14)
    }
  }

  @Test func `Many degrees of freedom lead to the limits`() {
    for x in [0.3, 1, 2, 4.5] {
      #expect(relativeError(StudentT(degreesOfFreedom: 1e14).survival(x), StandardNormal().survival(x)) < 2e-12)
      let limit = ChiSquare(degreesOfFreedom: 5).survival(5 * x)
      #expect(relativeError(FDistribution(numerator: 5, denominator: 1e14).survival(x), limit) < 1e-12)
    }
  }

  @Test func `What lies outside or is no number is answered as such`() {
    #expect(ChiSquare(degreesOfFreedom: 3).cumulative(-1) == 0)
    #expect(ChiSquare(degreesOfFreedom: 3).survival(-1) == 1)
    #expect(ChiSquare(degreesOfFreedom: 3).survival(.infinity) == 0)
    #expect(ChiSquare(degreesOfFreedom: 3).density(-1) == 0)
    #expect(ChiSquare(degreesOfFreedom: 2).density(0) == 0.5)
    #expect(FDistribution(numerator: 2, denominator: 5).density(0) == 1)
    #expect(FDistribution(numerator: 3, denominator: 5).survival(.infinity) == 0)
    #expect(StudentT(degreesOfFreedom: 4).cumulative(-.infinity) == 0)
    let all: [any Distribution] = [
      StandardNormal(), StudentT(degreesOfFreedom: 2), ChiSquare(degreesOfFreedom: 2),
      FDistribution(numerator: 2, denominator: 2),
    ]
    for distribution in all {
      #expect(distribution.survival(.nan).isNaN)
      #expect(distribution.cumulative(.nan).isNaN)
      #expect(distribution.density(.nan).isNaN)
    }
  }
}
