import ArgumentParser
import Commit
import Communication
import LinearAlgebra
import MPICommunication
import Storage

/// `giv-dist info`: what the program runs on.
struct Info: JobCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print versions, and where ranks run: hosts, cores, NUMA nodes, memory and kernels.",
    discussion: """
      The kernels are the hot loops in three instruction sets, avx512, avx2 and portable, that give the same bits; the \
      fastest that each rank's processor has is chosen, unless --kernel or GIV_KERNEL names one. OpenBLAS serves benchmarks \
      only.
      """)

  @OptionGroup var job: JobOptions
  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Report: Encodable {
    let software = Software.versions
    let ranks: Int
    let hosts: [String]
    let kernels: [String]
    let placements: [Placement]
    let blas = BLAS.description
    let blasThreads: Int
    let launched = MPIEnvironment.isLaunched
  }

  func run(on communicator: any Communicator) throws {
    let placements = try communicator.allGather(value: Placement.current)
    let report = Report(
      ranks: communicator.size, hosts: placements.map(\.host), kernels: placements.map(\.kernel),
      placements: placements, blasThreads: BLAS.threads)
    guard communicator.isRoot else { return }
    print(json ? try jsonText(report) : text(report))
  }

  private func text(_ report: Report) -> String {
    let unused = report.launched ? "" : " (not in use: no launcher started this process)"
    return
      ([
        "giv-dist   \(programVersion), commit \(builtCommit)",
        "MPI        \(MPIEnvironment.libraryVersion)\(unused)",
        "HDF5       \(HDF5File.libraryVersion)",
        "BLAS       \(BLAS.description), \(report.blasThreads) thread per rank",
        "ranks      \(report.ranks)",
      ] + report.placements.lines.map { "  \($0)" }).joined(separator: "\n")
  }
}
