import Diagnostics
import LinearAlgebra
import Testing

/// Everything that chooses an instruction set: the choice is the process's, so these run one after another.
@Suite(.serialized) struct KernelTests {
  @Test func `The best of the machine is chosen by default`() throws {
    let kernels = KernelProblem.kernels
    try Kernel.select(nil)
    #expect(Kernel.name == kernels.first)
    #expect(kernels.last == "portable")
  }

  @Test func `A choice stands`() throws {
    defer { try? Kernel.select(nil) }
    for name in KernelProblem.kernels {
      try Kernel.select(name)
      #expect(Kernel.name == name)
    }
  }

  @Test func `An unknown kernel is a usage error`() {
    #expect {
      try Kernel.select("sse")
    } throws: { error in
      let failure = error as? Failure
      return failure?.exitCode == .usage && failure?.message.contains("'sse'") == true
    }
  }

  @Test func `Rows are padded to eight`() {
    #expect([0, 1, 7, 8, 9, 1024].map(Kernel.paddedCount) == [0, 8, 8, 8, 16, 1024])
  }

  @Test func `Threads do not share working memory`() async {
    let problems = (0..<8).map { index in
      KernelProblem(columns: 3 + 5 * index, rows: 1000 - index, groups: 1 + index, shape: .triangular)
    }
    let alone = problems.map { $0.pass() }
    await withTaskGroup(of: Void.self) { group in
      for index in 0..<64 {
        let rows = 1000 - index % 8
        group.addTask {
          let problem = KernelProblem(
            columns: 3 + 5 * (index % 8), rows: rows, groups: 1 + index % 8, shape: .triangular)
          #expect(problem.pass() == alone[index % 8])
        }
      }
    }
  }
}
