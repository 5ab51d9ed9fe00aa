import Communication
import Diagnostics
import Foundation
import MetaEM
import Runs
import Storage

/// The folder of a run. Its files are written beside and get their names when all of them are complete, so that a run
/// that fails leaves what was in the folder as it was. Only the root rank writes.
///
/// While a run goes on, its passes can be followed in `metrics.jsonl.partial`.
final class RunFolder {
  private let path: String
  /// On the root rank, the passes so far.
  private let metrics: FileHandle?
  private var isComplete = false

  /// In the order in which they get their names: without partial metrics a run has finished.
  private static let files = ["posteriors.h5", "model.h5", "metrics.jsonl"]

  /// Where to write the model and the posteriors.
  var model: String { "\(staging)/model.h5" }
  var posteriors: String { "\(staging)/posteriors.h5" }
  private var staging: String { "\(path)/.partial" }
  private var partialMetrics: String { "\(path)/metrics.jsonl.partial" }

  /// Makes the folder. Collective; nil without a path.
  ///
  /// - Parameters:
  ///   - force: whether an earlier run may be replaced.
  ///   - resumedPasses: when an unfinished run goes on, the passes that it has behind it; the metrics of later ones are
  ///     dropped, for they come again.
  /// - Throws: on all ranks the same ``Failure``: `cannotCreate` when the folder cannot be made or holds a run,
  ///   `temporary` when another run is going on in it.
  init?(_ path: String?, force: Bool, resumedPasses: Int?, on communicator: any Communicator) throws {
    guard let path else { return nil }
    self.path = path
    metrics = try communicator.agree {
      communicator.isRoot ? try Self.prepare(path, force: force, resumedPasses: resumedPasses) : nil
    }
  }

  deinit {
    guard metrics != nil, !isComplete else { return }
    try? FileManager.default.removeItem(atPath: staging)
    // A run that can go on keeps the metrics that it has.
    if !Self.holdsCheckpoint(path) { unlink(partialMetrics) }
  }

  private static func holdsCheckpoint(_ path: String) -> Bool {
    CheckpointStore.fileNames.contains { FileManager.default.fileExists(atPath: "\(path)/\($0)") }
  }

  private static func prepare(_ path: String, force: Bool, resumedPasses: Int?) throws -> FileHandle {
    let manager = FileManager.default
    do {
      try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure(.cannotCreate, "--out \(path) cannot be created; name a folder that you may write")
    }
    try refuseEarlierRun(path, force: force, resumedPasses: resumedPasses)
    let (staging, partial) = ("\(path)/.partial", "\(path)/metrics.jsonl.partial")
    let metrics = try lock(partial, of: path)
    // From here on, what is there was left by a run that was killed or is replaced.
    try? manager.removeItem(atPath: staging)
    if resumedPasses == nil { for name in CheckpointStore.fileNames { unlink("\(path)/\(name)") } }
    do {
      try manager.createDirectory(atPath: staging, withIntermediateDirectories: false)
      // Cut in place, so that a full disk costs no line.
      try metrics.truncate(atOffset: length(ofLines: resumedPasses ?? 0, in: partial))
      return metrics
    } catch {
      throw Failure(.cannotCreate, "--out \(path): no file can be written there; check its permissions and free space")
    }
  }

  private static func refuseEarlierRun(_ path: String, force: Bool, resumedPasses: Int?) throws {
    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
    // A run that goes on was allowed to replace what is there when it began.
    let mayReplace = force || (resumedPasses ?? 0) > 0 && exists("metrics.jsonl.partial")
    if !mayReplace, let name = files.first(where: exists) {
      throw Failure(
        .cannotCreate, "--out \(path) holds a finished run (\(name)); name another folder, or replace it by --force")
    }
    if resumedPasses == nil && !force && holdsCheckpoint(path) {
      throw Failure(
        .cannotCreate, "--out \(path) holds an unfinished run; go on with it by --resume, or start anew by --force")
    }
  }

  /// Opens the metrics for this run alone: ranks outlive a launcher that was killed by a second or so, and would write
  /// the same files as the run that goes on.
  private static func lock(_ partial: String, of path: String) throws -> FileHandle {
    let descriptor = open(partial, O_WRONLY | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw Failure(.cannotCreate, "--out \(path): no file can be written there; check its permissions and free space")
    }
    let metrics = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    // Some file systems have no locks; there is no more to do then.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      throw Failure(.temporary, "--out \(path): another run is going on there; wait for it, or name another folder")
    }
    return metrics
  }

  /// The bytes of the first lines of a file.
  private static func length(ofLines count: Int, in file: String) -> UInt64 {
    let bytes = count > 0 ? FileManager.default.contents(atPath: file) ?? Data() : Data()
    return UInt64(bytes.indices.lazy.filter { bytes[$0] == 0x0A }.prefix(count).reduce(0) { $1 + 1 })
  }

  /// Makes the metrics so far durable.
  func synchronize() throws {
    do { try metrics?.synchronize() } catch {
      throw Failure(.inputOutput, "\(partialMetrics): writing failed; is the disk full?")
    }
  }

  /// Writes one line for a pass.
  func record(_ record: PassRecord) throws {
    guard let metrics else { return }
    let line = Data((try jsonText(record) + "\n").utf8)
    do { try metrics.write(contentsOf: line) } catch {
      throw Failure(.inputOutput, "\(partialMetrics): writing failed; is the disk full?")
    }
  }

  /// Gives the files their names, after the model and the posteriors were written.
  func complete() throws {
    guard let metrics else { return }
    do {
      try metrics.synchronize()
      try metrics.close()
    } catch {
      throw Failure(.inputOutput, "\(partialMetrics): writing failed; is the disk full?")
    }
    for name in Self.files {
      let source = name == "metrics.jsonl" ? partialMetrics : "\(staging)/\(name)"
      guard rename(source, "\(path)/\(name)") == 0 else {
        throw Failure(.inputOutput, "\(path)/\(name): renaming failed: \(String(cString: strerror(errno)))")
      }
    }
    isComplete = true
    rmdir(staging)
    // Makes the names durable; the folders of some file systems cannot be synced.
    try? FileHandle(forReadingAtPath: path)?.synchronize()
  }
}
