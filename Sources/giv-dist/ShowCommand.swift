import ArgumentParser
import Communication
import Diagnostics
import Reports

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
    if json { return try runs.map { String(decoding: try StoredRun.json(of: $0), as: UTF8.self) }.joined() }
    guard !log, runs.count > 1 else {
      let name = log ? StoredRun.logName : StoredRun.summaryName
      return try runs.map { String(decoding: try StoredRun.file(name, of: $0), as: UTF8.self) }.joined()
    }
    return try RunComparison(runs.map { try StoredRun($0) }).report.text + "\n"
  }
}
