import ArgumentParser
import Communication
import LinearAlgebra
import MPICommunication
import Storage

/// `giv-dist info`: what the program runs on.
struct Info: JobCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print versions, ranks, the kernels chosen and thread settings.",
    discussion: """
      The kernels are the hot loops in three instruction sets, avx512, avx2 and portable, that give the same bits; the \
      fastest that a machine has is chosen. Set GIV_KERNEL to one of these names to choose another. OpenBLAS serves \
      benchmarks only.
      """)

  @OptionGroup var job: JobOptions
  @Flag(help: "Print one JSON object.")
  var json = false

  private struct Report: Encodable {
    let software = Software.versions
    let ranks: Int
    let hosts: [String]
    let kernels: [String]
    let blas = BLAS.description
    let blasThreads: Int
    let launched = MPIEnvironment.isLaunched
  }

  func run(on communicator: any Communicator) throws {
    let report = Report(
      ranks: communicator.size, hosts: try communicator.allGather(value: HostName.current),
      kernels: try communicator.allGather(value: Kernel.name), blasThreads: BLAS.threads)
    guard communicator.isRoot else { return }
    print(json ? try jsonText(report) : text(report))
  }

  private func text(_ report: Report) -> String {
    var lines = [
      "giv-dist   \(programVersion)",
      "MPI        \(MPIEnvironment.libraryVersion)\(report.launched ? "" : " (not in use: no launcher started this process)")",
      "HDF5       \(HDF5File.libraryVersion)",
      "BLAS       \(BLAS.description), \(report.blasThreads) thread per rank",
      "ranks      \(report.ranks)",
    ]
    for (host, kernel) in Set(zip(report.hosts, report.kernels).map { [$0, $1] }).map({ ($0[0], $0[1]) }).sorted(by: <)
    {
      let count = zip(report.hosts, report.kernels).count { $0 == host && $1 == kernel }
      lines.append("  \(host): \(count) rank\(count == 1 ? "" : "s"), EM kernel \(kernel)")
    }
    return lines.joined(separator: "\n")
  }
}
