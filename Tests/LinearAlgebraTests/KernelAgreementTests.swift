import Foundation
import LinearAlgebra
import Testing

extension KernelTests {
  /// The instruction sets, and the fused and the split way, give the same bits.
  @Suite struct Agreement {
    @Test(arguments: [1, 2, 3, 5, 6, 7, 9, 10, 13, 33, 50])
    func `All kernels agree bit for bit`(columns: Int) throws {
      defer { try? Kernel.select(nil) }
      var seed = UInt64(columns)
      for rows in [1, 7, 8, 9, 31, 33, 500, 1023, 1024, 1500] {
        for variant in 0..<6 {
          seed += 100
          let shape: Kernel.FormShape =
            variant % 3 == 0 && columns > 1 ? .triangular : .dense(formCount: 1 + variant % 3)
          let problem = KernelProblem(
            columns: columns, rows: rows, groups: 1 + Int(seed / 100) % 7, shape: shape, hard: variant == 4,
            weighted: variant % 2 == 1, seed: seed)
          try expectAgreement(problem)
        }
      }
    }

    private func expectAgreement(_ problem: KernelProblem) throws {
      try Kernel.select("portable")
      let pass = problem.pass()
      let responsibilities = problem.responsibilities()
      for name in KernelProblem.kernels {
        try Kernel.select(name)
        #expect(problem.pass() == pass)
        #expect(problem.responsibilities() == responsibilities)
        #expect(problem.gram(gamma: responsibilities.gamma) == pass.gram)
        #expect(responsibilities.totals == pass.totals)
      }
    }

    /// Chosen rows are added like all rows of a block that holds them alone: one after another in eight lanes.
    @Test(arguments: [1, 2, 3, 4, 5, 7, 12, 13, 31, 50])
    func `Sums over chosen rows run in eight lanes in every kernel`(columns: Int) throws {
      defer { try? Kernel.select(nil) }
      for (count, step) in [(1, 1), (7, 5), (8, 3), (9, 2), (170, 6), (512, 2), (1021, 1)] {
        let problem = KernelProblem(
          columns: columns, rows: count * step, groups: 1, shape: .dense(formCount: 1), weighted: false,
          seed: UInt64(columns * count))
        let rows = (0..<count).map { $0 * step + ($0 * 7) % step }
        let pointers = problem.columns.map { UnsafePointer<Double>?($0.pointer) }
        var expected: [Double] = []
        for a in 0..<columns {
          for b in a..<columns {
            var lane = [Double](repeating: 0, count: 8)
            for (place, row) in rows.enumerated() {
              lane[place % 8] = fma(problem.columns[a][row], problem.columns[b][row], lane[place % 8])
            }
            let even = (lane[0] + lane[4]) + (lane[2] + lane[6])
            let odd = (lane[1] + lane[5]) + (lane[3] + lane[7])
            expected.append(1 + (even + odd))
          }
        }
        for name in KernelProblem.kernels {
          try Kernel.select(name)
          var gram = [Double](repeating: 1, count: expected.count)
          withExtendedLifetime(problem) {
            rows.withUnsafeBufferPointer { Kernel.addGram(of: pointers, rows: $0, to: &gram) }
          }
          let isEqual = gram == expected
          #expect(isEqual, "\(name): \(columns) columns, \(count) rows")
        }
      }
    }

    /// Row i is added in lane i % 8 by one fused multiply-add, and the lanes are folded by halves.
    @Test(arguments: KernelProblem.kernels)
    func `Sums run in eight lanes`(kernel: String) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let problem = KernelProblem(columns: 8, rows: 1021, groups: 2, shape: .triangular, weighted: true)
      let gamma = problem.responsibilities().gamma
      var expected: [Double] = []
      for group in 0..<2 {
        for a in 0..<8 {
          for b in a..<8 {
            var lane = [Double](repeating: 0, count: 8)
            for row in 0..<1021 {
              let weight = gamma[group * problem.stride + row] * problem.rowWeights![row]
              lane[row % 8] = fma(weight * problem.columns[a][row], problem.columns[b][row], lane[row % 8])
            }
            let even = (lane[0] + lane[4]) + (lane[2] + lane[6])
            let odd = (lane[1] + lane[5]) + (lane[3] + lane[7])
            expected.append(even + odd)
          }
        }
      }
      #expect(problem.pass().gram == expected)
    }

    @Test(arguments: KernelProblem.kernels)
    func `What the padding holds does not matter`(kernel: String) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      for hard in [false, true] {
        let problem = KernelProblem(columns: 6, rows: 1003, groups: 3, shape: .triangular, hard: hard, weighted: true)
        let first = problem.responsibilities()
        let pass = problem.pass()
        for column in problem.columns {
          for row in 1003..<1008 { column[row] = -3 }
        }
        #expect(problem.responsibilities() == first)
        #expect(problem.pass() == pass)
        for group in 0..<3 {
          #expect(first.gamma[(group * problem.stride + 1003)..<(group * problem.stride + 1008)].allSatisfy { $0 == 0 })
        }
      }
    }

    @Test func `Sums are added to what is there`() {
      let problem = KernelProblem(columns: 9, rows: 777, groups: 2, shape: .dense(formCount: 1))
      #expect(problem.pass(times: 2).gram == problem.pass().gram.map { 2 * $0 })
    }
  }
}
