import Foundation
import TestSupport
import Testing

/// Runs the built `giv-dist` in a folder, alone or on ranks.
func givDist(
  _ arguments: [String], ranks: Int? = nil, in folder: URL = SharedInputs.folder,
  during: (pid_t) throws -> Void = { _ in }
) throws -> CommandResult {
  if let ranks {
    return try mpirun(
      ranks: ranks, tool: "giv-dist", arguments, directory: folder, during: during)
  }
  return try run(tool("giv-dist"), arguments, directory: folder, during: during)
}

/// What `train --json` prints, as far as tests read it.
struct TrainReport: Decodable {
  let rows: Int
  let ranks: Int
  let logLikelihood: Double?
  let accuracy: Double?
  let adjustedRandIndex: Double?
  let passes: Int
  let modelDigest: String
  let posteriorDigest: String
  let inputDigest: String

  /// All that must not depend on ranks or files.
  var digests: [String] { [modelDigest, posteriorDigest, inputDigest] }
}

/// Trains, and demands that it works.
func train(_ arguments: [String], ranks: Int? = nil, in folder: URL = SharedInputs.folder) throws -> TrainReport {
  let result = try givDist(["train"] + arguments + ["--json"], ranks: ranks, in: folder)
  #expect(result.exitCode == 0, "\(arguments) on \(ranks ?? 0) ranks: \(result.error)")
  return try JSONDecoder().decode(TrainReport.self, from: Data(result.output.utf8))
}

/// Simulates, and demands that it works.
func simulate(_ arguments: String, in folder: URL = SharedInputs.folder) throws {
  let result = try givDist(["simulate"] + arguments.split(separator: " ").map(String.init), in: folder)
  try #require(result.exitCode == 0, "simulate \(arguments): \(result.error)")
}

/// Runs a Python script with numpy and h5py in a folder of inputs, and returns what it printed.
@discardableResult
func script(_ text: String, _ arguments: [String] = [], in folder: URL = SharedInputs.folder) throws -> String {
  let prelude = """
    import hashlib, json, os, sys
    import h5py, numpy as np
    os.chdir(sys.argv[1])

    """
  let result = try python(["-c", prelude + text, folder.path] + arguments)
  try #require(result.exitCode == 0, "\(result.error)")
  return result.output
}

/// Writes the rows of a folder of shards again to the folder `weighted`, with weights and identifiers.
func addWeights(to shards: String, in folder: URL) throws {
  try script(
    """
    os.mkdir('weighted')
    generator, row = np.random.default_rng(1), 0
    for name in sorted(os.listdir(sys.argv[2])):
        if not name.endswith('.h5'): continue
        with h5py.File(sys.argv[2] + '/' + name) as old, h5py.File('weighted/' + name, 'w') as new:
            n = len(old['t'])
            for key in 'xtyz': new[key] = old[key][:]
            new['weight'] = generator.uniform(.2, 3, n)
            new['id'] = [f'patient {i}' for i in range(row, row + n)]
            row += n
    """, [shards], in: folder)
}

/// The process of a rank: the child of its launcher that has its number.
func rankProcess(_ number: Int, of launcher: pid_t) -> pid_t? {
  func text(_ path: String) -> String {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return "" }
    return String(decoding: data, as: UTF8.self)
  }
  let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { pid_t($0) } ?? []
  return processes.first { process in
    let parent = text("/proc/\(process)/stat").split(separator: ")").last?.split(separator: " ").dropFirst().first
    return parent.flatMap { pid_t($0) } == launcher
      && text("/proc/\(process)/environ").split(separator: "\0").contains("OMPI_COMM_WORLD_RANK=\(number)")
  }
}

/// The lines on standard error by which the program says what is wrong.
func messages(_ result: CommandResult) -> [String] {
  result.error.split(separator: "\n").map(String.init).filter { $0.hasPrefix("giv-dist: error: ") }
}

/// The only JSON object that there is on an output of one line.
func object(_ output: String) throws -> [String: Any] {
  #expect(output.hasSuffix("}\n") && output.filter { $0 == "\n" }.count == 1, "\(output)")
  return try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: Any])
}

/// The bytes of all files in a folder, by name, but for the log of a run, which tells of every start, and its options, which
/// tell its place.
func contents(_ folder: URL) throws -> [String: Data] {
  let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
  return try Dictionary(
    uniqueKeysWithValues: names.filter { !["run.log", "config.yaml"].contains($0) }.map {
      ($0, try Data(contentsOf: folder.appending(path: $0)))
    })
}

/// A report in JSON without what its phases took, which no two runs share.
func withoutTimes(_ json: String) -> String {
  json.replacing(/"times":\{"peakBytes".*"wallSeconds":[0-9.e-]+\},?/, with: "")
}
