import Foundation
import LinearAlgebra

/// Where a rank runs, and what it has there.
struct Placement: Codable {
  let host: String
  let kernel: String
  /// The processors that it may run on, such as `0-3,8`.
  let cores: String
  /// The NUMA nodes of these; none where the system does not tell.
  let numaNodes: [Int]
  /// Bytes that the rank holds, and that its host has left.
  let memoryInUse: Int
  let memoryAvailable: Int

  /// That of this process.
  static var current: Placement {
    let status = fields(of: "/proc/self/status")
    let cores = status["Cpus_allowed_list"] ?? "unknown"
    return Placement(
      host: HostName.current, kernel: Kernel.name, cores: cores, numaNodes: nodes(of: numbers(cores)),
      memoryInUse: bytes(status["VmRSS"]), memoryAvailable: bytes(fields(of: "/proc/meminfo")["MemAvailable"]))
  }

  private static func nodes(of cores: Set<Int>) -> [Int] {
    let folder = "/sys/devices/system/node"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.compactMap { name in
      guard let number = name.wholeMatch(of: /node(\d+)/).flatMap({ Int($0.1) }) else { return nil }
      let list = (try? String(contentsOfFile: "\(folder)/\(name)/cpulist", encoding: .utf8)) ?? ""
      return cores.isDisjoint(with: numbers(list)) ? nil : number
    }.sorted()
  }

  /// `Name: value` by name.
  private static func fields(of file: String) -> [String: String] {
    let lines = (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: "\n") ?? []
    let pairs = lines.compactMap { line in
      line.firstIndex(of: ":").map {
        (String(line[..<$0]), line[$0...].dropFirst().trimmingCharacters(in: .whitespaces))
      }
    }
    return Dictionary(pairs) { first, _ in first }
  }

  /// Of `1024 kB`.
  private static func bytes(_ text: String?) -> Int {
    (text?.split(separator: " ").first.flatMap { Int($0) } ?? 0) << 10
  }

  /// Of `0-3,8`.
  private static func numbers(_ list: String) -> Set<Int> {
    Set(
      list.trimmingCharacters(in: .whitespacesAndNewlines).split(separator: ",").flatMap { part -> [Int] in
        let ends = part.split(separator: "-").compactMap { Int($0) }
        return ends.isEmpty || ends[0] > ends.last! ? [] : Array(ends[0]...ends.last!)
      })
  }
}

extension [Placement] {
  /// A line for ranks, numbered by their place, that differ in memory only.
  var lines: [String] {
    Dictionary(grouping: indices) { [self[$0].host, self[$0].cores, self[$0].kernel] }.values
      .sorted { $0[0] < $1[0] }
      .map { ranks in
        let (first, last, one) = (ranks[0], ranks.last!, self[ranks[0]])
        let isRow = last - first == ranks.count - 1
        let names =
          ranks.count == 1
          ? "rank \(first)" : "ranks " + (isRow ? "\(first)-\(last)" : ranks.map(String.init).joined(separator: ","))
        let nodes = one.numaNodes.map(String.init).joined(separator: ",")
        let held = ranks.map { self[$0].memoryInUse }.max()! >> 20
        return
          "\(names) on \(one.host): cores \(one.cores)\(nodes.isEmpty ? "" : " of NUMA node \(nodes)"), kernel \(one.kernel), "
          + "\(held) MiB held, \(one.memoryAvailable >> 20) MiB left on the host"
      }
  }
}
