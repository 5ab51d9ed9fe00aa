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
    if log.lastStartIsOpen {
      log.add(["\(log.clock) the start before left no word of its end: its processes were killed, or a host was lost"])
    }
    let versions = Software.versions.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    log.add(
      [
        "\(log.clock) \(savedPasses > 0 ? "resumed after pass \(savedPasses)" : "began")\(Self.place): "
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
      let signal = error == nil ? nil : StopSignal.name.map { "; told to by \($0)" }
      ended.add(["\(ended.clock) \(outcome ?? "finished"), after \(seconds) s\(signal ?? "")\(place)"])
      log = nil
    }
  }

  /// Adds how far the command is that began last in this process, if one did; on other ranks than 0 none did.
  static func note(_ progress: String) { current.withLock { log in log?.add(["  \(log!.clock) \(progress)"]) } }

  /// In which job of a batch system the command runs; empty outside one.
  private static var place: String {
    BatchJob(ProcessInfo.processInfo.environment).map { ", in \($0)" } ?? ""
  }

  /// Whether the log tells of a start and not of its end, as when its processes were killed.
  private var lastStartIsOpen: Bool {
    let lines = (try? String(contentsOfFile: path, encoding: .utf8))?.split(separator: "\n") ?? []
    return lines.last.map { $0.firstMatch(of: #/ (finished|ended with exit code \d+: .*), after /#) == nil } ?? false
  }

  private var clock: String { Date.now.ISO8601Format() }

  private func add(_ lines: [String]) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { return }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try? file.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
  }
}
