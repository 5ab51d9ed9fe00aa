import Foundation
import TestSupport
import Testing

/// `--weights`, rows without weight, rows kept for testing, and values far from all others, as a user meets them.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try script(
        """
        r = np.random.default_rng(4)
        def write(name, x, t, y, z, **more):
            with h5py.File(name, 'w') as f:
                for key, values in dict(x=x, t=t, y=y, z=z, **more).items(): f[key] = values
        z, x = r.integers(0, 2, 2400), r.normal(size=(2400, 2))
        t = np.array([0, .7])[z] + (x * np.array([[1, .5], [-1, .5]])[z]).sum(1) + .3 * r.normal(size=2400)
        y = t + x.mean(1) + r.normal(size=2400)
        kept = np.arange(2400) % 4 == 1
        write('kept.h5', x[kept], t[kept], y[kept], z[kept])
        write('subset.h5', x, t, y, z, weight=kept.astype(float))
        k = np.arange(2400) % 3
        i = np.repeat(np.arange(2400), k)
        write('counts.h5', x, t, y, z, weight=k.astype(float))
        write('repeated.h5', x[i], t[i], y[i], z[i])
        with open('marked.csv', 'w') as f:
            f.write('t,y,a,b,held\\n')
            for row in range(2400): f.write(f'{t[row]},{y[row]},{x[row, 0]},{x[row, 1]},{row % 5 // 4}\\n')
        with open('seen.csv', 'w') as f:
            f.write('t,y,a,b\\n')
            for row in range(2400):
                if row % 5 < 4: f.write(f'{t[row]},{y[row]},{x[row, 0]},{x[row, 1]}\\n')
        s = t.copy(); s[1217] = 9999
        write('first.h5', x[:1200], s[:1200], y[:1200], z[:1200])
        write('second.h5', x[1200:], s[1200:], y[1200:], z[1200:])
        write('binary.h5', x, t, (y > 0).astype(float), z)
        """, in: folder)
    }) struct WeightCommandTests
  {
    private func report(_ arguments: [String], ranks: Int? = nil) throws -> [String: Any] {
      let result = try givDist(["train"] + arguments + ["--groups", "2", "--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(result.error)")
      return try object(result.output)
    }

    private func findings(_ report: [String: Any], _ code: String) throws -> [[String: Any]] {
      try #require(report["findings"] as? [[String: Any]]).filter { $0["code"] as? String == code }
        .map { try #require($0["values"] as? [String: Any]) }
    }

    @Test(arguments: [1, 3]) func `rows of weight 0 leave the digests of the others, in memory and streamed`(ranks: Int)
      throws
    {
      let kept = try report(["kept.h5"])
      for more in [[], ["--stream"]] {
        let found = try report(["subset.h5", "--use-weights"] + more, ranks: ranks)
        for key in ["modelDigest", "form"] { #expect(found[key] as? String == kept[key] as? String) }
        for key in ["logLikelihood", "bic", "icl", "mmd", "accuracy", "rows"] {
          #expect(found[key] as? Double == kept[key] as? Double, "\(key)")
        }
        let told = try findings(found, "rows-without-weight")
        #expect(told.first?["count"] as? Int == 1_800 && told.first?["total"] as? Int == 2_400)
      }
    }

    @Test func `frequencies are repeated rows, and sampling weights are not`() throws {
      let repeated = try report(["repeated.h5"])
      let counted = try report(["counts.h5", "--weights", "frequency"])
      for key in ["logLikelihood", "bic", "mmd", "accuracy"] {
        let (one, other) = (try #require(counted[key] as? Double), try #require(repeated[key] as? Double))
        #expect(abs(one - other) < 1e-4 * abs(other), "\(key)")
      }
      #expect(counted["observations"] as? Int == 2_400 && counted["rows"] as? Int == 1_600)
      let sampled = try report(["counts.h5", "--weights", "sampling"])
      #expect(sampled["observations"] as? Int == 1_600 && sampled["weights"] as? String == "sampling")
      #expect(
        sampled["modelDigest"] as? String == (try report(["counts.h5", "--use-weights"])["modelDigest"] as? String))
      let text = try givDist(["train", "counts.h5", "--groups", "2", "--weights", "frequency"])
      #expect(text.output.contains("1600 rows with frequencies, n = 2400, on 1 rank"))
    }

    @Test func `weights that are not there, and tests that draw rows, are refused`() throws {
      let missing = try givDist(["train", "kept.h5", "--groups", "2", "--weights", "frequency"])
      #expect(missing.exitCode == 65 && missing.error.contains("'weight'"), "\(missing.error)")
      let sweep = try givDist([
        "sweep", "counts.h5", "--groups", "1,2", "--weights", "frequency", "--lrt", "19", "--out", "refused",
      ])
      #expect(sweep.exitCode == 64 && sweep.error.contains("--lrt"), "\(sweep.error)")
    }

    @Test(arguments: [1, 3]) func `rows kept for testing are not fitted, and scored`(ranks: Int) throws {
      let folder = "shards-\(ranks)"
      let options = ["--treatment", "t", "--outcome", "y", "--covariates", "a,b"]
      for (name, more) in [("marked", ["--test", "held"]), ("seen", [])] {
        let made = try givDist(["shard", "\(name).csv", "--out", "\(folder)-\(name)"] + options + more)
        try #require(made.exitCode == 0, "\(made.error)")
      }
      let found = try report(["\(folder)-marked", "--out", "\(folder)-run"], ranks: ranks)
      let expected = try report(["\(folder)-seen"])
      #expect(found["modelDigest"] as? String == expected["modelDigest"] as? String)
      #expect(found["testRows"] as? Int == 480)
      let (mean, fitted) = (
        try #require(found["testLogLikelihood"] as? Double), try #require(found["logLikelihood"] as? Double) / 1_920
      )
      #expect(abs(mean - fitted) < 0.1)
      #expect(try findings(found, "test-rows-left-out").first?["column"] as? String == "held")
      let rows = try script("print(len(h5py.File(sys.argv[2])['label']))", ["\(folder)-run/posteriors.h5"])
      #expect(rows.trimmingCharacters(in: .whitespacesAndNewlines) == "2400")
      let sweep = try givDist(
        ["sweep", "\(folder)-marked", "--groups", "2", "--json", "--out", "\(folder)-sweep"], ranks: ranks)
      #expect(try object(sweep.output)["rows"] as? Int == 1_920)
      #expect(try findings(object(sweep.output), "test-rows-left-out").first?["count"] as? Int == 480)
    }

    @Test(arguments: [1, 3]) func `a value far from all others is named with its row and file`(ranks: Int) throws {
      let kmeans = ["first.h5", "second.h5", "--distribution", "kmeans"]
      for more in [[], ["--stream"]] {
        let far = try #require(try findings(report(kmeans + more, ranks: ranks), "far-value").first)
        #expect(far["value"] as? Double == 9_999 && far["row"] as? Int == 1_217 && far["fileRow"] as? Int == 17)
        #expect(far["file"] as? String == "second.h5" && far["column"] as? String == "t")
      }
      let refused = try givDist(
        ["train", "first.h5", "second.h5", "--groups", "2", "--distribution", "gaussian"], ranks: ranks)
      #expect(refused.exitCode == 65)
      #expect(refused.error.contains("9999 in row 1217 (row 17 of second.h5, both counted from 0)"), "\(refused.error)")
    }

    @Test func `an outcome of two values is refused with the remedy`() throws {
      let refused = try givDist(["train", "binary.h5", "--groups", "2", "--distribution", "joint"])
      #expect(refused.exitCode == 65 && refused.error.contains("only the values 0.0 and 1.0"), "\(refused.error)")
      #expect(refused.error.contains("--distribution regression") && refused.error.contains("giv-dist effect"))
    }
  }
}
