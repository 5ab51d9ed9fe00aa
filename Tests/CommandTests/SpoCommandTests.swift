import Foundation
import TestSupport
import Testing

/// `giv-dist spo`: from shards with proxies to effects and classes.
extension OnRanks {
  @Suite(
    .inputs { folder in
      let law = "--scenario proxies --law three-class --rows 6000 --seed 4"
      try simulate("\(law) --out shards", in: folder)
      for count in [3, 7] { try simulate("\(law) --shards \(count) --out cut\(count)", in: folder) }
      try script(
        """
        with h5py.File('shards/shard-00000.h5') as old:
            x, t, y = (old[key][:] for key in 'xty')
        n = len(t)
        def table(name, **changes):
            columns = dict(dose=t, y=y, z=x[:, 0], x=x[:, 1], site=[f's{i % 12}' for i in range(n)],
                           sex=['fm'[i % 3 == 0] for i in range(n)], weight=np.ones(n)) | changes
            with open(name + '.csv', 'w') as file:
                print(*columns, sep=',', file=file)
                for row in zip(*columns.values()): print(*row, sep=',', file=file)
        table('visits')
        table('one', site=['only'] * n)
        table('lacking', sex=['f' if a or i % 2 else 'm' for i, a in enumerate(t)])
        """, in: folder)
      for name in ["visits", "one", "lacking"] {
        let made = try givDist(
          [
            "shard", "\(name).csv", "--treatment", "dose", "--outcome", "y", "--covariates", "z,x", "--institution",
            "site", "--cluster", "sex", "--out", name,
          ], in: folder)
        try #require(made.exitCode == 0, "\(made.error)")
      }
    }) struct SpoCommandTests
  {
    private struct Report: Decodable {
      struct Estimate: Decodable {
        let estimate: Double
        let standardError: Double?
        let lower: Double?
        let upper: Double?
      }
      struct Class: Decodable {
        let share: Estimate
        let effect: Estimate
      }
      struct Test: Decodable {
        let df: Int?
        let p: Double?
        let testable: Bool
      }
      struct Finding: Decodable { let code: String }
      struct Stratum: Decodable {
        let stratum: String
        let ate: Estimate
        let classTable: [Class]
      }

      let rows: Int
      let arms: [Double]
      let naive: Estimate
      let ate: Estimate
      let classes: Int?
      let classTable: [Class]?
      let tests: [String: [Test]]?
      let verdicts: [String: String]
      let findings: [Finding]
      let strata: [Stratum]
      let resultDigest: String
      let posteriorDigest: String?

      func has(_ code: String) -> Bool { findings.contains { $0.code == code } }
    }

    private static let proxies = ["--treatment-proxies", "z", "--outcome-proxies", "x"]

    private func spo(_ arguments: [String], ranks: Int? = nil) throws -> Report {
      let result = try givDist(["spo"] + arguments + Self.proxies + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(arguments): \(result.error)")
      return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    }

    @Test func `the classes that rows were made with are found`() throws {
      let report = try spo(["shards"])
      #expect(report.rows == 6000 && report.arms == [0, 1] && report.classes == 3 && report.strata.isEmpty)
      #expect(abs(report.ate.estimate - 0.03) < 4 * report.ate.standardError!)
      #expect(abs(report.naive.estimate - 0.03) > 4 * report.naive.standardError!)
      for (found, truth) in zip(try #require(report.classTable), [-0.2, -0.1, 0.4]) {
        #expect(abs(found.effect.estimate - truth) < 4 * found.effect.standardError!)
      }
      #expect(report.tests!.keys.sorted() == ["xExcluded", "xUntouched", "zExcluded"])
      #expect(report.tests!.values.joined().allSatisfy { $0.testable && $0.df! > 0 })
      let text = try givDist(["spo", "shards"] + Self.proxies)
      for words in ["average effect, 1 instead of 0", "classes", "verdict: average effect", "canonical value"] {
        #expect(text.output.contains(words), "\(words): \(text.output)")
      }
    }

    @Test func `ranks, files and streams change no bit, of the report and of the files`() throws {
      let expected = try spo(["shards", "--out", "first", "--posteriors", "first.h5"])
      let names = ["spo.h5", "classes.csv", "tests.csv"]
      for (place, (shards, further, ranks)) in [
        ("shards", [], 2), ("cut3", ["--stream"], 3), ("cut7", [], 4), ("cut3", [], 8), ("cut7", ["--stream"], 1),
      ].enumerated() {
        let out = "again\(place)"
        let report = try spo([shards, "--out", out, "--posteriors", "\(out).h5"] + further, ranks: ranks)
        #expect(report.resultDigest == expected.resultDigest && report.posteriorDigest == expected.posteriorDigest)
        for name in names {
          #expect(
            FileManager.default.contentsEqual(
              atPath: "\(SharedInputs.folder.path)/first/\(name)", andPath: "\(SharedInputs.folder.path)/\(out)/\(name)"
            ),
            "\(out)/\(name)")
        }
      }
    }

    @Test func `strata and institutions give the same on any number of ranks`() throws {
      let arguments = ["visits", "--strata", "sex", "--jackknife-by", "institution"]
      let expected = try spo(arguments)
      #expect(expected.strata.map(\.stratum) == ["f", "m"] && expected.classTable == nil)
      // A third and two thirds of the rows.
      let average = (2 * expected.strata[0].ate.estimate + expected.strata[1].ate.estimate) / 3
      #expect(abs(expected.ate.estimate - average) < 1e-12)
      #expect(try spo(arguments, ranks: 3).resultDigest == expected.resultDigest)
    }

    @Test func `h5py finds the numbers, and posteriors add up`() throws {
      let report = try spo(["shards", "--out", "files", "--posteriors", "classes.h5"])
      let printed = try script(
        """
        import csv
        with h5py.File('files/spo.h5') as f:
            s = f['stratum']
            print(f.attrs['encoding-type'], int(s.attrs['rank']), repr(float(f['ate'][0, 0])), s['arm/1/M'].shape, f['moments'].shape)
            m, a = s['arm/1/M'][:], s['arm/1/alpha'][:]
            u, v, w = np.linalg.svd(m)
            # α solves the bridge equation in the directions of rank k.
            print(abs(m @ a - s['arm/1/m_y'][:]).max() < .05, s['classes/covariance'].shape)
        rows = list(csv.DictReader(open('files/classes.csv')))
        print(sum(float(r['estimate']) for r in rows if r['term'] == 'share'), len(list(csv.DictReader(open('files/tests.csv')))))
        with h5py.File('shards/shard-00000.h5') as f, h5py.File('classes.h5') as g:
            p, u, x = g['posterior'][:], f['truth/u'][:], f['x'][:, 1]
        # By effect, the classes are 2, 0, 1; their posteriors from the law.
        law = np.array([.2, .5, .3])[:, None] * np.array([[.1, .1, .1, .7], [.7, .1, .1, .1], [.1, .7, .1, .1]])
        truth = (law / law.sum(0)).T[x.astype(int)]
        print(abs(p.sum(1) - 1).max() < 1e-12, p.min() >= 0, abs(p - truth).max() < .12)
        """)
      #expect(printed.contains("giv-spo 3 \(report.ate.estimate) (4, 4) (1, 2, 40, 51)"), "\(printed)")
      #expect(printed.contains("True (9, 9)\n") && printed.contains("True True True"), "\(printed)")
    }

    @Test func `posteriors are of every row, beside its identifier`() throws {
      try script(
        """
        import shutil
        os.mkdir('named')
        row = 0
        for name in sorted(os.listdir('cut3')):
            if not name.endswith('.h5'): continue
            shutil.copy('cut3/' + name, 'named')
            with h5py.File('named/' + name, 'a') as file:
                rows = row + np.arange(len(file['t']))
                file['weight'], file['id'] = (rows % 5 > 0) * 1.0, [f'patient {i}' for i in rows]
                row += len(rows)
        """)
      let whole = try spo(["named", "--use-weights", "--posteriors", "named.h5"])
      let again = try spo(["named", "--use-weights", "--stream", "--posteriors", "again.h5"], ranks: 3)
      #expect(whole.rows == 4800 && whole.posteriorDigest == again.posteriorDigest)
      #expect(
        FileManager.default.contentsEqual(
          atPath: "\(SharedInputs.folder.path)/named.h5", andPath: "\(SharedInputs.folder.path)/again.h5"))
      let printed = try script(
        """
        with h5py.File('named.h5') as f, h5py.File('shards/shard-00000.h5') as old:
            p, x = f['posterior'][:], old['x'][:, 1]
            print([i.decode() for i in f['id'][:]] == [f'patient {i}' for i in range(6000)], p.shape)
            # What a row's class may be depends on its proxies alone, whether it was fitted or not.
            print(np.isfinite(p).all(), all(len(np.unique(p[x == v], axis=0)) == 1 for v in range(4)))
        """)
      #expect(printed == "True (6000, 3)\nTrue True\n")
    }

    @Test func `columns whose role is proxy serve as those of x do`() throws {
      let made = try givDist([
        "shard", "visits.csv", "--treatment", "dose", "--outcome", "y", "--covariates", "z", "--proxies", "x", "--out",
        "roles",
      ])
      try #require(made.exitCode == 0, "\(made.error)")
      #expect(try spo(["roles"]).resultDigest == spo(["shards"]).resultDigest)
    }

    @Test func `three-way tables of proxies and outcome give the same classes`() throws {
      try simulate("--scenario proxies --law binary --rows 40000 --seed 8 --out binary")
      let result = try givDist([
        "spo", "binary", "--treatment-proxies", "z0,z1", "--outcome-proxies", "x0,x1", "--json",
      ])
      let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
      // Each arm's tables of (Z, X) and (Z, X, y) by themselves, joined by what the proxies are in the classes.
      let printed = try script(
        """
        with h5py.File('binary/shard-00000.h5') as f: x, t, y = (f[key][:] for key in 'xty')
        z, x, n = (2 * x[:, 0] + x[:, 1]).astype(int), (2 * x[:, 2] + x[:, 3]).astype(int), len(t)
        shares, means = np.zeros(2), []
        for arm in (0, 1):
            one, w = np.eye(4), t == arm
            m, q = one[z[w]].T @ one[x[w]] / n, (one[z[w]] * y[w, None]).T @ one[x[w]] / n
            u, s, v = np.linalg.svd(m)
            values, vectors = np.linalg.eig((u[:, :2].T @ q @ v[:2].T) / s[:2])
            left = u[:, :2] @ vectors.real
            right = np.linalg.pinv(left / left.sum(0)) @ m
            order = np.argsort(right[:, 2:].sum(1) / right.sum(1))
            shares += right.sum(1)[order]
            means.append(values.real[order])
        effects = means[1] - means[0]
        order = np.argsort(effects)
        print(json.dumps([list(shares[order]), list(effects[order])]))
        """)
      let other = try JSONDecoder().decode([[Double]].self, from: Data(printed.utf8))
      for (index, found) in try #require(report.classTable).enumerated() {
        #expect((found.share.lower!...found.share.upper!).contains(other[0][index]))
        #expect((found.effect.lower!...found.effect.upper!).contains(other[1][index]))
      }
    }

    @Test(arguments: [
      (["shards", "--treatment-proxies", "z", "--outcome-proxies", "z"], 64, "is among --treatment-proxies and"),
      (["shards", "--treatment-proxies", "zz", "--outcome-proxies", "x"], 64, "did you mean 'z'?"),
      (["shards", "--classes", "5"], 64, "give 4 at most"), (["shards", "--classes", "none"], 64, "give auto, or"),
      (["shards", "--contrast", "2:0"], 64, "those are 0, 1"),
      (["shards", "--jackknife", "1"], 64, "2 blocks at least"),
      (["shards", "--jackknife", "6001"], 64, "there are 6000 rows"), (["shards", "--paper"], 64, "add --classes K"),
      (["shards", "--features", "poly"], 64, "poly:D"), (["shards", "--level", "1"], 64, "between 0 and 1"),
      (["shards", "--jackknife-by", "institution"], 64, "no column of the shards"),
      (["one", "--jackknife-by", "institution"], 65, "has one level in all rows (only)"),
      (["lacking", "--strata", "sex"], 65, "dose = 1 in stratum m of 'sex' has no rows"),
      (["shards", "--t", "y"], 65, "takes more than 8 values"),
      (["shards", "--features", "poly:2", "--posteriors", "p.h5"], 64, "--outcome-features onehot"),
      (["shards", "--out", "shards"], 73, "holds the input"),
    ])
    func `what cannot be answered is refused with the remedy`(arguments: [String], code: Int32, words: String) throws {
      let proxies = arguments.contains("--treatment-proxies") ? [] : Self.proxies
      for ranks in [1, 3] {
        let result = try givDist(["spo"] + arguments + proxies, ranks: ranks)
        #expect(result.exitCode == code && result.error.contains(words), "\(ranks): \(result.exitCode) \(result.error)")
      }
    }

    @Test func `what can be answered with a doubt is answered`() throws {
      let one = try spo(["shards", "--classes", "1"])
      #expect(one.classTable?.count == 1 && one.has("one-class-seen"))
      let paper = try spo(["shards", "--classes", "3", "--paper"])
      #expect(paper.classes == 3)
      let many = try spo(["shards", "--classes", "4"])
      #expect(many.has("more-classes-than-rank") && many.verdicts["ate"] != "identified")
      let plan = try givDist(["spo", "shards", "--dry-run"] + Self.proxies)
      #expect(plan.exitCode == 0 && plan.output.contains("6000 rows") && plan.output.contains("4 features"))
    }

    @Test func `a finished run is not overwritten, and a run of the same goes on`() throws {
      let first = try spo(["shards", "--out", "kept"])
      let again = try givDist(["spo", "shards", "--out", "kept"] + Self.proxies)
      #expect(again.exitCode == 73 && again.error.contains("holds a finished run"))
      #expect(try spo(["shards", "--out", "kept", "--force"]).resultDigest == first.resultDigest)
      #expect(try spo(["shards", "--out", "fresh", "--resume"]).resultDigest == first.resultDigest)
    }
  }
}
