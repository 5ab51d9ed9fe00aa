import Communication
import Diagnostics
import Foundation
import Storage

/// What to do when the folder of a run or of cells holds one.
public enum ExistingRun: Sendable {
  case refuse, resume, replace
}

/// The folder of a run. Its files are written beside and get their names when all of them are complete, so that a run
/// that fails leaves what was in the folder as it was. Only the root rank writes.
///
/// While a run goes on, its passes can be followed in `metrics.jsonl.partial`.
final class RunFolder {
  private static let metricsName = "metrics.jsonl"

  let path: String
  /// In the order in which they get their names: without partial metrics a run has finished.
  let files: [String]
  /// On the root rank, the passes so far.
  private let metrics: FileHandle?
  private var isComplete = false

  private var partialMetrics: String { "\(path)/\(Self.metricsName).partial" }

  /// Makes the folder. Collective.
  ///
  /// - Parameters:
  ///   - files: the names of all files besides the metrics that the run will leave.
  ///   - existing: what an earlier run in the folder may be.
  ///   - resumedPasses: when an unfinished run goes on, the passes that it has behind it; the metrics of later ones are
  ///     dropped, for they come again.
  /// - Throws: on all ranks the same ``Failure``: `cannotCreate` when the folder cannot be made or holds a run,
  ///   `temporary` when another run is going on in it.
  init(
    _ path: String, files: [String], existing: ExistingRun, resumedPasses: Int, on communicator: any Communicator
  ) throws {
    self.path = path
    let names = files + [Self.metricsName]
    self.files = names
    metrics = try communicator.agree {
      communicator.isRoot
        ? try Self.prepare(path, names, existing, resumedPasses: existing == .resume ? resumedPasses : 0) : nil
    }
  }

  deinit {
    guard metrics != nil, !isComplete else { return }
    try? FileManager.default.removeItem(atPath: Self.staging(path))
    // A run that can go on keeps the metrics that it has.
    if !Self.holdsCheckpoint(path) { unlink(partialMetrics) }
  }

  /// Where to write one of the files.
  func staged(_ name: String) -> String {
    precondition(files.contains(name), "a run leaves the files that it has named")
    return "\(Self.staging(path))/\(name)"
  }

  private static func staging(_ path: String) -> String { "\(path)/.partial" }

  private static func holdsCheckpoint(_ path: String) -> Bool {
    CheckpointStore.fileNames.contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
  }

  private static func prepare(
    _ path: String, _ files: [String], _ existing: ExistingRun, resumedPasses: Int
  ) throws -> FileHandle {
    let manager = FileManager.default
    do {
      try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure(.cannotCreate, "--out \(path) cannot be created; name a folder that you may write")
    }
    try refuseEarlierRun(path, files, existing, resumedPasses: resumedPasses)
    let partial = "\(path)/\(metricsName).partial"
    // Ranks outlive a launcher that was killed by a second or so, and would write the same files as the run that goes on.
    let metrics = try FileLock.open(partial, ofOutput: path)
    // From here on, what is there was left by a run that was killed or is replaced.
    try? manager.removeItem(atPath: staging(path))
    if existing != .resume { for name in CheckpointStore.fileNames { unlink("\(path)/\(name)") } }
    do {
      try manager.createDirectory(atPath: staging(path), withIntermediateDirectories: false)
      // Cut in place, so that a full disk costs no line.
      try metrics.truncate(atOffset: length(ofLines: resumedPasses, in: partial))
      return metrics
    } catch {
      throw Failure(.cannotCreate, "--out \(path): no file can be written there; check its permissions and free space")
    }
  }

  private static func refuseEarlierRun(
    _ path: String, _ files: [String], _ existing: ExistingRun, resumedPasses: Int
  ) throws {
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
    // A run that goes on was allowed to replace what is there when it began.
    let mayReplace = existing == .replace || resumedPasses > 0 && exists("\(metricsName).partial")
    if !mayReplace, let name = files.first(where: exists) {
      throw Failure(
        .cannotCreate, "--out \(path) holds a finished run (\(name)); name another folder, or replace it by --force")
    }
    if existing == .refuse && holdsCheckpoint(path) {
      throw Failure(
        .cannotCreate, "--out \(path) holds an unfinished run; go on with it by --resume, or start anew by --force")
    }
  }

  /// The bytes of the first lines of a file.
  private static func length(ofLines count: Int, in file: String) -> UInt64 {
    let bytes = count > 0 ? FileManager.default.contents(atPath: file) ?? Data() : Data()
    return UInt64(bytes.indices.lazy.filter { bytes[$0] == 0x0A }.prefix(count).reduce(0) { $1 + 1 })
  }

  /// Makes the metrics so far durable.
  func synchronize() throws {
    do { try metrics?.synchronize() } catch { throw writingFailed }
  }

  /// Writes one line for a pass.
  func record(_ record: PassRecord) throws {
    guard let metrics else { return }
    let line = Data((try jsonText(record) + "\n").utf8)
    do { try metrics.write(contentsOf: line) } catch { throw writingFailed }
  }

  private var writingFailed: Failure {
    Failure(.inputOutput, "\(partialMetrics): writing failed; is the disk full?")
  }

  /// Gives the files their names, after all of them were written.
  func complete() throws {
    guard let metrics else { return }
    do {
      try metrics.synchronize()
      try metrics.close()
    } catch { throw writingFailed }
    for name in files {
      let source = name == Self.metricsName ? partialMetrics : staged(name)
      guard rename(source, "\(path)/\(name)") == 0 else {
        throw Failure(.inputOutput, "\(path)/\(name): renaming failed: \(String(cString: strerror(errno)))")
      }
    }
    isComplete = true
    rmdir(Self.staging(path))
    // Makes the names durable; the folders of some file systems cannot be synced.
    try? FileHandle(forReadingAtPath: path)?.synchronize()
  }
}
