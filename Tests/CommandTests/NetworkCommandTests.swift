import Foundation
import TestSupport
import Testing

/// `train --representation network` and `mixed`.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--scenario abs --groups 2 --covariates 3 --rows 5000 --shards 3 --seed 2 --out shards", in: folder)
      try simulate("--rows 60 --out few", in: folder)
      try script(
        """
        generator, n = np.random.default_rng(1), 5000
        x, z = generator.normal(size=(n, 2)), np.arange(n) % 2
        features = np.c_[x[:, 0] + .5 * x[:, 0] * x[:, 1], x[:, 1]]
        t = (features * np.array([[1, -.5], [-.7, 1.2]])[z]).sum(1) + .3 * generator.normal(size=n)
        with h5py.File('products.h5', 'w') as file: file['x'], file['t'], file['z'] = x, t, z
        """, in: folder)
    }) struct NetworkCommandTests
  {
    private static let short = ["--groups", "2", "--starts", "4", "--rounds", "3", "--steps", "40"]

    @Test(arguments: ["network", "mixed"], ["regression", "gaussian"])
    func `Learned representations have the same bits on any ranks`(
      representation: String, distribution: String
    ) throws {
      let arguments =
        ["shards", "--representation", representation, "--distribution", distribution, "--assignment", "sampled"]
        + ["--groups", "2", "--starts", "2", "--max-iterations", "20", "--rounds", "2", "--steps", "20"]
      let alone = try train(arguments)
      for ranks in [2, 3, 8] {
        let report = try train(arguments, ranks: ranks)
        #expect(report.digests == alone.digests, "\(ranks) ranks")
        #expect(report.logLikelihood == alone.logLikelihood && report.passes == alone.passes)
      }
    }

    @Test func `So have minibatches that ranks share`() throws {
      let arguments =
        ["products.h5", "--representation", "network", "--batch", "4500", "--learning-rate", "0.01"] + Self.short
      let alone = try train(arguments)
      #expect(try train(arguments, ranks: 3).digests == alone.digests)
      #expect(try train(arguments + ["--stream"]).digests == alone.digests)
    }

    @Test func `Rounds are in the report, the summary and the metrics, and the model predicts`() throws {
      let arguments =
        ["products.h5", "--representation", "network", "--learning-rate", "0.01", "--out", "run"]
        + Self.short
      let result = try givDist(["train"] + arguments + ["--json"], ranks: 2)
      #expect(result.exitCode == 0, "\(result.error)")
      let report = try object(result.output)
      let rounds = try #require(report["rounds"] as? [[String: Any]])
      #expect(rounds.count == 3)
      let text = try script(
        """
        lines = [json.loads(line) for line in open('run/metrics.jsonl')]
        for line in lines:
            if 'round' in line: print(line['round'], line['accepted'], line['loss'] > 0, line['logLikelihood'] < 0)
        with h5py.File('run/model.h5') as file:
            record = json.loads(file.attrs['giv-record'])
            print(list(record['representation']), record['configuration']['alternation']['rounds'])
        """)
      let accepted = rounds.map { $0["accepted"] as? Bool == true ? "True" : "False" }
      #expect(accepted.contains("True"))
      let lines = text.split(separator: "\n").map(String.init)
      #expect(lines == accepted.enumerated().map { "\($0.offset + 1) \($0.element) True True" } + ["['network'] 3"])
      let predicted = try givDist(["predict", "run", "products.h5", "--out", "predicted.h5", "--json"], ranks: 3)
      #expect(try object(predicted.output)["posteriorDigest"] as? String == report["posteriorDigest"] as? String)
      let summary = try givDist(["train"] + arguments + ["--force"]).output
      #expect(summary.contains("of 3 rounds accepted"))
    }

    @Test(arguments: ["regression", "gaussian"])
    func `A loss that is no number is null, and the run goes on`(distribution: String) throws {
      let result = try givDist(
        ["train", "products.h5", "--representation", "network", "--distribution", distribution, "--json"]
          + ["--learning-rate", "1e300", "--out", "lost-\(distribution)"] + Self.short)
      #expect(result.exitCode == 0, "\(result.error)")
      let report = try object(result.output)
      let rounds = try #require(report["rounds"] as? [[String: Any]])
      #expect(rounds.count == 3 && rounds.allSatisfy { $0["loss"] is NSNull && $0["accepted"] as? Bool == false })
    }

    @Test func `--paper is the paper's choices, and the least MMD for the number of groups`() throws {
      let spelled = [
        "--distribution", "gaussian", "--representation", "network", "--start", "equation6", "--covariance", "full",
        "--assignment", "sampled", "--labels", "sampled", "--lambda", "\(1.0 / 3)", "--batch", "400",
        "--learning-rate", "0.001",
      ]
      let paper = try train(["shards", "--paper"] + Self.short)
      #expect(try train(["shards"] + spelled + Self.short).digests == paper.digests)
      #expect(try train(["shards", "--paper", "--labels", "argmax"] + Self.short).accuracy != paper.accuracy)

      let few = ["shards", "--paper", "--starts", "2", "--rounds", "1", "--steps", "20"]
      let chosen = try givDist(["train"] + few + ["--groups", "auto", "--max-groups", "4", "--json"], ranks: 2)
      let report = try object(chosen.output)
      let criteria = try #require(report["groupCriteria"] as? [[String: Any]])
      let values = criteria.compactMap { criterion in
        (criterion["mmd"] as? Double).map { (groups: criterion["groups"] as? Int, mmd: $0) }
      }
      #expect(values.map(\.groups) == [2, 3, 4])
      let least = try #require(values.min { $0.mmd < $1.mmd })
      #expect(report["groups"] as? Int == least.groups && report["mmd"] as? Double == least.mmd)
      #expect(try givDist(["train"] + few + ["--groups", "auto"]).output.contains("MMD by number of groups"))

      let sweep = try givDist(
        ["sweep"] + few + ["--groups", "2...4", "--folds", "0", "--out", "paper-sweep", "--json"], ranks: 2)
      let swept = try object(sweep.output)
      #expect(swept["bestGroups"] as? Int == least.groups && swept["criterion"] as? String == "mmd")
    }

    @Test func `A sweep compares values of lambda`() throws {
      let result = try givDist(
        [
          "sweep", "products.h5", "--groups", "1,2", "--representation", "identity,network", "--lambda", "0,0.5",
          "--starts", "3", "--rounds", "2", "--steps", "60", "--learning-rate", "0.01", "--folds", "2", "--out",
          "lambdas", "--json",
        ], ranks: 2)
      #expect(result.exitCode == 0, "\(result.error)")
      let report = try object(result.output)
      let cells = try #require(report["cells"] as? [[String: Any]])
      let kinds = cells.map { cell in
        let kind = cell["cell"] as? [String: Any]
        return "\(kind?["representation"] ?? "") \(kind?["lambda"] ?? "-") \(kind?["groups"] ?? "")"
      }
      #expect(
        kinds == [
          "identity - 1", "identity - 2", "network 0 1", "network 0 2", "network 0.5 1", "network 0.5 2",
        ])
      #expect(cells.allSatisfy { $0["bic"] is Double && $0["heldOutLogLikelihood"] is Double })
      #expect(Set([1, 3, 5].compactMap { cells[$0]["modelDigest"] as? String }).count == 3)
      #expect((report["choices"] as? [Any])?.count == 3)
      let lambdas = try script(
        "import csv; print([row['lambda'] for row in csv.DictReader(open('lambdas/sweep.csv'))])")
      #expect(lambdas == "['', '', '0.0', '0.0', '0.5', '0.5']\n")
      let alone = try train(
        [
          "products.h5", "--groups", "2", "--representation", "network", "--lambda", "0.5", "--starts", "3", "--rounds",
          "2", "--steps", "60", "--learning-rate", "0.01",
        ])
      #expect(cells[5]["modelDigest"] as? String == alone.modelDigest)
      // The networks are worth their parameters where t depends on a product.
      #expect((report["best"] as? [String: Any])?["representation"] as? String == "network")
    }

    @Test(arguments: [
      (["--paper", "--distribution", "regression"], "--paper has a --distribution of its own"),
      (["--paper", "--representation", "spline"], "--paper has a --representation of its own"),
      (["--paper", "--assignment", "argmax"], "--paper has a --assignment of its own"),
      (["--paper", "--start", "rows"], "--start"), (["--paper", "--covariance", "tied"], "--covariance"),
      (
        ["--lambda", "0.1", "--representation", "identity,spline"],
        "--lambda goes with --representation network or mixed only"
      ),
      (["--lambda", "0.1,x", "--representation", "network"], "'x' is no number"),
      (["--lambda", "0.1,-2", "--representation", "network"], "--lambda must be"),
      (["--lambda", "0.1,0.1", "--representation", "network"], "twice"),
    ])
    func `So do such options of a sweep`(options: [String], message: String) throws {
      let result = try givDist(["sweep", "few", "--groups", "2", "--out", "never"] + options)
      #expect(result.exitCode == 64 && result.error.contains(message), "\(result.error)")
      #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.path + "/never"))
    }

    @Test(arguments: [
      (["--representation", "network", "--lambda", "0.1,0.2"], "giv-dist sweep"),
      (["--paper", "--distribution", "kmeans"], "--paper"),
      (["--representation", "network", "--lambda", "-1"], "--lambda must be"),
      (["--representation", "network", "--lambda", "inf"], "--lambda must be"),
      (["--representation", "mixed", "--lambda", "nan"], "--lambda must be"),
      (["--representation", "network", "--rounds", "0"], "--rounds must be at least 1, not 0"),
      (["--representation", "network", "--steps", "0"], "--steps must be at least 1, not 0"),
      (["--representation", "network", "--batch", "-4"], "--batch must be at least 1, not -4"),
      (["--representation", "network", "--learning-rate", "0"], "--learning-rate must be"),
      (["--representation", "network", "--assignment", "best"], "--assignment"),
      (["--lambda", "0.2"], "--lambda goes with --representation network or mixed only"),
      (["--rounds", "4"], "--rounds goes with --representation network"),
      (["--representation", "identity", "--batch", "9"], "--batch goes with --representation network"),
      (["--representation", "network", "--distribution", "joint"], "--distribution joint"),
    ])
    func `Options that make no sense end with 64`(options: [String], message: String) throws {
      let result = try givDist(["train", "few", "--groups", "2", "--out", "never"] + options)
      #expect(result.exitCode == 64 && result.error.contains(message), "\(result.error)")
      #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.path + "/never"))
    }
  }
}
