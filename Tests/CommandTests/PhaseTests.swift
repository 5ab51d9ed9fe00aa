import Foundation
import TestSupport
import Testing

/// The table of phases, which tells where the time of a command went.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 3000 --groups 3 --confounding 0.5 --seed 3 --shards 2 --out shards", in: folder)
    }) struct PhaseTests
  {
    private struct Answer: Decodable {
      struct Times: Decodable {
        struct Row: Decodable {
          let phase: String
          let passes, fits, peakBytes: Int
          let seconds, share, waitShare: Double
          let nsPerRowAndFit: Double?
        }

        let phases: [Row]
        let wallSeconds: Double
        let peakBytes: Int

        var passes: Int { phases.reduce(0) { $0 + $1.passes } }
      }

      let times: Times
      let passes: Int?
    }

    private func answer(_ line: String, ranks: Int? = nil, exitCode: Int32 = 0) throws -> Answer? {
      let arguments = line.split(separator: " ").map(String.init) + ["--json", "--progress", "none"]
      let result = try givDist(arguments, ranks: ranks)
      #expect(result.exitCode == exitCode, "\(line): \(result.error)")
      return exitCode == 0 ? try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8)) : nil
    }

    private func metricsLines(_ folder: String) throws -> Int {
      try String(contentsOf: SharedInputs.folder.appending(path: "\(folder)/metrics.jsonl"), encoding: .utf8)
        .split(separator: "\n").count
    }

    @Test(
      arguments: [
        "train shards --groups 2 --starts 4 --representation identity",
        "sweep shards --groups 1...3 --starts 3 --folds 2 --representation identity",
        "effect shards --instrument true",
      ], [1, 4])
    func `Phases add up to the time that the command took`(line: String, ranks: Int) throws {
      let begin = ContinuousClock.now
      let command = String(line.prefix { $0 != " " })
      let times = try #require(try answer("\(line) --out \(command)\(ranks)", ranks: ranks)).times
      let outside = begin.duration(to: .now) / .seconds(1)
      #expect(times.wallSeconds > 0 && times.wallSeconds < outside)
      let sum = times.phases.reduce(0) { $0 + $1.seconds }
      #expect(abs(sum / times.wallSeconds - 1) < 0.02, "\(sum) of \(times.wallSeconds) s")
      #expect(abs(times.phases.reduce(0) { $0 + $1.share } - 1) < 1e-9)
      #expect(times.phases.allSatisfy { (0...1).contains($0.waitShare) && $0.seconds >= 0 }, "\(times)")
      #expect(times.phases.contains { $0.waitShare > 0 })
      #expect(times.peakBytes > 1 << 20 && times.phases.allSatisfy { $0.peakBytes <= times.peakBytes })
      for row in times.phases where row.fits > 0 {
        #expect(abs(try #require(row.nsPerRowAndFit) * 3000 * Double(row.fits) / 1e9 / row.seconds - 1) < 1e-9)
      }
      let summary = SharedInputs.folder.appending(path: "\(command)\(ranks)/summary.txt")
      let text = try String(contentsOf: summary, encoding: .utf8)
      #expect(text.contains("\n\n  phase ") && times.phases.allSatisfy { text.contains("\n  \($0.phase) ") }, "\(text)")
    }

    @Test func `A pass of the metrics is a pass of the table, also where numbers of groups are tried`() throws {
      let one = try #require(
        try answer("train shards --groups 2 --starts 3 --representation identity --out one", ranks: 3))
      #expect(try one.times.passes == metricsLines("one") && one.times.passes == one.passes)
      let auto = try #require(
        try answer("train shards --groups auto --max-groups 3 --starts 3 --representation identity --out auto"))
      #expect(try auto.times.passes == metricsLines("auto") && auto.times.passes > (try #require(auto.passes)))
    }

    @Test(arguments: [nil, 3])
    func `Starts of one run add up`(ranks: Int?) throws {
      let line = "train shards --groups 3 --starts 3 --representation identity --out resumed\(ranks ?? 0)"
      let whole = try #require(
        try answer("train shards --groups 3 --starts 3 --representation identity --out whole\(ranks ?? 0)"))
      _ = try answer("\(line) --max-hours 0.0000001", ranks: ranks, exitCode: 75)
      let begin = ContinuousClock.now
      let resumed = try #require(try answer("\(line) --resume", ranks: ranks))
      let last = begin.duration(to: .now) / .seconds(1)
      #expect(resumed.times.passes == whole.times.passes)
      let sum = resumed.times.phases.reduce(0) { $0 + $1.seconds }
      #expect(abs(sum / resumed.times.wallSeconds - 1) < 0.02, "\(sum), last start \(last) s")
      #expect(try #require(resumed.times.phases.first).phase == "start")
    }

    @Test func `So do those of a sweep`() throws {
      let line = "sweep shards --groups 1...3 --starts 6 --folds 0 --representation identity"
      let whole = try #require(try answer("\(line) --out whole-sweep", ranks: 2))
      // Stopped amid the fits, or done before, on whatever machine.
      let stopped = try givDist(
        "\(line) --out stopped-sweep --max-hours 0.0003".split(separator: " ").map(String.init), ranks: 2)
      #expect([0, 75].contains(stopped.exitCode), "\(stopped.error)")
      if stopped.exitCode == 75 {
        let resumed = try #require(try answer("\(line) --out stopped-sweep --resume"))
        #expect(resumed.times.passes == whole.times.passes)
      }
    }
  }
}
