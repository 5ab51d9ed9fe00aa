import ArgumentParser
import Communication
import Diagnostics
import Foundation
import Reports
import Storage

/// `giv-dist show`: what a run found, again.
struct Show: JobCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what runs found: one as it was printed, several of one command side by side.",
    discussion: """
      Reads the folder of a run: summary.txt, what the terminal showed; report.json, the same in numbers, which --json \
      prints; and run.log, how it was made, which --log prints.
      """)

  @Argument(help: "Folders that train, sweep, effect, spo, si, idgen effect or reproduce wrote.")
  var runs: [String]
  @OptionGroup var job: JobOptions
  @Flag(help: "Print the numbers as JSON, one object a line for each run.")
  var json = false
  @Flag(help: "Print when, where and with what each run was made.")
  var log = false

  func validate() throws {
    if json && log { throw ValidationError("--json and --log print different files; give one of them") }
  }

  func run(on communicator: any Communicator) throws {
    let shown = try communicator.agree { communicator.isRoot ? try text() : "" }
    if communicator.isRoot { print(shown, terminator: "") }
  }

  private func text() throws -> String {
    guard !json, !log, runs.count > 1 else {
      let name = json ? Answer.numbersName : log ? RunLog.name : Answer.summaryName
      return try runs.map { String(decoding: try file(name, of: $0), as: UTF8.self) }.joined()
    }
    return try RunComparison(runs.map { ($0, try file(Answer.numbersName, of: $0)) }).report.text + "\n"
  }

  private func file(_ name: String, of run: String) throws -> [UInt8] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: run, isDirectory: &isFolder) else {
      throw Failure(.noInput, "there is no \(run); name the folder of a run")
    }
    guard isFolder.boolValue, let bytes = try WholeFile.bytes("\(run)/\(name)") else {
      let isUnfinished = isFolder.boolValue && FileManager.default.fileExists(atPath: "\(run)/metrics.jsonl.partial")
      throw Failure(
        .noInput,
        isUnfinished
          ? "\(run) holds an unfinished run; go on with it by --resume"
          : "\(run) holds no \(name); it is no folder of a run")
    }
    return bytes
  }
}
