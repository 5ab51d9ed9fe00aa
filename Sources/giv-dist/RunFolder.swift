import Communication
import Diagnostics
import Foundation
import MetaEM

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
  /// - Throws: on all ranks the same ``Failure`` `cannotCreate`: the folder cannot be made, or holds a run.
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
    let (staging, partial) = ("\(path)/.partial", "\(path)/metrics.jsonl.partial")
    // A run that goes on was allowed to replace what is there when it began.
    let mayReplace = force || (resumedPasses ?? 0) > 0 && manager.fileExists(atPath: partial)
    for name in files where !mayReplace && manager.fileExists(atPath: "\(path)/\(name)") {
      throw Failure(
        .cannotCreate, "--out \(path) holds a finished run (\(name)); name another folder, or replace it by --force")
    }
    if resumedPasses == nil && holdsCheckpoint(path) {
      guard force else {
        throw Failure(
          .cannotCreate, "--out \(path) holds an unfinished run; go on with it by --resume, or start anew by --force")
      }
      for name in CheckpointStore.fileNames { unlink("\(path)/\(name)") }
    }
    // What a run that was killed has left.
    try? manager.removeItem(atPath: staging)
    do {
      try manager.createDirectory(atPath: staging, withIntermediateDirectories: false)
      return try openMetrics(partial, keptLines: resumedPasses ?? 0)
    } catch {
      throw Failure(.cannotCreate, "--out \(path): no file can be written there; check its permissions and free space")
    }
  }

  /// Opens the metrics behind their first `keptLines` lines. They are cut in place, so that a full disk costs none.
  private static func openMetrics(_ partial: String, keptLines: Int) throws -> FileHandle {
    let bytes = keptLines > 0 ? FileManager.default.contents(atPath: partial) ?? Data() : Data()
    let ends = bytes.indices.lazy.filter { bytes[$0] == 0x0A }.prefix(keptLines)
    let length = ends.reduce(0) { $1 + 1 }
    let descriptor = open(partial, O_RDWR | O_CREAT, 0o666)
    let metrics = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    try metrics.truncate(atOffset: UInt64(length))
    try metrics.seekToEnd()
    return metrics
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
