import Foundation
import TestSupport
import Testing

/// Rows that are read anew in every pass, from the command line.
@Suite(.serialized) struct StreamCommandTests {
  /// Enough for several windows.
  private static let rowCount = 2_000_000

  private static func simulate(in folder: URL, rows: Int = rowCount) throws -> String {
    let shards = folder.appendingPathComponent("shards").path
    let result = try run(
      tool("giv-dist"), ["simulate", "--rows", "\(rows)", "--covariates", "7", "--shards", "2", "--out", shards])
    #expect(result.exitCode == 0, "\(result.error)")
    return shards
  }

  private func object(_ result: CommandResult) throws -> [String: Any] {
    #expect(result.exitCode == 0, "\(result.error)")
    return try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
  }

  /// A report, and the most memory in bytes that the process held at any time, which the system tells once it has ended.
  private func measured(_ arguments: [String]) throws -> (report: [String: Any], peak: Int) {
    let waiting = """
      import resource, subprocess, sys
      subprocess.run(sys.argv[1:], check=True)
      print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, file=sys.stderr)
      """
    let result = try python(["-c", waiting, tool("giv-dist")] + arguments + ["--json", "--progress", "none"])
    return (try object(result), try #require(Int(result.error.trimmingCharacters(in: .whitespacesAndNewlines))))
  }

  @Test func `Memory is that of windows and bits are those in memory`() throws {
    try withTemporaryDirectory { folder in
      let shards = try Self.simulate(in: folder)
      let fit = [
        "train", shards, "--groups", "2", "--distribution", "gaussian", "--representation", "identity", "--starts", "2",
        "--max-iterations", "4",
      ]
      let memory = try measured(fit)
      let stream = try measured(fit + ["--stream"])
      for key in ["modelDigest", "posteriorDigest", "inputDigest"] {
        #expect(memory.report[key] as? String == stream.report[key] as? String)
        #expect(memory.report[key] is String)
      }
      #expect(stream.peak < 150 << 20, "\(stream.peak) bytes")
      // The columns take 128 MB, the windows at most 48.
      #expect(memory.peak - stream.peak > 40 << 20, "\(memory.peak) and \(stream.peak) bytes")
    }
  }

  @Test func `A file that is cut while ranks train ends the run`() throws {
    try withTemporaryDirectory { folder in
      let shards = try Self.simulate(in: folder)
      let out = folder.appendingPathComponent("run").path
      let result = try mpirun(
        ranks: 2, tool: "giv-dist",
        [
          "train", shards, "--groups", "2", "--distribution", "gaussian", "--representation", "identity", "--starts",
          "2",
          "--tolerance", "0", "--max-iterations", "1000000", "--stream", "--out", out,
        ]
      ) { _ in
        let deadline = ContinuousClock.now + .seconds(commandTimeout)
        // Starts are tried on chunks that are kept; the last phase, which is yet to come, reads all.
        func hasBegun() -> Bool {
          let metrics = try? String(contentsOfFile: "\(out)/metrics.jsonl.partial", encoding: .utf8)
          return metrics?.isEmpty == false
        }
        while !hasBegun() {
          try #require(ContinuousClock.now < deadline, "no pass was made")
          usleep(20_000)
        }
        let last = try #require(
          try FileManager.default.contentsOfDirectory(atPath: shards).filter { $0.hasSuffix(".h5") }.max())
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(shards)/\(last)"))
        try file.truncate(atOffset: 1_000_000)
        try file.close()
      }
      #expect(result.exitCode == 65, "\(result.error)")
      #expect(result.error.contains("changed while its rows were being read"), "\(result.error)")
    }
  }

  @Test func `Predict streams too`() throws {
    try withTemporaryDirectory { folder in
      let shards = try Self.simulate(in: folder, rows: 20_000)
      let model = folder.appendingPathComponent("run").path
      _ = try object(
        try run(
          tool("giv-dist"),
          [
            "train", shards, "--groups", "2", "--distribution", "kmeans", "--representation", "identity", "--starts",
            "2",
            "--out", model, "--json",
          ]))
      let digests = try [[], ["--stream"]].map { options in
        let out = folder.appendingPathComponent("posteriors-\(options.count).h5").path
        let arguments = ["predict", model, shards, "--out", out, "--json"] + options
        return try object(try run(tool("giv-dist"), arguments))["posteriorDigest"] as? String
      }
      #expect(digests[0] != nil && digests[0] == digests[1])
    }
  }

  @Test func `Dry run tells the bytes of windows`() throws {
    try withTemporaryDirectory { folder in
      let shards = try Self.simulate(in: folder, rows: 1_000_000)
      let bytes = try [[], ["--stream"]].map { options in
        let report = try object(
          try run(tool("giv-dist"), ["train", shards, "--groups", "2", "--dry-run", "--json"] + options))
        return try #require((report["ranks"] as? [[String: Any]])?.first?["dataBytes"] as? Int)
      }
      #expect(bytes == [977 * 1024 * 8 * 8, 3 << 24])
      // K weights of each row, and two more where rows are kept from the training.
      let weights = try [("spline", "regression"), ("network", "regression"), ("mixed", "gaussian")].map { kinds in
        let report = try object(
          try run(
            tool("giv-dist"),
            [
              "train", shards, "--groups", "3", "--dry-run", "--json", "--representation", kinds.0, "--distribution",
              kinds.1,
            ]))
        return try #require((report["ranks"] as? [[String: Any]])?.first?["weightBytes"] as? Int)
      }
      #expect(weights == [0, 8 * (3 * 1_000_000 + 2 * 977 * 1024), 8 * 3 * 1_000_000])
    }
  }
}
