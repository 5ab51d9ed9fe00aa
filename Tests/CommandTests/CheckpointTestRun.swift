import Foundation
import TestSupport
import Testing

/// A training on simulated shards in a folder of its own, to be interrupted and gone on with.
struct CheckpointTestRun {
  /// What the run ends with, whatever happened to it.
  struct Result: Equatable {
    let modelDigest: String
    let posteriorDigest: String
    /// The phase and number of each pass.
    let passes: [String]
  }

  let folder: URL
  let options: [String]
  var shards = "shards"
  /// Variables for mpirun.
  var environment: [String: String?] = [:]
  var out: URL { folder.appendingPathComponent("run") }

  init(
    in folder: URL, rows: Int = 3000, scenario: String = "poly", options: [String] = ["--starts", "6"]
  ) throws {
    self.folder = folder
    self.options = options
    let simulated = try run(
      tool("giv-dist"),
      [
        "simulate", "--scenario", scenario, "--rows", "\(rows)", "--shards", "2", "--covariates", "4", "--out",
        "shards",
      ],
      directory: folder)
    try #require(simulated.exitCode == 0, "\(simulated.error)")
  }

  /// The same folder with other options or shards.
  init(_ other: CheckpointTestRun, options: [String]? = nil, shards: String? = nil) {
    folder = other.folder
    self.options = options ?? other.options
    self.shards = shards ?? other.shards
  }

  private func arguments(_ more: [String], out: String) -> [String] {
    ["train", shards, "--groups", "3", "--progress", "none", "--json", "--out", out] + options + more
  }

  /// One process alone.
  func train(_ more: [String] = [], out: String = "run", environment: [String: String?] = [:]) throws -> CommandResult {
    try run(tool("giv-dist"), arguments(more, out: out), environment: environment, directory: folder)
  }

  /// One process that may write no file larger than so many blocks of 1024 bytes.
  func train(_ more: [String], fileBlocks: Int) throws -> CommandResult {
    try run(
      "bash",
      ["-c", "trap '' XFSZ; ulimit -f \(fileBlocks); exec \"$0\" \"$@\"", tool("giv-dist")]
        + arguments(more, out: "run"), directory: folder)
  }

  /// Ranks of MPI; `during` gets the process number of mpirun.
  func train(ranks: Int, _ more: [String] = [], during: (pid_t) throws -> Void = { _ in }) throws -> CommandResult {
    try mpirun(
      ranks: ranks, tool: "giv-dist", arguments(more, out: "run"), environment: environment, directory: folder,
      during: during)
  }

  /// Ranks of MPI that `disturb` keeps from ending well. On a busy machine they may end before it comes to that: then
  /// the same is tried again from the same files.
  func disturbed(
    ranks: Int, _ more: [String] = [], by disturb: (pid_t) throws -> Void
  ) throws -> CommandResult {
    let before = FileManager.default.fileExists(atPath: out.path) ? try contents() : nil
    for _ in 1..<5 {
      let result = try train(ranks: ranks, more, during: disturb)
      if result.exitCode != 0 { return result }
      try restore(before)
    }
    return try train(ranks: ranks, more, during: disturb)
  }

  /// The result of a run that nothing interrupts.
  func undisturbed() throws -> Result { try result(of: train(out: "undisturbed"), out: "undisturbed") }

  /// The result of a run that ended well and left nothing else in its folder.
  func result(
    of command: CommandResult, out: String = "run", sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Result {
    try #require(command.exitCode == 0, "\(command.error)", sourceLocation: sourceLocation)
    #expect(
      try files(out) == ["metrics.jsonl", "model.h5", "posteriors.h5", "report.json", "sample.csv", "summary.txt"],
      sourceLocation: sourceLocation)
    let report = try #require(try JSONSerialization.jsonObject(with: Data(command.output.utf8)) as? [String: Any])
    let metrics = try Data(contentsOf: folder.appendingPathComponent("\(out)/metrics.jsonl"))
    return Result(
      modelDigest: try #require(report["modelDigest"] as? String),
      posteriorDigest: try #require(report["posteriorDigest"] as? String),
      passes: try metrics.split(separator: 0x0A).map { line in
        let pass = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
        return try "\(#require(pass["phase"] as? String)) \(#require(pass["pass"] as? Int))"
      })
  }

  /// The names of the files of the run, but for the log, which tells of every start, and the options, which tell its place.
  func files(_ name: String = "run") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(name).path)
      .filter { !["run.log", "config.yaml"].contains($0) }.sorted()
  }

  /// The files of the run, by name.
  func contents(_ name: String = "run") throws -> [String: Data] {
    try Dictionary(
      uniqueKeysWithValues: files(name).filter { $0 != ".partial" }.map {
        ($0, try Data(contentsOf: folder.appendingPathComponent("\(name)/\($0)")))
      })
  }

  /// Gives the folder of the run these files; nil for no folder.
  func restore(_ contents: [String: Data]?) throws {
    try FileManager.default.removeItem(at: out)
    guard let contents else { return }
    try FileManager.default.createDirectory(at: out, withIntermediateDirectories: false)
    for (name, content) in contents { try content.write(to: out.appendingPathComponent(name)) }
  }

  /// Waits until all ranks run and `isReached` holds for the lines of all passes so far, or the launcher has ended.
  ///
  /// - Returns: the processes of the ranks, looked up before, for that takes its time; none when the launcher has ended.
  func wait(for launcher: pid_t, until isReached: ([Substring]) -> Bool) throws -> [pid_t] {
    let partial = out.appendingPathComponent("metrics.jsonl.partial").path
    let deadline = ContinuousClock.now + .seconds(commandTimeout)
    var ranks: [pid_t] = []
    while kill(launcher, 0) == 0 {
      if ranks.isEmpty { ranks = try Self.ranks(of: launcher) }
      let text = (try? String(contentsOfFile: partial, encoding: .utf8)) ?? ""
      if !ranks.isEmpty && isReached(text.split(separator: "\n")) { break }
      try #require(ContinuousClock.now < deadline, "the pass to wait for did not come")
      usleep(1000)
    }
    return ranks
  }

  func wait(for launcher: pid_t, phase: String) throws -> [pid_t] {
    try wait(for: launcher) { lines in lines.contains { $0.contains("\"phase\":\"\(phase)\"") } }
  }

  /// The processes of the ranks that a launcher started, once all of them catch the signals to stop.
  private static func ranks(of launcher: pid_t) throws -> [pid_t] {
    func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
    func catchesSignals(_ process: pid_t) -> Bool {
      let line = text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix("SigCgt:") }
      let mask = line.flatMap { UInt64($0.dropFirst(8), radix: 16) } ?? 0
      return [SIGTERM, SIGUSR1, SIGINT].allSatisfy { mask >> UInt64($0 - 1) & 1 == 1 }
    }
    let ranks = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.filter {
      let status = text("/proc/\($0)/stat")
      guard status.contains("(giv-dist)"), let end = status.lastIndex(of: ")") else { return false }
      return status[end...].split(separator: " ")[2] == "\(launcher)"
    }
    let launch = text("/proc/\(launcher)/cmdline").split(separator: "\0")
    let count = launch.firstIndex(of: "-n").flatMap { Int(launch[$0 + 1]) }
    return ranks.count == count && ranks.allSatisfy(catchesSignals) ? ranks.sorted() : []
  }
}
