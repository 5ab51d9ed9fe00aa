import LinearAlgebra
import TestSupport
import Testing

/// Exact values, by mpmath.
private struct Functions: Decodable {
  struct Section: Decodable {
    let arguments: [Double]
    let high: [Double]
    let low: [Double]

    /// The largest error in units in the last place, and where.
    func worst(_ function: (Double) -> Double) -> (error: Double, argument: Double) {
      var worst = (error: 0.0, argument: 0.0)
      for (index, argument) in arguments.enumerated() {
        let unit = max(high[index].magnitude, .leastNormalMagnitude).ulp
        var error = abs((function(argument) - high[index]) - low[index]) / unit
        // The rest of a subnormal number is below the least double: up to half a unit of it is not in `low`.
        if high[index].isSubnormal { error = max(error - 0.5, 0) }
        if !(error <= worst.error) { worst = (error, argument) }
      }
      return worst
    }
  }

  let exp: Section
  let log: Section
  let sin: Section
  let cos: Section
}

@Suite struct ElementaryTests {
  /// Measured on 2 · 10⁵ arguments: 0.86, 0.80, 0.80 and 0.78.
  @Test func `exp, log, sin and cos are within nine tenths of a unit in the last place over the whole range`() throws {
    let functions: Functions = try oracle("functions.json")
    let errors = [
      functions.exp.worst(Elementary.exp), functions.log.worst(Elementary.log), functions.sin.worst(Elementary.sin),
      functions.cos.worst(Elementary.cos),
    ]
    for (error, argument) in errors { #expect(error < 0.9, "at \(argument)") }
  }

  @Test func `What has no number, or leaves the range, is infinite, zero or not a number`() {
    let infinity = Double.infinity
    #expect([1000, infinity, -1000, -infinity].map(Elementary.exp) == [infinity, infinity, 0, 0])
    #expect(Elementary.exp(709.79) == infinity && Elementary.exp(-745.14) == 0)
    #expect([0, -0.0, infinity].map(Elementary.log) == [-infinity, -infinity, infinity])
    #expect([-1, -infinity, .nan].map(Elementary.log).allSatisfy(\.isNaN) && Elementary.exp(.nan).isNaN)
    for x in [infinity, -infinity, .nan] { #expect(Elementary.sin(x).isNaN && Elementary.cos(x).isNaN) }
    #expect(Elementary.sin(-0.0).sign == .minus && Elementary.cos(0) == 1)
  }

  @Test func `Sine and cosine together are those alone, odd and even`() {
    let random = CounterRandom(seed: 1, stream: .test)
    for row in 0..<1000 {
      let x = 1e3 * random.normal(row: row, draw: 0)
      let (sin, cos) = Elementary.sinCos(x)
      #expect(sin == Elementary.sin(x) && cos == Elementary.cos(x))
      #expect(sin == -Elementary.sin(-x) && cos == Elementary.cos(-x))
    }
  }

  @Test func `Powers of numbers that multiply without rounding are exact`() {
    #expect((0...19).map { Elementary.power(7, $0) } == (0...19).map { (0..<$0).reduce(1) { x, _ in 7 * x } })
    #expect(Elementary.power(0.5, 1074) == .leastNonzeroMagnitude && Elementary.power(2, 1024) == .infinity)
    #expect(Elementary.power(0, 0) == 1)
  }
}
