import Diagnostics
import Foundation
import Storage

/// The folder through which the teams of ranks of a sweep share their work.
///
/// `sweep.json` says what is swept; `cells/NAME.json` is a finished cell, complete when it has its name, and
/// `unfinished/NAME` holds the checkpoints of one that is not. A team takes a cell by making `claims/RUN/NAME`, which
/// only one can: no rank has to hand out work. RUN is the run's own, so that the claims of a run that was killed mean
/// nothing to the next. The roots of the teams must see one file system.
struct CellFolder<Output: ScheduledResult>: Sendable, Codable {
  typealias Cell = Output.Cell

  /// What a sweep is of; only one of the same fingerprint that has its cells and perhaps more can go on with it.
  private struct Plan: Codable {
    var version = 1
    let fingerprint: Fingerprint
    let cells: [Cell]
  }

  let path: String
  /// What the cells are, for messages: "a sweep".
  private let subject: String
  private let run: String

  private var claims: String { "\(path)/claims/\(run)" }
  private var abandonment: String { "\(path)/claims/\(run)-failure.json" }
  private var timesPath: String { "\(path)/unfinished/times.json" }
  private func unfinishedPath(_ cell: Cell) -> String { "\(path)/unfinished/\(cell.name)" }
  private func cellPath(_ cell: Cell) -> String { "\(path)/cells/\(cell.name).json" }

  /// Makes the folder, or opens that of an interrupted sweep.
  ///
  /// - Throws: ``Failure`` `cannotCreate` when it cannot be made or holds a sweep that may not be touched; `data` when
  ///   that is of other data, options or cells; `configuration` when another program began it.
  init(
    _ path: String, _ cells: [Cell], _ fingerprint: Fingerprint, existing: ExistingRun, subject: String = "a sweep",
    optionName: Fingerprint.OptionName
  ) throws {
    self.path = path
    self.subject = subject
    run = UUID().uuidString
    let manager = FileManager.default
    let plan = Plan(fingerprint: fingerprint, cells: cells)
    if let bytes = try WholeFile.bytes("\(path)/sweep.json") {
      switch existing {
      case .refuse:
        throw Failure(
          .cannotCreate, "--out \(path) holds \(subject); go on with it by --resume, or start anew by --force")
      case .resume: try require(plan, bytes, optionName)
      case .replace: break
      }
    } else if existing != .replace,
      let name = ["cells", "claims", "unfinished"].first(where: { manager.fileExists(atPath: "\(path)/\($0)") })
    {
      throw Failure(
        .cannotCreate,
        "--out \(path) holds \(name) without the sweep.json that says of what; name another folder, or replace it by --force"
      )
    }
    do {
      let obsolete = existing == .resume ? ["claims"] : ["claims", "cells", "unfinished"]
      for name in obsolete where manager.fileExists(atPath: "\(path)/\(name)") {
        try manager.removeItem(atPath: "\(path)/\(name)")
      }
      try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Self.cannotCreate(path)
    }
    // What is swept comes first, for without it no folder of cells is trusted.
    try AtomicFile.save(Self.encoded(plan), to: "\(path)/sweep.json", force: true)
    for name in ["cells", "claims/\(run)"] { try makeFolder("\(path)/\(name)") }
    // A cell that failed, or whose file is damaged, is done again when a sweep goes on.
    for cell in cells where isFinished(cell) {
      let result = try readResult(cell)
      if result == nil || result?.failure != nil { unlink(cellPath(cell)) }
    }
  }

  private func require(_ plan: Plan, _ bytes: [UInt8], _ optionName: Fingerprint.OptionName) throws {
    guard let saved = Self.decoded(PlanVersion.self, bytes) else { throw Self.damaged(path) }
    guard saved.version == plan.version else { throw CheckpointFile.ofAnotherVersion("\(path)/sweep.json") }
    guard let saved = Self.decoded(Plan.self, bytes) else { throw Self.damaged(path) }
    try plan.fingerprint.requireSame(
      as: saved.fingerprint, "--out \(path) holds \(subject)", optionName: optionName)
    let missing = Set(saved.cells).subtracting(plan.cells)
    guard missing.isEmpty else {
      throw Failure(
        .data,
        "--out \(path) holds \(subject) of other options: \(try Self.lack(of: missing, plan.cells, optionName)); give all of its "
          + "values (more may follow), or start anew by --force")
    }
  }

  private static func damaged(_ path: String) -> Failure {
    Failure(.data, "\(path)/sweep.json is damaged; start anew by --force")
  }

  /// The first option of which a value is missing, with these values, or else a cell.
  private static func lack(
    of missing: Set<Cell>, _ cells: [Cell], _ optionName: Fingerprint.OptionName
  ) throws -> String {
    let (missed, given) = (try missing.map(OptionValues.init), try cells.map(OptionValues.init))
    for path in Set(missed.flatMap(\.texts.keys)).sorted() {
      let lacking = Set(missed.compactMap { $0.texts[path] }).subtracting(given.compactMap { $0.texts[path] })
      if !lacking.isEmpty { return "\(optionName("cell.\(path)")) lacks \(lacking.sorted().joined(separator: ", "))" }
    }
    return "\(missing.map(\.name).min() ?? "a cell") is missing"
  }

  private static func encoded(_ value: some Encodable) throws -> [UInt8] { [UInt8](try jsonText(value).utf8) }

  /// Nil when the bytes are damaged: what cannot be read at all fails before it comes to that.
  private static func decoded<Value: Decodable>(_: Value.Type, _ bytes: [UInt8]) -> Value? { try? jsonValue(bytes) }

  // MARK: Times

  /// What runs before this one took that were interrupted; nil when that is not known.
  var times: PhaseTable? { (try? WholeFile.bytes(timesPath)).flatMap { Self.decoded(PhaseTable.self, $0) } }

  /// Keeps what this run and earlier ones took. Nothing but a report needs it, so that a full disk stops no sweep.
  func keep(_ times: PhaseTable) {
    try? makeFolder("\(path)/unfinished")
    try? AtomicFile.save(Self.encoded(times), to: timesPath, force: true)
  }

  // MARK: Work

  /// Whether this team, and no other of the run, is to do a cell that is not finished.
  func claim(_ cell: Cell) throws -> Bool {
    if isFinished(cell) { return false }
    let descriptor = open("\(claims)/\(cell.name)", O_WRONLY | O_CREAT | O_EXCL, 0o666)
    if descriptor >= 0 {
      close(descriptor)
      return true
    }
    guard errno == EEXIST else {
      throw Failure(.inputOutput, "\(claims): claiming failed: \(String(cString: strerror(errno)))")
    }
    return false
  }

  func isFinished(_ cell: Cell) -> Bool { access(cellPath(cell), F_OK) == 0 }

  /// Makes the folder for the checkpoints of a cell, and returns its path.
  func makeUnfinished(_ cell: Cell) throws -> String {
    let path = unfinishedPath(cell)
    try makeFolder(path)
    return path
  }

  private func makeFolder(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Self.cannotCreate(self.path)
    }
  }

  private static func cannotCreate(_ path: String) -> Failure {
    Failure(.cannotCreate, "--out \(path) cannot be created; name a folder that you may write")
  }

  /// Keeps the result of a cell in place of its checkpoints.
  func save(_ result: Output) throws {
    try AtomicFile.save(Self.encoded(result), to: cellPath(result.cell), force: true)
    try? FileManager.default.removeItem(atPath: unfinishedPath(result.cell))
  }

  /// The result of a finished cell.
  ///
  /// - Throws: ``Failure`` `data` when its file is damaged, `noInput` and `inputOutput` when it cannot be read.
  func result(_ cell: Cell) throws -> Output {
    guard let result = try readResult(cell) else {
      throw Failure(.data, "\(cellPath(cell)) is damaged; --resume fits it again")
    }
    return result
  }

  /// Nil when the file is damaged or gone.
  private func readResult(_ cell: Cell) throws -> Output? {
    try WholeFile.bytes(cellPath(cell)).flatMap { Self.decoded(Output.self, $0) }.flatMap { $0.cell == cell ? $0 : nil }
  }

  // MARK: Ends

  /// Tells the other teams why this one ends, unless one ended before.
  func abandon(_ failure: Failure) {
    // Teams that hear nothing end anyway, only later.
    try? AtomicFile.save(Self.encoded(failure), to: abandonment, force: false)
  }

  /// Whether another team has ended before its time.
  var isAbandoned: Bool { access(abandonment, F_OK) == 0 }

  /// Why another team has ended; nil while all go on.
  var abandoned: Failure? {
    (try? WholeFile.bytes(abandonment)).flatMap { $0 }.flatMap { Self.decoded(Failure.self, $0) }
  }

  /// Removes what only a running sweep needs.
  func finish() {
    for name in ["claims", "unfinished"] { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
  }
}

/// What every `sweep.json` says, whatever version of the program wrote it.
private struct PlanVersion: Decodable {
  let version: Int
}
