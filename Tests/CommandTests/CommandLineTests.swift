import Foundation
import TestSupport
import Testing

/// Help, versions and options, which every rank parses and one answers.
extension OnRanks {
  @Suite struct CommandLineTests {
    private static let here = FileManager.default.temporaryDirectory

    @Test(arguments: [["--help"], ["--version"], ["train", "--help"], ["help", "predict"], []])
    func `Help and version are printed once`(arguments: [String]) throws {
      let alone = try givDist(arguments, in: Self.here)
      #expect(alone.exitCode == 0 && alone.error.isEmpty && !alone.output.isEmpty)
      let ranks = try givDist(arguments, ranks: 4, in: Self.here)
      #expect(ranks.exitCode == 0 && ranks.output == alone.output)
    }

    @Test func `The version is a version`() throws {
      #expect(try givDist(["--version"], in: Self.here).output.wholeMatch(of: /\d+\.\d+\.\d+\n/) != nil)
    }

    @Test func `The help names every command`() throws {
      let help = try givDist(["--help"], in: Self.here).output
      for name in ["simulate", "shard", "inspect", "train", "predict", "benchmark", "info"] {
        #expect(help.contains("\n  \(name) "), "\(name)")
        #expect(try givDist([name, "--help"], in: Self.here).output.hasPrefix("OVERVIEW: "))
      }
    }

    @Test(arguments: [nil, 4])
    func `info tells versions and ranks`(ranks: Int?) throws {
      let text = try givDist(["info"], ranks: ranks, in: Self.here)
      #expect(text.exitCode == 0)
      let starts = ["giv-dist ", "MPI ", "HDF5 ", "BLAS ", "ranks ", "  "]
      let lines = text.output.split(separator: "\n")
      #expect(lines.count == starts.count && zip(lines, starts).allSatisfy { $0.hasPrefix($1) }, "\(text.output)")
      let report = try object(try givDist(["info", "--json"], ranks: ranks, in: Self.here).output)
      #expect(report["ranks"] as? Int == ranks ?? 1)
      #expect((report["hosts"] as? [String])?.count == ranks ?? 1)
      #expect((report["kernels"] as? [String])?.count == ranks ?? 1)
      #expect(report["blasThreads"] as? Int == 1)
      #expect(report["launched"] as? Bool == (ranks != nil))
    }

    @Test(arguments: [nil, 2])
    func `benchmark em measures`(ranks: Int?) throws {
      let arguments = ["benchmark", "em", "--rows", "20000", "--passes", "5", "--json"]
      let result = try givDist(arguments, ranks: ranks, in: Self.here)
      #expect(result.exitCode == 0, "\(result.error)")
      let report = try object(result.output)
      #expect(report["rows"] as? Int == 20000 && report["ranks"] as? Int == ranks ?? 1)
      for key in ["nsPerRowPass", "rooflineShare", "gemmGflops", "triadGBPerSecond", "reductionShare"] {
        #expect(try #require(report[key] as? Double) > 0, "\(key)")
      }
    }

    @Test(arguments: [
      (["train", "shards", "--groups", "2", "--nonsense"], "Unknown option '--nonsense'"),
      (["train", "shards"], "Missing expected argument '--groups <groups>'"),
      (["frobnicate"], "Unexpected argument 'frobnicate'"),
      (["train", "shards", "--groups", "0"], "--groups must be at least 1, not 0"),
      (["train", "shards", "--groups=-2"], "--groups must be at least 1, not -2"),
      (["train", "shards", "--groups", "many"], "The value 'many' is invalid for '--groups <groups>'"),
      (["train", "shards", "--groups", "2", "--starts", "0"], "--starts must be at least 1, not 0"),
      (["train", "shards", "--groups", "2", "--tolerance", "nan"], "--tolerance must not be negative"),
      (
        ["train", "shards", "--groups", "2", "--distribution", "cauchy"],
        "'regression', 'gaussian', 'kmeans' or 'joint'"
      ),
      (["train", "shards", "--groups", "2", "--stall-timeout=-1"], "--stall-timeout must not be negative"),
    ])
    func `A wrong command line is refused with the remedy`(arguments: [String], words: String) throws {
      try refuse(arguments, words, ranks: nil)
    }

    /// Rank 0 must have spoken before the launcher ends it because another rank found the same.
    @Test(arguments: ["one", "two", "three"])
    func `Of many ranks one says so`(option: String) throws {
      try refuse(["train", "shards", "--groups", "2", "--\(option)"], "Unknown option '--\(option)'", ranks: 8)
    }

    private func refuse(_ arguments: [String], _ words: String, ranks: Int?) throws {
      let result = try givDist(arguments, ranks: ranks, in: Self.here)
      #expect(result.exitCode == 64)
      #expect(messages(result).count == 1 && messages(result)[0].contains(words), "\(result.error)")
      #expect(result.output.isEmpty && result.error.contains("\nUsage: giv-dist "))
    }
  }
}
