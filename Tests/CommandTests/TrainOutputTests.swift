import Foundation
import TestSupport
import Testing

/// What `train` prints and logs.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 3000 --shards 3 --out shards", in: folder)
      try script(
        """
        with h5py.File('shards/shard-00000.h5') as old, h5py.File('anonymous.h5', 'w') as new:
            for key in 'xty': new[key] = old[key][:]
        """, in: folder)
    }) struct TrainOutputTests
  {
    private static let keys = [
      "rows", "ranks", "groups", "logLikelihood", "bic", "icl", "mmd", "iterations", "converged", "accuracy",
      "adjustedRandIndex", "modelDigest", "posteriorDigest", "inputDigest", "seconds", "secondsPerPass", "events",
    ]

    @Test(arguments: [nil, 4])
    func `The JSON is one object and nothing else`(ranks: Int?) throws {
      let result = try givDist(["train", "shards", "--groups", "3", "--json", "--progress", "plain"], ranks: ranks)
      #expect(result.exitCode == 0, "\(result.error)")
      let report = try object(result.output)
      #expect(Self.keys.filter { report[$0] == nil } == [])
      #expect(report["rows"] as? Int == 3000 && report["groups"] as? Int == 3)
      #expect(report["ranks"] as? Int == ranks ?? 1)
      #expect(report["converged"] as? Bool == true)
      #expect(try #require(report["accuracy"] as? Double) > 0.9)
      #expect((report["modelDigest"] as? String)?.count == 64)
    }

    @Test(arguments: ["regression", "gaussian", "kmeans"])
    func `What each start reached is told, best first`(distribution: String) throws {
      let arguments = ["train", "shards", "--groups", "3", "--distribution", distribution, "--json"]
      let starts = try #require(try object(givDist(arguments).output)["starts"] as? [String: Any])
      let reached = try #require(starts["reached"] as? [[String: Any]])
      let below = try reached.map { try #require($0["below"] as? Double) }
      #expect(reached.count == starts["continued"] as? Int && below.first == 0 && below == below.sorted())
      #expect(Set(reached.compactMap { $0["start"] as? Int }).count == reached.count)
      #expect(starts["agreed"] as? Int == below.count { $0 <= 0.5 })
    }

    @Test func `Scores are null when the source is unknown`() throws {
      let result = try givDist(["train", "anonymous.h5", "--groups", "3", "--json"])
      let report = try object(result.output)
      for key in ["accuracy", "adjustedRandIndex", "confusion"] { #expect(report[key] is NSNull, "\(key)") }
      let text = try givDist(["train", "anonymous.h5", "--groups", "3"]).output
      #expect(!text.contains("accuracy") && text.contains("log-likelihood"))
    }

    @Test func `K-means has no likelihood and says so`() throws {
      let arguments = ["train", "shards", "--groups", "3", "--distribution", "kmeans", "--representation", "identity"]
      let report = try object(try givDist(arguments + ["--json"]).output)
      for key in ["logLikelihood", "bic", "icl"] { #expect(report[key] is NSNull, "\(key)") }
      #expect(try #require(report["inertia"] as? Double) > 0)
    }

    /// Their likelihood grows without bound.
    @Test func `Gaussian groups on splines come with a warning`() throws {
      let options = ["--distribution", "gaussian", "--starts", "1", "--max-iterations", "3", "--json"]
      for (representation, isSingular) in [("spline", true), ("identity", false)] {
        let arguments = ["train", "shards", "--groups", "2", "--representation", representation] + options
        let warnings = try #require(try object(givDist(arguments).output)["warnings"] as? [String])
        #expect(warnings.contains { $0.contains("gaussian groups on splines become singular") } == isSingular)
        let sweep = ["sweep"] + arguments.dropFirst() + ["--out", "sweep-\(representation)", "--folds", "0"]
        let others = try #require(try object(givDist(sweep).output)["warnings"] as? [String])
        #expect(others.contains { $0.contains("gaussian groups on splines become singular") } == isSingular)
      }
    }

    @Test func `One group works`() throws {
      let report = try object(try givDist(["train", "shards", "--groups", "1", "--json"]).output)
      #expect(report["groups"] as? Int == 1 && report["mmd"] is NSNull)
      #expect(report["logLikelihood"] is Double && report["converged"] as? Bool == true)
      #expect(try givDist(["train", "shards", "--groups", "1"]).output.hasPrefix("1 group in 3000 rows on 1 rank: "))
    }

    private struct Pass: Decodable {
      let phase: String
      let pass: Int
      let logLikelihood: Double
      let seconds: Double
    }

    @Test(arguments: [
      ["--out", "spline"], ["--out", "gaussian", "--distribution", "gaussian", "--representation", "identity"],
    ])
    func `The metrics have a line per pass, and EM never falls`(options: [String]) throws {
      let report = try train(["shards", "--groups", "3"] + options, ranks: 2)
      let text = try String(
        contentsOf: SharedInputs.folder.appending(path: "\(options[1])/metrics.jsonl"), encoding: .utf8)
      let passes = try text.split(separator: "\n").map { try JSONDecoder().decode(Pass.self, from: Data($0.utf8)) }
      #expect(passes.count == report.passes)
      for (previous, next) in zip(passes, passes.dropFirst()) {
        #expect(next.seconds >= previous.seconds)
        guard next.phase == previous.phase else {
          #expect(next.pass == 0)
          continue
        }
        #expect(next.pass == previous.pass + 1)
        #expect(next.logLikelihood >= previous.logLikelihood - 1e-9 * abs(previous.logLikelihood), "\(next)")
      }
      // Where products of covariates were tried, several fits came to their ends on all rows.
      let found = try #require(report.logLikelihood)
      let ends = Dictionary(grouping: passes.filter { $0.phase.hasPrefix("em") }, by: \.phase).compactMap(\.value.last)
      #expect(ends.contains { abs($0.logLikelihood - found) < 1e-8 * abs(found) })
    }

    @Test func `People read groups, scores, balance and digests`() throws {
      let report = try train(["shards", "--groups", "3"])
      let result = try givDist(["train", "shards", "--groups", "3", "--out", "people"], ranks: 2)
      #expect(result.exitCode == 0, "\(result.error)")
      let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      #expect(lines[0].hasPrefix("3 groups in 3000 rows on 2 ranks: spline representation, regression groups"))
      let header = try #require(lines.firstIndex { $0.hasPrefix("  group  rows") })
      #expect(lines[header].contains("share") && lines[header].contains("x2") && lines[header].hasSuffix("spread"))
      #expect(lines[header + 1...header + 3].map { $0.prefix(4) } == ["  0 ", "  1 ", "  2 "])
      let accuracy = String(format: "accuracy %.4f", try #require(report.accuracy))
      let index = String(format: "adjusted Rand index %.4f", try #require(report.adjustedRandIndex))
      #expect(lines.contains("against the true source: \(accuracy), \(index)"))
      #expect(lines.contains { $0.hasPrefix("  true source  group 0  group 1  group 2") })
      #expect(lines.contains { $0.hasPrefix("largest differences of covariate means between groups") })
      #expect(
        lines.contains(
          "wrote people: posteriors.h5, model.h5, sample.csv, report.json, summary.txt, config.yaml, metrics.jsonl, "
            + "run.log"))
      #expect(
        lines.contains(
          "digests: model \(report.modelDigest.prefix(16)), posteriors \(report.posteriorDigest.prefix(16))"))
      #expect(!result.output.contains("NaN") && !result.output.contains("nan"))
    }

    @Test func `A dry run tells the rows of every rank and writes nothing`() throws {
      let arguments = ["train", "shards", "--groups", "3", "--dry-run", "--out", "never"]
      let text = try givDist(arguments, ranks: 3)
      #expect(text.exitCode == 0 && text.output.hasPrefix("3000 rows of 3 covariates in 3 shards; "))
      let rows = text.output.split(separator: "\n").dropFirst(3).map { $0.split(separator: " ").prefix(2) }
      #expect(rows.map(\.first) == ["0", "1", "2"])
      #expect(rows.compactMap { Int($0[1]) }.reduce(0, +) == 3000)
      let report = try object(try givDist(arguments + ["--json"], ranks: 4).output)
      let ranks = try #require(report["ranks"] as? [[String: Any]])
      #expect(ranks.compactMap { $0["rank"] as? Int } == [0, 1, 2, 3])
      #expect(ranks.compactMap { $0["rows"] as? Int }.reduce(0, +) == 3000)
      #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.path + "/never"))
    }
  }
}
