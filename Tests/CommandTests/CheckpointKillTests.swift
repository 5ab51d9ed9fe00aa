import Foundation
import TestSupport
import Testing

/// Runs that are killed at random moments. GIV_SLOW_TESTS=1 kills twenty instead of five.
@Suite(.serialized) struct CheckpointKillTests {
  private static let isSlow = ProcessInfo.processInfo.environment["GIV_SLOW_TESTS"] == "1"

  struct Model: Sendable, CustomTestStringConvertible {
    let options: [String]
    let rows: Int
    let kills: Int
    var testDescription: String { options.joined(separator: " ") }
  }

  private static let models = [
    Model(options: ["--starts", "6"], rows: 10_000, kills: isSlow ? 8 : 2),
    Model(
      options: ["--distribution", "gaussian", "--representation", "identity"], rows: 10_000, kills: isSlow ? 4 : 1),
    Model(
      options: ["--distribution", "gaussian", "--representation", "polynomial"], rows: 10_000, kills: isSlow ? 4 : 1),
    // So many rows that the last phase has passes of its own.
    Model(
      options: [
        "--distribution", "gaussian", "--representation", "identity", "--starts", "2", "--tolerance", "0",
        "--max-iterations", "60",
      ],
      rows: 140_000, kills: isSlow ? 4 : 1),
  ]

  @Test(arguments: models) func `Killed at a random moment, a run ends as if undisturbed`(model: Model) throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(in: folder, rows: model.rows, options: model.options)
      let undisturbed = try run.undisturbed()
      for _ in 0..<model.kills {
        let moment = Int.random(in: 1..<undisturbed.passes.count)
        let victims = Bool.random() ? 1 : 3
        let comment: Comment = "\(victims) of 3 ranks killed after pass \(moment) of \(undisturbed.passes.count)"
        let killed = try run.train(ranks: 3, ["--checkpoint-every", "2"]) { launcher in
          let ranks = try run.wait(for: launcher) { $0.count >= moment }
          for rank in ranks.shuffled().prefix(victims) { kill(rank, SIGKILL) }
        }
        // The last passes may be over before the signal arrives.
        if killed.exitCode == 0 {
          #expect(try run.result(of: killed) == undisturbed, comment)
        } else {
          #expect(killed.exitCode == 137, comment)
          let resumed = try run.train(ranks: .random(in: 1...3), ["--resume", "--checkpoint-every", "2"])
          // It may also be killed after all that it had to do.
          if resumed.exitCode == 73 {
            #expect(try run.contents()["posteriors.h5"] == run.contents("undisturbed")["posteriors.h5"], comment)
          } else {
            #expect(try run.result(of: resumed) == undisturbed, comment)
          }
        }
        try FileManager.default.removeItem(at: run.out)
      }
    }
  }

  @Test func `Killed again and again, a run ends as if undisturbed`() throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(in: folder, rows: 10_000)
      let undisturbed = try run.undisturbed()
      for step in 1...3 {
        let killed = try run.disturbed(ranks: 2, ["--resume", "--checkpoint-every", "2"]) { launcher in
          let ranks = try run.wait(for: launcher) { $0.count >= step * undisturbed.passes.count / 5 }
          if let rank = ranks.randomElement() { kill(rank, SIGKILL) }
        }
        #expect(killed.exitCode == 137, "\(killed.error)")
      }
      #expect(try run.result(of: run.train(ranks: 3, ["--resume"])) == undisturbed)
    }
  }

  @Test func `A finished run is not lost when one that replaces it is killed`() throws {
    try withTemporaryDirectory { folder in
      let first = try CheckpointTestRun(in: folder, rows: 10_000, options: ["--distribution", "kmeans"])
      _ = try first.result(of: first.train())
      let finished = try first.contents()
      let second = CheckpointTestRun(first, options: ["--starts", "6"])
      let killed = try second.disturbed(ranks: 2, ["--force", "--checkpoint-every", "2"]) { launcher in
        for rank in try second.wait(for: launcher, phase: "search free") { kill(rank, SIGKILL) }
      }
      #expect(killed.exitCode == 137, "\(killed.error)")
      #expect(try second.contents().filter { finished[$0.key] != nil } == finished)
      #expect(try second.result(of: second.train(ranks: 2, ["--resume"])) == second.undisturbed())
    }
  }

  @Test func `Ranks that outlive their launcher keep others out`() throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(in: folder, rows: 10_000)
      _ = try run.disturbed(ranks: 2, ["--checkpoint-every", "2"]) { launcher in
        let ranks = try run.wait(for: launcher, phase: "starts")
        guard !ranks.isEmpty else { return }
        for rank in ranks { kill(rank, SIGSTOP) }
        let second = try run.train(["--resume"])
        #expect(second.exitCode == 75)
        #expect(
          messages(second) == [
            "giv-dist: error: --out run: another run is going on there; wait for it, or name another folder"
          ])
        for rank in ranks { kill(rank, SIGKILL) }
      }
      #expect(try run.result(of: run.train(["--resume"])) == run.undisturbed())
    }
  }
}
