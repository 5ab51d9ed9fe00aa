import Foundation
import TestSupport
import Testing

/// What of the groups' being estimated `giv-dist effect` takes into its errors: `--se` and `--bootstrap`.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate(
        "--rows 800 --groups 2 --covariates 2 --shards 2 --confounding 1 --seed 4 --out shards", in: folder)
      _ = try train(
        [
          "shards", "--groups", "2", "--distribution", "joint", "--outcome-basis", "quadratic", "--covariate-basis",
          "polynomial3", "--representation", "identity", "--starts", "4", "--out", "run",
        ], in: folder)
    }) struct EffectErrorsCommandTests
  {
    private static let effect = ["effect", "run", "shards", "--outcome-basis", "quadratic"]

    private func report(_ arguments: [String], ranks: Int? = nil) throws -> [String: Any] {
      let result = try givDist(Self.effect + arguments + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(result.error)")
      return try object(result.output)
    }

    private func digest(_ arguments: [String], ranks: Int? = nil) throws -> String {
      try #require(try report(arguments, ranks: ranks)["effectDigest"] as? String)
    }

    private func slopeError(_ report: [String: Any]) throws -> Double {
      let methods = try #require(report["methods"] as? [String: [String: Any]])
      let slope = try #require(methods["hful"]?["averageSlope"] as? [String: Any])
      return try #require(slope["standardError"] as? Double)
    }

    @Test func `a joint run has stacked errors unless others are asked for, on any number of ranks`() throws {
      let stacked = try report([])
      #expect(stacked["standardErrors"] as? String == "stacked")
      #expect(try digest([], ranks: 3) == stacked["effectDigest"] as? String)
      let robust = try report(["--se", "robust"])
      #expect(robust["standardErrors"] as? String == "robust")
      let ratio = try slopeError(stacked) / slopeError(robust)
      #expect(ratio != 1 && 0.9 < ratio && ratio < 1.5, "\(ratio)")
      #expect(try report(["--label", "argmax"])["standardErrors"] as? String == "robust")
      #expect(try givDist(Self.effect).output.contains("errors HC0, with those of the groups"))
    }

    @Test func `the errors of the model itself are by cluster as in training`() throws {
      try script(
        """
        rows = [h5py.File(f'shards/shard-0000{i}.h5') for i in (0, 1)]
        x, t, y = (np.concatenate([f[key][:] for f in rows]) for key in 'xty')
        with open('visits.csv', 'w') as new:
            print('t,y,a,b,clinic', file=new)
            for i in range(len(t)): print(*map(repr, map(float, (t[i], y[i], *x[i]))), f'c{i // 16}', sep=',', file=new)
        """)
      let made = try givDist(
        "shard visits.csv --treatment t --outcome y --covariates a,b --cluster clinic --out visits"
          .split(separator: " ").map(String.init))
      try #require(made.exitCode == 0, "\(made.error)")
      let options = "--distribution joint --outcome-basis quadratic --covariate-basis polynomial3 --starts 4"
      let trained = try givDist(
        ("train visits --groups 2 --representation identity --cluster clinic --out by-clinic --json " + options)
          .split(separator: " ").map(String.init))
      try #require(trained.exitCode == 0, "\(trained.error)")
      let own = try #require(object(trained.output)["averageSlope"] as? [String: Any])
      func error(_ arguments: [String]) throws -> Double {
        let result = try givDist(
          ["effect", "by-clinic", "visits", "--outcome-basis", "quadratic", "--json"] + arguments)
        try #require(result.exitCode == 0, "\(result.error)")
        let model = try #require(object(result.output)["model"] as? [String: Any])
        return try #require((model["averageSlope"] as? [String: Any])?["standardError"] as? Double)
      }
      let clustered = try error(["--cluster", "clinic"])
      #expect(abs(clustered / (try #require(own["standardError"] as? Double)) - 1) < 1e-9)
      #expect(try error([]) != clustered)
    }

    @Test func `a bootstrap has the same bits on any ranks, and is in the files`() throws {
      let bootstrap = ["--bootstrap", "6"]
      let report = try report(bootstrap)
      let expected = try #require(report["effectDigest"] as? String)
      #expect((report["bootstrap"] as? [String: Int]) == ["replicates": 6, "failed": 0])
      let ratio = try slopeError(report) / slopeError(self.report(["--se", "robust"]))
      #expect(0.3 < ratio && ratio < 3, "\(ratio)")
      for (name, ranks, team) in [("one", 1, "1"), ("three", 3, "1"), ("team", 2, "2")] {
        #expect(try digest(bootstrap + ["--out", name, "--ranks-per-fit", team], ranks: ranks) == expected, "\(name)")
      }
      let printed = try script(
        """
        with h5py.File('three/effect.h5') as f:
            b = f['bootstrap/coefficients'][:]
            print(b.shape, f['bootstrap/curve'].shape, f['bootstrap/status'][:].tolist(), f.attrs['standard-errors'])
            print(np.allclose(np.cov(b.T), f['methods/hful/covariance'][:], rtol=1e-10), f.attrs['effect-digest'])
        """)
      #expect(printed == "(6, 2) (6, 21) [0, 0, 0, 0, 0, 0] bootstrap\nTrue \(expected)\n")
      #expect(!FileManager.default.fileExists(atPath: "\(SharedInputs.folder.path)/three/bootstrap"))
    }

    @Test func `a bootstrap that was killed goes on where it was, on other ranks`() throws {
      let bootstrap = ["--bootstrap", "12"]
      let expected = try digest(bootstrap)
      let command = (Self.effect + bootstrap + ["--out", "killed"]).joined(separator: " ")
      let killed = try run(
        "bash",
        [
          "-c",
          """
          "$0" \(command) & effect=$!
          until [ "$(ls killed/bootstrap/cells 2>/dev/null | grep -c json$)" -ge 2 ]; do sleep .01; done
          kill -9 $effect; wait $effect; ls killed/bootstrap/cells | grep -c json$
          """, tool("giv-dist"),
        ], directory: SharedInputs.folder)
      let kept = try #require(Int(killed.output.trimmingCharacters(in: .whitespacesAndNewlines)))
      #expect(2 <= kept && kept < 12)
      let refused = try givDist(Self.effect + bootstrap + ["--out", "killed"])
      #expect(refused.exitCode == 73 && refused.error.contains("--resume"), "\(refused.error)")
      #expect(try digest(bootstrap + ["--out", "killed", "--resume"], ranks: 3) == expected)
    }

    @Test(arguments: [
      (["--se", "stacked", "--label", "argmax"], "--se stacked needs the posterior groups"),
      (["--se", "stacked", "--covariance", "HC3"], "choose --covariance HC0 or HC1"),
      (["--se", "robust", "--bootstrap", "9"], "leave one of them out"),
      (["--bootstrap", "1"], "two replicates at least"),
      (["--bootstrap", "9", "--resume"], "name it with --out"),
      (["--bootstrap", "9", "--ranks-per-fit", "2", "--out", "teams"], "--ranks-per-fit 2 does not divide"),
    ])
    func `errors that cannot be had are refused`(arguments: [String], words: String) throws {
      let result = try givDist(Self.effect + arguments, ranks: 3)
      #expect(result.exitCode == 64 && result.error.contains(words), "\(result.exitCode) \(result.error)")
    }
  }
}
