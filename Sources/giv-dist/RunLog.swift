import Communication
import Diagnostics
import Foundation
import Reports
import Runs
import Storage
import Synchronization

/// How the run of a folder was made, in `run.log`: a paragraph for every start, which is added to what is there, so that it
/// tells of a run that was stopped and went on elsewhere too. Rank 0 writes.
///
/// A log that cannot be written stops no run.
final class RunLog: Sendable {
  static let name = StoredRun.logName

  private let path: String
  private let begin = ContinuousClock.now
  private static let current = Mutex<RunLog?>(nil)

  private init(_ path: String) { self.path = path }

  /// Tells of the start of a command in the folder. Collective.
  static func begin(in folder: String, savedPasses: Int = 0, on communicator: any Communicator) throws {
    let placements = try communicator.allGather(value: Placement.current)
    guard communicator.isRoot else { return }
    let log = RunLog("\(folder)/\(name)")
    let versions = Software.versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    log.add(
      [
        "\(log.clock) \(savedPasses > 0 ? "resumed after pass \(savedPasses)" : "began"): "
          + CommandLine.arguments.map(\.asShellWord).joined(separator: " "),
        "  in \(FileManager.default.currentDirectoryPath)",
        "  \(versions.joined(separator: ", "))",
      ] + placements.lines.map { "  \($0)" })
    current.withLock { $0 = log }
  }

  /// Tells how the command ended that began last in this process, if one did.
  static func end(_ error: (any Error)? = nil) {
    current.withLock { log in
      guard let ended = log else { return }
      let seconds = Reports.format(ended.begin.duration(to: .now).seconds, decimals: 1)
      let outcome = error.map { Failure($0) }.map { "ended with exit code \($0.exitCode.rawValue): \($0.message)" }
      ended.add(["\(ended.clock) \(outcome ?? "finished"), after \(seconds) s"])
      log = nil
    }
  }

  private var clock: String { Date.now.ISO8601Format() }

  private func add(_ lines: [String]) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { return }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try? file.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
  }
}
