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

  private static let files = ["posteriors.h5", "metrics.jsonl", "model.h5"]

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
    for name in files where !force && manager.fileExists(atPath: "\(path)/\(name)") {
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
    let (staging, partial) = ("\(path)/.partial", "\(path)/metrics.jsonl.partial")
    // What a run that was killed has left.
    try? manager.removeItem(atPath: staging)
    let lines = (resumedPasses ?? 0) == 0 ? nil : try? String(contentsOfFile: partial, encoding: .utf8)
    let kept = (lines ?? "").split(separator: "\n").prefix(resumedPasses ?? 0).map { $0 + "\n" }.joined()
    guard mkdir(staging, 0o777) == 0, manager.createFile(atPath: partial, contents: Data(kept.utf8)),
      let metrics = FileHandle(forWritingAtPath: partial)
    else {
      throw Failure(.cannotCreate, "--out \(path): no file can be written there; check its permissions and free space")
    }
    try metrics.seekToEnd()
    return metrics
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
