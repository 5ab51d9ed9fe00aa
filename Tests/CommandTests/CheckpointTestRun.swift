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
    try mpirun(ranks: ranks, tool: "giv-dist", arguments(more, out: "run"), directory: folder, during: during)
  }

  /// The result of a run that nothing interrupts.
  func undisturbed() throws -> Result { try result(of: train(out: "undisturbed"), out: "undisturbed") }

  /// The result of a run that ended well and left nothing else in its folder.
  func result(
    of command: CommandResult, out: String = "run", sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Result {
    try #require(command.exitCode == 0, "\(command.error)", sourceLocation: sourceLocation)
    #expect(try files(out) == ["metrics.jsonl", "model.h5", "posteriors.h5"], sourceLocation: sourceLocation)
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

  func files(_ name: String = "run") throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(name).path).sorted()
  }

  /// The files of the run, by name.
  func contents() throws -> [String: Data] {
    try Dictionary(
      uniqueKeysWithValues: files().filter { $0 != ".partial" }.map {
        ($0, try Data(contentsOf: out.appendingPathComponent($0)))
      })
  }

  /// Waits until `isReached` holds for the lines of all passes so far, or the launcher has ended.
  func wait(for launcher: pid_t, until isReached: ([Substring]) -> Bool) {
    let partial = out.appendingPathComponent("metrics.jsonl.partial").path
    for _ in 0..<30_000 {
      let text = (try? String(contentsOfFile: partial, encoding: .utf8)) ?? ""
      if isReached(text.split(separator: "\n")) || kill(launcher, 0) != 0 { return }
      usleep(1000)
    }
  }

  func wait(for launcher: pid_t, phase: String) {
    wait(for: launcher) { lines in lines.contains { $0.contains("\"phase\":\"\(phase)\"") } }
  }

  /// The processes of the ranks that a launcher started.
  static func ranks(of launcher: pid_t) throws -> [pid_t] {
    try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.filter { process in
      guard let status = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
        status.contains("(giv-dist)"), let end = status.lastIndex(of: ")")
      else { return false }
      return status[end...].split(separator: " ")[2] == "\(launcher)"
    }.sorted()
  }
}
