import Communication
import Dataset
import Diagnostics
import Foundation
import MetaEM

/// The folder of a run. Files appear in it under their names when they are complete; only the root rank writes.
///
/// While a run goes on, its passes can be followed in `metrics.jsonl.partial`.
final class RunFolder {
  private let path: String
  private let metrics: FileHandle?

  var model: String { "\(path)/model.h5" }
  var posteriors: String { "\(path)/posteriors.h5" }
  private var metricsPath: String { "\(path)/metrics.jsonl" }

  /// Makes the folder. Collective; nil without a path.
  ///
  /// - Parameters:
  ///   - force: whether an earlier run may be replaced; its files are, when this one has finished.
  ///   - resume: whether an unfinished run may be there.
  /// - Throws: on all ranks the same ``Failure`` `cannotCreate`: the folder cannot be made, or holds a run.
  init?(_ path: String?, force: Bool, resume: Bool, on communicator: any Communicator) throws {
    guard let path else { return nil }
    self.path = path
    metrics = try communicator.agree { communicator.isRoot ? try Self.prepare(path, force: force, resume: resume) : nil }
  }

  private static func prepare(_ path: String, force: Bool, resume: Bool) throws -> FileHandle {
    let files = FileManager.default
    do {
      try files.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Failure(.cannotCreate, "--out \(path) cannot be created; name a folder that you may write")
    }
    for name in ["model.h5", "posteriors.h5", "metrics.jsonl"]
    where !force && files.fileExists(atPath: "\(path)/\(name)") {
      throw Failure(
        .cannotCreate,
        "--out \(path) holds a finished run (\(name)); name another folder, or replace it by --force")
    }
    for name in CheckpointStore.fileNames where !resume && files.fileExists(atPath: "\(path)/\(name)") {
      guard force else {
        throw Failure(
          .cannotCreate, "--out \(path) holds an unfinished run; go on with it by --resume, or start anew by --force")
      }
      try? files.removeItem(atPath: "\(path)/\(name)")
    }
    let partial = "\(path)/metrics.jsonl.partial"
    if !resume || !files.fileExists(atPath: partial) { _ = files.createFile(atPath: partial, contents: nil) }
    guard let handle = FileHandle(forWritingAtPath: partial) else {
      throw Failure(.cannotCreate, "--out \(path): no file can be written there; check its permissions")
    }
    try handle.seekToEnd()
    return handle
  }

  /// Writes one line for a pass.
  func record(_ record: PassRecord) throws {
    guard let metrics else { return }
    do {
      try metrics.write(contentsOf: Data((try jsonText(record) + "\n").utf8))
    } catch let failure as Failure {
      throw failure
    } catch {
      throw Failure(.inputOutput, "\(metricsPath).partial: writing failed; is the disk full?")
    }
  }

  func finishMetrics() throws {
    try metrics?.close()
    guard rename("\(metricsPath).partial", metricsPath) == 0 else {
      throw Failure(.inputOutput, "\(metricsPath): renaming failed: \(String(cString: strerror(errno)))")
    }
  }
}
