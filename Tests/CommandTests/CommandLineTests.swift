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
      let text = try givDist(["--version"], in: Self.here).output
      #expect(
        text.wholeMatch(
          of:
            /\d+\.\d+\.\d+\ncommit +([0-9a-f]{7,40}(-dirty)?|unknown)\nkernels +avx512, .*\nMPI +Open MPI.*\nHDF5 +1\..*\n/
        )
          != nil, "\(text)")
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
      let placements = try #require(report["placements"] as? [[String: Any]])
      #expect(placements.count == ranks ?? 1)
      for place in placements {
        #expect(try #require(place["cores"] as? String).wholeMatch(of: /[0-9,-]+/) != nil)
        #expect(try #require(place["memoryInUse"] as? Int) > 1 << 20)
        #expect(try #require(place["memoryAvailable"] as? Int) > 1 << 20)
      }
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
      (["frobnicate"], "there is no command 'frobnicate'; there are 'simulate', "),
      (["train", "shards", "--groups", "0"], "--groups must be at least 1, not 0"),
      (["train", "shards", "--groups=-2"], "--groups must be at least 1, not -2"),
      (["train", "shards", "--groups", "many"], "The value 'many' is invalid for '--groups <groups>'"),
      (["train", "shards", "--groups", "8...2"], "give a number or 'auto'; giv-dist sweep takes ranges and lists"),
      (["train", "shards", "--groups", "2", "--starts", "0"], "--starts must be at least 1, not 0"),
      (["train", "shards", "--groups", "2", "--tolerance", "nan"], "--tolerance must not be negative"),
      (
        ["train", "shards", "--groups", "2", "--distribution", "cauchy"],
        "'regression', 'gaussian', 'kmeans' or 'joint'"
      ),
      (["train", "shards", "--groups", "2", "--seed", "-1"], "write --seed=-1 when the value begins with a minus"),
      (["train", "shards", "--groups", "2", "--stall-timeout=-1"], "--stall-timeout must not be negative"),
    ])
    func `A wrong command line is refused with the remedy`(arguments: [String], words: String) throws {
      try refuse(arguments, words, ranks: nil)
    }

    @Test(arguments: [
      ("--control-function linear", "--distribution joint"), ("--concomitants", "--distribution joint"),
      ("--outcome-basis quadratic", "--distribution joint"), ("--covariate-basis spline", "--distribution joint"),
      ("--free-shifts", "--distribution joint"), ("--covariance full", "--distribution gaussian"),
      ("--distribution kmeans --covariance tied", "--distribution gaussian"),
      ("--distribution joint --start rows", "--distribution gaussian"),
      ("--lambda 0.2", "--representation network or mixed"), ("--rounds 4", "--representation network or mixed"),
      ("--max-groups 4", "--groups auto"), ("--resume", "--out"), ("--max-hours 1", "--out"),
      ("--checkpoint-every 10", "--out"), ("--checkpoint-minutes 1", "--out"),
    ])
    func `An option that the run would not read is refused`(options: String, readers: String) throws {
      let options = options.split(separator: " ").map(String.init)
      let name = try #require(options.last { $0.hasPrefix("--") })
      try refuse(
        ["train", "shards", "--groups", "2"] + options,
        "\(name) goes with \(readers) only; choose that, or leave \(name) out", ranks: nil)
    }

    @Test(arguments: [
      ("--distribution joint --representation polynomial", "spline or identity, not polynomial"),
      ("--distribution joint --representation network", "spline or identity, not network"),
      ("--paper --distribution joint", "--paper has a --distribution of its own"),
    ])
    func `So is a representation that the distribution cannot take`(options: String, words: String) throws {
      try refuse(
        ["train", "shards", "--groups", "2"] + options.split(separator: " ").map(String.init), words, ranks: nil)
    }

    @Test(arguments: [
      ("--distribution kmeans --lrt 19", "--lrt goes with --distribution regression only"),
      ("--distribution gaussian,kmeans --lrt 19", "--lrt goes with --distribution regression only"),
      ("--distribution kmeans --folds 5", "--folds goes with --distribution regression or gaussian only"),
      ("--distribution regression,kmeans --covariance tied", "--covariance goes with --distribution gaussian only"),
    ])
    func `So is one that no fit of a sweep would read`(options: String, words: String) throws {
      let arguments = ["sweep", "shards", "--groups", "2", "--out", "never"]
      try refuse(arguments + options.split(separator: " ").map(String.init), words, ranks: nil)
    }

    /// Options that are read go on to where the shards are missed.
    @Test(arguments: [
      "train --groups 2 --distribution gaussian --covariance tied --start rows --labels sampled",
      "train --groups 2 --distribution joint --outcome-basis spline --covariate-basis auto --free-shifts",
      "train --groups 2 --distribution joint --representation spline --labels argmax",
      "train --groups 2 --distribution joint --representation identity --control-function quadratic --concomitants",
      "train --groups 2 --distribution kmeans --labels argmax --force",
      "train --groups 2 --distribution gaussian --representation spline",
      "train --groups 2 --distribution gaussian --representation mixed --rounds 3 --lambda 0.1 --assignment argmax",
      "train --groups auto --max-groups 3 --paper --start equation6 --covariance full --assignment sampled",
      "train --groups 2 --distribution kmeans", "train --groups 2 --distribution joint",
      "train --groups 2 --out never --resume --max-hours 1 --checkpoint-every 9 --checkpoint-minutes 2",
      "sweep --groups 2 --out never --distribution kmeans",
      "sweep --groups 2 --out never --distribution kmeans --folds 0",
      "sweep --groups 2 --out never --distribution gaussian,kmeans --folds 3 --covariance tied --labels sampled",
      "sweep --groups 2 --out never --distribution kmeans,regression --lrt 19 --representation identity,network --steps 9",
    ])
    func `Options that are read are not refused`(line: String) throws {
      let result = try givDist(line.split(separator: " ").map(String.init) + ["/no/shards"], in: Self.here)
      #expect(result.exitCode == 66, "\(result.error)")
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
