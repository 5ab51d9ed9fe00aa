import Foundation
import TestSupport
import Testing

/// A rank that dies or stops in the middle of a fit.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 40000 --groups 5 --covariates 5 --scenario poly --shards 2 --out shards", in: folder)
      try simulate("--rows 1000 --out few", in: folder)
      _ = try train(["few", "--groups", "2", "--starts", "2", "--out", "run"], in: folder)
    }) struct LostRankTests
  {
    /// Minutes of passes, the first of some milliseconds, over the run in the folder.
    private static let arguments = [
      "train", "shards", "--groups", "auto", "--max-groups", "60", "--distribution", "gaussian", "--out", "run",
      "--force",
    ]
    private var run: URL { SharedInputs.folder.appending(path: "run") }
    private var passes: URL { run.appending(path: "metrics.jsonl.partial") }

    /// Sends a signal to rank 1 once passes are made.
    private func signal(_ signal: Int32, _ launcher: pid_t) throws -> pid_t {
      let deadline = ContinuousClock.now + .seconds(commandTimeout)
      while ((try? Data(contentsOf: passes)) ?? Data()).isEmpty {
        try #require(ContinuousClock.now < deadline, "no pass was made")
        usleep(20_000)
      }
      let rank = try #require(rankProcess(1, of: launcher))
      #expect(kill(rank, signal) == 0)
      return rank
    }

    @Test func `A killed rank ends the job and costs no earlier run`() throws {
      try? FileManager.default.removeItem(at: passes)
      let before = try contents(run)
      let result = try givDist(Self.arguments, ranks: 3) { _ = try signal(SIGKILL, $0) }
      #expect(result.exitCode == 137)
      #expect(result.output.isEmpty)
      for (name, bytes) in before { #expect(try Data(contentsOf: run.appending(path: name)) == bytes, "\(name)") }
      // The next run clears up what was left.
      let next = try givDist(["train", "few", "--groups", "2", "--starts", "2", "--out", "run", "--force"])
      #expect(next.exitCode == 0, "\(next.error)")
      #expect(
        try Set(contents(run).keys) == [
          "model.h5", "posteriors.h5", "sample.csv", "metrics.jsonl", "report.json", "summary.txt",
        ])
    }

    @Test func `A stopped rank ends the job after the stall timeout`() throws {
      var stopped: pid_t?
      defer { if let stopped { kill(stopped, SIGKILL) } }
      try? FileManager.default.removeItem(at: passes)
      let before = try contents(run)
      let result = try givDist(Self.arguments + ["--stall-timeout", "8"], ranks: 3) {
        stopped = try signal(SIGSTOP, $0)
      }
      #expect(result.exitCode == 75)
      #expect(messages(result).count == 1, "\(result.error)")
      #expect(messages(result).first?.contains(" waited 8 s in MPI_") == true, "\(result.error)")
      #expect(messages(result).first?.contains("--stall-timeout") == true)
      for (name, bytes) in before { #expect(try Data(contentsOf: run.appending(path: name)) == bytes, "\(name)") }
    }
  }
}
