import Diagnostics
import Foundation
import Shards
import Storage

/// What to do when the folder of a sweep holds one.
public enum ExistingSweep: Sendable {
  case refuse, resume, replace
}

/// The folder through which the groups of ranks of a sweep share their work.
///
/// `sweep.json` says what is swept; `cells/NAME.json` is a finished cell, complete when it has its name, and
/// `unfinished/NAME` holds the checkpoints of one that is not. A group takes a cell by making `claims/RUN/NAME`, which
/// only one can: no rank has to hand out work. RUN is the run's own, so that the claims of a run that was killed mean
/// nothing to the next. The roots of the groups must see one file system.
struct SweepFolder: Sendable, Codable {
  static let version = 1

  /// What a sweep is of; only one of the same fits and more can go on with its cells.
  private struct Plan: Codable, Equatable {
    var version = SweepFolder.version
    let grid: SweepGrid
    let inputDigest: String
  }

  let path: String
  private let run: String

  private var claims: String { "\(path)/claims/\(run)" }
  private var abandonment: String { "\(path)/claims/\(run)-failure.json" }
  private func unfinishedPath(_ cell: SweepCell) -> String { "\(path)/unfinished/\(cell.name)" }
  private func cellPath(_ cell: SweepCell) -> String { "\(path)/cells/\(cell.name).json" }

  /// Makes the folder, or opens that of an interrupted sweep.
  ///
  /// - Throws: ``Failure`` `cannotCreate` when it cannot be made or holds a sweep that may not be touched, `data` when
  ///   that is of other data or options.
  init(_ path: String, grid: SweepGrid, inputDigest: String, existing: ExistingSweep) throws {
    self.path = path
    run = UUID().uuidString
    let manager = FileManager.default
    let plan = Plan(grid: grid, inputDigest: inputDigest)
    if let bytes = manager.contents(atPath: "\(path)/sweep.json") {
      switch existing {
      case .refuse:
        throw Failure(
          .cannotCreate, "--out \(path) holds a sweep; go on with it by --resume, or start anew by --force")
      case .resume: try Self.require(plan, bytes, path)
      case .replace: break
      }
    } else if existing != .replace,
      let name = ["cells", "claims", "unfinished"].first(where: { manager.fileExists(atPath: "\(path)/\($0)") })
    {
      throw Failure(
        .cannotCreate, "--out \(path) holds \(name) of no sweep; name another folder, or replace it by --force")
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
    for cell in grid.cells where isFinished(cell) && !hasSucceeded(cell) { unlink(cellPath(cell)) }
  }

  /// A cell that failed, or whose file is damaged, is fitted again when a sweep goes on.
  private func hasSucceeded(_ cell: SweepCell) -> Bool {
    guard let result = try? result(cell) else { return false }
    return result.failure == nil
  }

  private static func require(_ plan: Plan, _ bytes: Data, _ path: String) throws {
    guard let saved = try? JSONDecoder().decode(Plan.self, from: bytes), saved.version == version else {
      throw Failure(.data, "\(path)/sweep.json is damaged or of another version of giv-dist; start anew by --force")
    }
    guard saved.inputDigest == plan.inputDigest else {
      throw Failure(.data, "--out \(path) holds a sweep of other data; name its shards, or start anew by --force")
    }
    guard plan.grid.contains(saved.grid) else {
      throw Failure(
        .data,
        "--out \(path) holds a sweep of other options; give the same, with all values of --groups, --representation, "
          + "--distribution, --lambda and --seeds and the same seed first (more may follow), or start anew by --force")
    }
  }

  private static func encoded(_ value: some Encodable) throws -> [UInt8] { [UInt8](try jsonText(value).utf8) }

  // MARK: Work

  /// Whether this group, and no other of the run, is to fit a cell that is not finished.
  func claim(_ cell: SweepCell) throws -> Bool {
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

  func isFinished(_ cell: SweepCell) -> Bool { access(cellPath(cell), F_OK) == 0 }

  /// Makes the folder for the checkpoints of a cell, and returns its path.
  func makeUnfinished(_ cell: SweepCell) throws -> String {
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
  func save(_ result: SweepResult) throws {
    try AtomicFile.save(Self.encoded(result), to: cellPath(result.cell), force: true)
    try? FileManager.default.removeItem(atPath: unfinishedPath(result.cell))
  }

  /// The result of a finished cell.
  ///
  /// - Throws: ``Failure`` `data` when its file is damaged.
  func result(_ cell: SweepCell) throws -> SweepResult {
    guard let bytes = FileManager.default.contents(atPath: cellPath(cell)),
      let result = try? JSONDecoder().decode(SweepResult.self, from: bytes), result.cell == cell
    else {
      throw Failure(.data, "\(cellPath(cell)) is damaged; --resume fits it again")
    }
    return result
  }

  // MARK: Ends

  /// Tells the other groups why this one ends, unless one ended before.
  func abandon(_ failure: Failure) {
    // Groups that hear nothing end anyway, only later.
    try? AtomicFile.save(Self.encoded(failure), to: abandonment, force: false)
  }

  /// Whether another group has ended before its time.
  var isAbandoned: Bool { access(abandonment, F_OK) == 0 }

  /// Why another group has ended; nil while all go on.
  var abandoned: Failure? {
    FileManager.default.contents(atPath: abandonment).flatMap { try? JSONDecoder().decode(Failure.self, from: $0) }
  }

  /// Removes what only a running sweep needs.
  func finish() {
    for name in ["claims", "unfinished"] { try? FileManager.default.removeItem(atPath: "\(path)/\(name)") }
  }
}
