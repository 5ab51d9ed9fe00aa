import Communication
import Diagnostics
import Reports
import Runs
import Storage

/// What a command found, for people and for programs. The terminal shows one of the two, the folder of a run keeps both,
/// and what they are the answer to.
struct Answer {
  static let summaryName = StoredRun.summaryName
  static let numbersName = StoredRun.numbersName
  /// What the command was called with.
  static let optionsName = "config.yaml"
  static let fileNames = [numbersName, summaryName, optionsName]

  private let summary: String
  private let numbers: String

  /// - Parameters:
  ///   - command: as a user writes it, which is how the file says of what kind its numbers are.
  ///   - times: what the phases of the command took; nil where nothing is told of them.
  init(_ command: String, _ summary: String, _ numbers: some Encodable, _ times: PhaseReport? = nil) throws {
    self.summary = ([summary] + (times.map { [$0.text] } ?? [])).joined(separator: "\n\n")
    self.numbers = try jsonText(Named(command: command, numbers: numbers, times: times))
  }

  /// What one of the files holds.
  func bytes(of name: String) throws -> [UInt8] {
    let text =
      switch name {
      case Self.summaryName: summary
      case Self.optionsName: try Invocation.current.get().text()
      default: numbers
      }
    return Array((text + "\n").utf8)
  }

  /// Writes one of the files.
  func write(_ name: String, to path: String) throws {
    try AtomicFile.save(bytes(of: name), to: path, force: true)
  }

  /// Writes all of them, over earlier ones.
  func write(toFolder folder: String) throws {
    for name in Self.fileNames { try write(name, to: "\(folder)/\(name)") }
  }

  /// - Parameters:
  ///   - folder: the folder that holds the results, if there is one.
  ///   - files: its files.
  func show(json: Bool, folder: String?, files: [String]) {
    guard !json else { return print(numbers) }
    print(summary)
    if let folder { print("\nwrote \(folder): \(files.joined(separator: ", "))") }
  }

  /// Numbers with the name of their command among them, and what it took.
  private struct Named<Numbers: Encodable>: Encodable {
    let command: String
    let numbers: Numbers
    let times: PhaseReport?

    private enum CodingKeys: CodingKey { case command, times }

    func encode(to encoder: any Encoder) throws {
      try numbers.encode(to: encoder)
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(command, forKey: .command)
      try container.encodeIfPresent(times, forKey: .times)
    }
  }
}

extension Run {
  /// Keeps what was found, completes the run and shows it. Collective; rank 0 makes the answer, of what the phases took.
  func conclude(
    json: Bool, _ phases: Phases, on communicator: any Communicator, _ makeAnswer: (PhaseTable) throws -> Answer
  ) throws {
    let times = try phases.table()
    let answer = try communicator.agree { () throws -> Answer? in
      guard communicator.isRoot else { return nil }
      let answer = try makeAnswer(times)
      for name in Answer.fileNames { if let path = path(of: name) { try answer.write(name, to: path) } }
      return answer
    }
    try complete(on: communicator)
    answer?.show(json: json, folder: outputFolder, files: outputFiles + [RunLog.name])
  }
}
