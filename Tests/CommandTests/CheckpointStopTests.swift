import Foundation
import TestSupport
import Testing

/// Runs that are asked to stop, and go on later.
@Suite(.serialized) struct CheckpointStopTests {
  private enum Target { case launcher, firstRank, lastRank }

  private static let stopped =
    "giv-dist: error: stopped after a checkpoint in run; the same command with --resume goes on"

  /// Sends the signal at the first pass of the phase.
  private func stop(
    _ run: CheckpointTestRun, by signal: Int32, to target: Target, in phase: String, _ more: [String] = []
  ) throws -> CommandResult {
    try run.disturbed(ranks: 2, more) { launcher in
      let ranks = try run.wait(for: launcher, phase: phase)
      switch target {
      case .launcher: kill(launcher, signal)
      case .firstRank: if let rank = ranks.first { kill(rank, signal) }
      case .lastRank: if let rank = ranks.last { kill(rank, signal) }
      }
    }
  }

  @Test func `Stopped in the phases of the search, a run goes on on other ranks`() throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(in: folder, rows: 20_000)
      let undisturbed = try run.undisturbed()
      let stops: [(Int32, Target, String)] = [
        (SIGUSR1, .launcher, "starts"), (SIGINT, .firstRank, "starts spline"), (SIGTERM, .lastRank, "search free"),
      ]
      for (index, (signal, target, phase)) in stops.enumerated() {
        let stopped = try stop(run, by: signal, to: target, in: phase, index == 0 ? [] : ["--resume"])
        #expect(stopped.exitCode == 75, "\(phase): \(stopped.error)")
        #expect(messages(stopped) == [Self.stopped])
        #expect(stopped.output.isEmpty)
      }
      let unfinished = try run.contents()
      for ranks in 1...3 {
        #expect(try run.result(of: run.train(ranks: ranks, ["--resume"])) == undisturbed, "\(ranks) ranks")
        try run.restore(unfinished)
      }
    }
  }

  @Test func `Stopped in the last phase, a run goes on`() throws {
    try withTemporaryDirectory { folder in
      // So many rows that starts are tried on a part of them.
      let run = try CheckpointTestRun(
        in: folder, rows: 140_000, scenario: "linear",
        options: [
          "--distribution", "gaussian", "--representation", "identity", "--starts", "2", "--tolerance", "0",
          "--max-iterations", "60",
        ])
      let undisturbed = try run.undisturbed()
      try #require(undisturbed.passes.contains("em 5"))
      let stopped = try stop(run, by: SIGUSR1, to: .lastRank, in: "em")
      #expect(stopped.exitCode == 75, "\(stopped.error)")
      #expect(try run.result(of: run.train(ranks: 3, ["--resume"])) == undisturbed)
    }
  }

  @Test func `A second interrupt ends a rank at once`() throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(in: folder, rows: 20_000)
      let ended = try run.disturbed(ranks: 2) { launcher in
        let ranks = try run.wait(for: launcher, phase: "starts")
        guard ranks.count == 2 else { return }
        // A rank that waits for the other comes to no checkpoint.
        kill(ranks[1], SIGSTOP)
        while kill(ranks[0], SIGINT) == 0 { usleep(50_000) }
      }
      #expect(ended.exitCode == 128 + SIGINT)
      #expect(messages(ended).isEmpty)
    }
  }

  @Test func `mpirun ends by SIGTERM with a code of its own, after the ranks have saved`() throws {
    try withTemporaryDirectory { folder in
      // Minutes of passes of some milliseconds: mpirun hands the signal on after so many seconds, and kills the ranks
      // after as many more.
      var run = try CheckpointTestRun(
        in: folder, rows: 20_000, options: ["--groups", "auto", "--max-groups", "60", "--distribution", "gaussian"])
      run.environment["OMPI_MCA_odls_base_sigkill_timeout"] = "4"
      let stopped = try stop(run, by: SIGTERM, to: .launcher, in: "starts")
      #expect(stopped.exitCode != 0)
      #expect(messages(stopped) == [Self.stopped], "\(stopped.error)")
      #expect(try run.files().contains("checkpoint.h5"))
      #expect(try run.train(["--resume", "--max-hours", "1e-9"]).exitCode == 75)
    }
  }

  @Test func `A run in steps of one pass ends as one in a single step`() throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(
        in: folder, options: ["--distribution", "kmeans", "--representation", "identity", "--starts", "2"])
      try stepByStep(run)
    }
  }

  @Test(arguments: ["regression", "gaussian"])
  func `So does one that learns its representation`(distribution: String) throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(
        in: folder,
        options: [
          "--distribution", distribution, "--representation", "network", "--starts", "1", "--max-iterations", "4",
          "--rounds", "3", "--steps", "10", "--assignment", "sampled",
        ])
      try stepByStep(run)
    }
  }

  @Test func `Stopped in a round of training, a run goes on on other ranks`() throws {
    try withTemporaryDirectory { folder in
      let run = try CheckpointTestRun(
        in: folder, rows: 6000, options: ["--representation", "network", "--starts", "3", "--rounds", "4"])
      let undisturbed = try run.undisturbed()
      #expect(undisturbed.passes.contains("round 2"))
      for (index, phase) in ["em network", "round"].enumerated() {
        let stopped = try stop(run, by: SIGUSR1, to: .lastRank, in: phase, index == 0 ? [] : ["--resume"])
        #expect(stopped.exitCode == 75, "\(phase): \(stopped.error)")
      }
      #expect(try run.result(of: run.train(ranks: 3, ["--resume"])) == undisturbed)
    }
  }

  /// A run that is stopped after every pass.
  private func stepByStep(_ run: CheckpointTestRun) throws {
    let undisturbed = try run.undisturbed()
    for _ in undisturbed.passes {
      let stopped = try run.train(["--resume", "--max-hours", "1e-9"])
      #expect(stopped.exitCode == 75)
      #expect(messages(stopped) == [Self.stopped])
    }
    #expect(try run.result(of: run.train(["--resume"])) == undisturbed)
  }
}
