import Foundation
import LinearAlgebra
import Testing

/// The definitions, row by row, with the C library's functions.
private struct Oracle {
  var gamma: [Double]
  var logLikelihood = 0.0
  var entropy = 0.0
  var gram: [Double]
  /// Sums of absolute values, the scale of rounding errors.
  var magnitude: [Double]

  init(_ problem: KernelProblem) {
    let columnCount = problem.columns.count
    let gramCount = columnCount * (columnCount + 1) / 2
    gamma = Array(repeating: 0, count: problem.groupCount * problem.stride)
    gram = Array(repeating: 0, count: problem.groupCount * gramCount)
    magnitude = gram
    for row in 0..<problem.rowCount {
      let values = problem.columns.map { $0[row] }
      let weight = problem.rowWeights?[row] ?? 1
      let densities = Self.logDensities(problem, values)
      let largest = densities.max()!
      let sum = densities.reduce(0) { $0 + exp($1 - largest) }
      logLikelihood += weight * (problem.hard ? largest : largest + log(sum))
      for group in 0..<problem.groupCount {
        let share =
          problem.hard
          ? (group == densities.firstIndex(of: largest) ? 1 : 0) : exp(densities[group] - largest) / sum
        gamma[group * problem.stride + row] = share
        if share > 0 { entropy -= weight * share * log(share) }
        var index = group * gramCount
        for a in 0..<columnCount {
          for b in a..<columnCount {
            let product = weight * share * values[a] * values[b]
            gram[index] += product
            magnitude[index] += abs(product)
            index += 1
          }
        }
      }
    }
  }

  private static func logDensities(_ problem: KernelProblem, _ values: [Double]) -> [Double] {
    var coefficients = problem.forms[...]
    return problem.logScales.map { logScale in
      var formCount = values.count - 1
      if case .dense(let count) = problem.shape { formCount = count }
      var squares = 0.0
      for form in 0..<formCount {
        let length = problem.shape == .triangular ? form + 2 : values.count
        let value = zip(coefficients.prefix(length), values).reduce(0) { $0 + $1.0 * $1.1 }
        coefficients = coefficients.dropFirst(length)
        squares += value * value
      }
      return logScale - squares / 2
    }
  }
}

extension KernelTests {
  /// The best kernel of the machine against the definitions; the others equal it.
  @Suite struct Definitions {
    @Test(arguments: [2, 5, 9, 33, 70], [false, true])
    func `A pass is what its definition says`(columns: Int, weighted: Bool) {
      for (rows, hard) in [(1024, false), (1024, true), (8, false), (7, true), (1, false), (2100, false)] {
        for shape in [Kernel.FormShape.triangular, .dense(formCount: 1), .dense(formCount: 2)] {
          let problem = KernelProblem(
            columns: columns, rows: rows, groups: 3, shape: shape, hard: hard, weighted: weighted,
            seed: UInt64(rows + columns))
          expectNear(problem)
        }
      }
    }

    private func expectNear(_ problem: KernelProblem) {
      let oracle = Oracle(problem)
      let responsibilities = problem.responsibilities()
      let pass = problem.pass()
      let rows = Double(problem.rowCount)
      #expect(zip(responsibilities.gamma, oracle.gamma).allSatisfy { abs($0 - $1) <= 1e-12 })
      #expect(abs(pass.totals.logLikelihood - oracle.logLikelihood) <= 1e-12 * rows)
      #expect(abs(pass.totals.entropy - oracle.entropy) <= 1e-12 * rows)
      #expect(
        zip(zip(pass.gram, oracle.gram), oracle.magnitude).allSatisfy { pair, magnitude in
          abs(pair.0 - pair.1) <= 1e-12 * magnitude
        })
    }

    @Test func `Wide problems fit too`() {
      expectNear(KernelProblem(columns: 600, rows: 40, groups: 1, shape: .dense(formCount: 2)))
      expectNear(KernelProblem(columns: 20, rows: 40, groups: 70, shape: .triangular))
    }

    @Test func `The first of equal groups wins`() {
      var problem = KernelProblem(columns: 4, rows: 100, groups: 3, shape: .dense(formCount: 1), hard: true)
      problem.forms = Array(repeating: 0.25, count: 12)
      problem.logScales = [-1, 2, 2]
      let gamma = problem.responsibilities().gamma
      #expect((0..<100).allSatisfy { gamma[$0] == 0 && gamma[problem.stride + $0] == 1 })
      #expect((0..<100).allSatisfy { gamma[2 * problem.stride + $0] == 0 })
    }
  }
}
