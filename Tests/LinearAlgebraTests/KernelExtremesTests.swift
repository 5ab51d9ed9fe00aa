import CKernels
import Foundation
import LinearAlgebra
import Testing

extension KernelTests {
  /// Values at the ends of the range, in every instruction set.
  @Suite struct Extremes {
    /// Two groups whose log densities are the given numbers on every row.
    private func constant(_ logDensities: [Double], hard: Bool = false) -> KernelProblem {
      var problem = KernelProblem(
        columns: 3, rows: 13, groups: logDensities.count, shape: .dense(formCount: 1), hard: hard)
      problem.forms = Array(repeating: 0, count: 3 * logDensities.count)
      problem.logScales = logDensities
      return problem
    }

    private func forEachKernel(_ body: () throws -> Void) throws {
      defer { try? Kernel.select(nil) }
      for name in KernelProblem.kernels {
        try Kernel.select(name)
        try body()
      }
    }

    @Test func `Very unlikely rows keep their shares`() throws {
      try forEachKernel {
        let problem = constant([-1e300, -1e300])
        let result = problem.responsibilities()
        #expect(result.gamma[0] == 0.5 && result.gamma[problem.stride] == 0.5)
        #expect(abs(result.totals.logLikelihood / -13e300 - 1) <= 1e-15)
        #expect(abs(result.totals.entropy - 13 * log(2)) <= 1e-13)
      }
    }

    @Test func `An impossible group gets nothing`() throws {
      try forEachKernel {
        for impossible in [-Double.infinity, -1e300, -800] {
          let problem = constant([impossible, -2])
          let result = problem.responsibilities()
          #expect(result.gamma[0] == 0 && result.gamma[problem.stride] == 1)
          #expect(result.totals.logLikelihood == -26)
          #expect(result.totals.entropy == 0)
        }
      }
    }

    @Test func `Squares may overflow`() throws {
      try forEachKernel {
        var problem = constant([0, -1])
        problem.forms = [1e200, 0, 0, 0, 0, 0]
        let result = problem.responsibilities()
        #expect(result.gamma[0] == 0 && result.gamma[problem.stride] == 1)
        #expect(result.totals.logLikelihood == -13)
      }
    }

    @Test func `Small shares underflow gradually`() throws {
      try forEachKernel {
        for difference in [-700.0, -720, -744, -745.1, -745.2] {
          let gamma = constant([0, difference]).responsibilities().gamma
          let share = gamma[gamma.count / 2]
          #expect(abs(share - exp(difference)) <= max(1e-15 * share, .leastNonzeroMagnitude))
        }
      }
    }

    @Test func `Rows that no group can have made show`() throws {
      try forEachKernel {
        let result = constant([-.infinity, -.infinity]).responsibilities()
        #expect(!result.totals.logLikelihood.isFinite)
        #expect(!constant([-.infinity, -.infinity], hard: true).pass().totals.logLikelihood.isFinite)
      }
    }

    @Test(arguments: [false, true], [0, 5, 12])
    func `A NaN in a row shows in the totals`(hard: Bool, row: Int) throws {
      try forEachKernel {
        let problem = KernelProblem(columns: 4, rows: 13, groups: 3, shape: .triangular, hard: hard)
        #expect(problem.pass().totals.logLikelihood.isFinite)
        problem.columns[2][row] = .nan
        #expect(problem.pass().totals.logLikelihood.isNaN)
        #expect(problem.responsibilities().totals.logLikelihood.isNaN)
      }
    }

    @Test(arguments: [false, true], [0, 1, 2])
    func `A NaN of one group shows in the totals`(hard: Bool, group: Int) throws {
      try forEachKernel {
        var problem = KernelProblem(columns: 4, rows: 13, groups: 3, shape: .triangular, hard: hard)
        problem.logScales[group] = .nan
        #expect(problem.pass().totals.logLikelihood.isNaN)
      }
    }
  }

  /// The kernels' own exp and log against the C library's, which are within about half a unit in the last place.
  @Suite struct Elementary {
    /// The number of doubles between two numbers of the same sign.
    private func distance(_ a: Double, _ b: Double) -> Int64 {
      abs(Int64(bitPattern: a.bitPattern) - Int64(bitPattern: b.bitPattern))
    }

    private func apply(_ function: (UnsafePointer<Double>?, UnsafeMutablePointer<Double>?, Int) -> Void, _ x: [Double])
      -> [Double]
    {
      var result = [Double](repeating: 0, count: x.count)
      function(x, &result, x.count)
      return result
    }

    @Test(arguments: KernelProblem.kernels)
    func `The kernels' exp is within one unit in the last place`(kernel: String) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      var random = TestRandom(state: 7)
      for least in [-1e-9, -1e-3, -1, -30, -708, -746.5] {
        let x = random.doubles(20_003, in: least...0)
        #expect(zip(apply(giv_exp, x), x).allSatisfy { distance($0, exp($1)) <= 1 })
      }
      #expect(apply(giv_exp, [0, -0.0, -746, -1e300, -.infinity]) == [1, 1, 0, 0, 0])
      #expect(apply(giv_exp, [-745.13]) == [.leastNonzeroMagnitude])
      #expect(apply(giv_exp, [.nan])[0].isNaN)
    }

    @Test(arguments: KernelProblem.kernels)
    func `The kernels' log is within one unit in the last place`(kernel: String) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      var random = TestRandom(state: 8)
      let wide = random.doubles(20_003, in: -700...700).map { exp($0) }
      let nearOne = random.doubles(20_003, in: -52...0).map { 1 + exp2($0) }
      for x in [wide, nearOne, random.doubles(20_003, in: 0.5...1.5), random.doubles(20_003, in: 1...600)] {
        #expect(zip(apply(giv_log, x), x).allSatisfy { distance($0, log($1)) <= 1 })
      }
      #expect(apply(giv_log, [1]) == [0])
      #expect(apply(giv_log, [.nan])[0].isNaN)
    }
  }
}
