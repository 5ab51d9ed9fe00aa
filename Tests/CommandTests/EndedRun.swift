import Foundation
import TestSupport
import Testing

/// Whether there is a checkpoint; while one takes the place of another there is the previous one only.
func isCheckpointKept(in folder: URL) -> Bool {
  ["checkpoint.h5", "checkpoint-previous.h5"].contains {
    FileManager.default.fileExists(atPath: folder.appending(path: $0).path)
  }
}

/// Runs on two ranks and ends the second by a signal, once a pass has been told of and kept; tries again when the run was
/// done before that.
///
/// - Parameter pass: what the record of the pass has.
func ended(_ arguments: [String], in pass: String, by signal: Int32, _ out: String) throws -> CommandResult {
  try ended(arguments, by: signal, out) { folder in
    let passes = folder.appending(path: "metrics.jsonl.partial")
    let text = (try? Data(contentsOf: passes)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    // A pass is told before it is kept.
    return text.contains(pass) && isCheckpointKept(in: folder)
  }
}

/// The same, once the folder of the run shows that it is time.
func ended(
  _ arguments: [String], by signal: Int32, _ out: String, when isTime: (_ folder: URL) -> Bool
) throws -> CommandResult {
  let folder = SharedInputs.folder.appending(path: out)
  for _ in 1...5 {
    let result = try givDist(arguments + ["--out", out], ranks: 2) { launcher in
      let deadline = ContinuousClock.now + .seconds(commandTimeout)
      while kill(launcher, 0) == 0 {
        if isTime(folder), let rank = rankProcess(1, of: launcher) {
          kill(rank, signal)
          break
        }
        try #require(ContinuousClock.now < deadline, "the moment did not come")
        usleep(1000)
      }
    }
    if result.exitCode != 0 { return result }
    try FileManager.default.removeItem(at: folder)
  }
  return try #require(nil, "five runs were done before they could be ended")
}
