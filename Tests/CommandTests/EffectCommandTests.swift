import Foundation
import TestSupport
import Testing

/// `giv-dist effect`: from a trained run, or a column that names groups, to the answer.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 2000 --shards 2 --confounding 0.5 --seed 5 --out shards", in: folder)
      try simulate("--rows 2000 --shards 2 --confounding 0.5 --seed 6 --out others", in: folder)
      _ = try train(["shards", "--groups", "3", "--starts", "5", "--out", "run"], in: folder)
      try script(
        """
        with h5py.File('shards/shard-00000.h5') as one, h5py.File('shards/shard-00001.h5') as two, \\
             h5py.File('one.h5', 'w') as new:
            for key in ['x', 't', 'y', 'z', 'truth/g', 'truth/tau']: new[key] = np.concatenate([one[key][:], two[key][:]])
        """, in: folder)
    }) struct EffectCommandTests
  {
    private struct Report: Decodable {
      struct Estimate: Decodable, Equatable {
        let name: String
        let estimate: Double
        let standardError: Double?
        let lower: Double?
        let upper: Double?
      }
      struct Method: Decodable {
        let covariance: String
        let averageSlope: Estimate
        let coefficients: [Estimate]
      }
      struct Finding: Decodable { let code: String }

      let rows: Int
      let outcomeBasis: String
      let estimator: String
      let reference: Double
      let methods: [String: Method]
      let findings: [Finding]

      var headline: Method { methods[estimator]! }
      func has(_ code: String) -> Bool { findings.contains { $0.code == code } }
    }

    private func effect(_ arguments: [String], ranks: Int? = nil) throws -> (report: Report, text: String) {
      let result = try givDist(["effect"] + arguments + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(result.error)")
      let text = withoutTimes(result.output).replacing(/"ranks":[0-9]+/, with: "")
      return (try JSONDecoder().decode(Report.self, from: Data(result.output.utf8)), text)
    }

    @Test func `the true source gives the effect that rows were made with`() throws {
      let report = try effect(["shards", "--instrument", "true"]).report
      #expect(report.rows == 2000 && report.outcomeBasis == "quadratic" && report.reference == 0)
      let terms = report.headline.coefficients
      #expect(terms.map(\.name) == ["t", "t^2"])
      #expect(abs(terms[0].estimate + 1.5) < 4 * terms[0].standardError!)
      #expect(abs(terms[1].estimate - 0.9) < 4 * terms[1].standardError!)
      #expect(abs(report.methods["ordinary"]!.coefficients[0].estimate + 1.5) > 0.1)
      #expect(!report.has("weak-instruments") && !report.has("labels-lean"))
    }

    @Test func `datasets beside the columns give the effect, as they are or made into one`() throws {
      try script(
        """
        random = np.random.default_rng(2)
        dose, x, u = random.normal(size=(800, 3)), random.normal(size=(800, 2)), random.normal(size=800)
        t = dose @ [1, 0.6, 0.8] + x[:, 0] + u
        with h5py.File('doses.h5', 'w') as new:
            new['x'], new['t'], new['y'] = x, t, 2 * t + x[:, 1] - 2 * u + 0.1 * random.normal(size=800)
            for j in range(3): new[f'dose{j}'] = dose[:, j]
        """, in: SharedInputs.folder)
      let linear = ["doses.h5", "--outcome-basis", "linear", "--instrument"]
      let candidates = ["--candidates", "dose0,dose1,dose2"]
      for arguments in [["uas"] + candidates, ["was"] + candidates, ["mode"] + candidates, ["dose0"]] {
        let (report, text) = try effect(linear + arguments, ranks: 1)
        let slope = report.headline.averageSlope
        #expect(abs(slope.estimate - 2) < 4 * slope.standardError!, "\(arguments)")
        #expect(slope.standardError! < 0.2 && !report.has("weak-instruments"))
        #expect(abs(report.methods["ordinary"]!.averageSlope.estimate - 2) > 0.4)
        #expect(try effect(linear + arguments, ranks: 3).text == text)
      }
    }

    @Test func `groups that lean on the treatment's error are named`() throws {
      let report = try effect(["run", "shards", "--outcome-basis", "quadratic"]).report
      #expect(report.has("labels-lean"))
      #expect(report.methods.keys.sorted() == ["2sls", "hful", "ordinary"])
      let text = try givDist(["effect", "run", "shards", "--outcome-basis", "quadratic"]).output
      #expect(text.contains("  labels lean: the posterior weights of regression"), "\(text)")
    }

    @Test func `ranks, files and streams change no bit, of the report and of the files`() throws {
      let expected = try effect(["run", "shards", "--out", "first"]).text
      for (name, arguments, ranks) in [
        ("three", ["run", "shards"], 3), ("stream", ["run", "shards", "--stream"], 2),
        ("single", ["run", "one.h5"], 1),
      ] {
        #expect(try effect(arguments + ["--out", name], ranks: ranks).text == expected, "\(name)")
        for file in [
          "effect.h5", "coefficients.csv", "curve.csv", "first_stage.csv", "tests.csv", "balance.csv",
        ] {
          #expect(
            FileManager.default.contentsEqual(
              atPath: "\(SharedInputs.folder.path)/first/\(file)",
              andPath: "\(SharedInputs.folder.path)/\(name)/\(file)"),
            "\(name)/\(file)")
        }
      }
    }

    @Test func `h5py and csv readers find the answers in the files`() throws {
      let report = try effect(["shards", "--instrument", "true", "--out", "files"]).report
      let printed = try script(
        """
        import csv
        with h5py.File('files/effect.h5') as f:
            b, v = f['methods/hful/coefficients'], f['methods/hful/covariance'][:]
            print(f.attrs['encoding-type'], list(b.attrs['names']), repr(b[0]), repr(v[0, 0] ** .5))
            print(f['methods/hful/curve/tau'].shape, f['sets/anderson_rubin/intervals'].shape, list(f['first_stage/names'].asstr()))
            print(list(f['groups/leave_one_out/group'].asstr()), f['groups/leave_one_out/z'].shape, f['groups/pairs/estimate'].shape)
            print(f['sensitivity/delta'].shape, f['balance/difference'].shape, f['labels/sizes'][:].sum(), list(f['verdict/code'].asstr()))
            difference = f['balance/difference'][0, 1]
        rows = list(csv.DictReader(open('files/balance.csv')))
        print(len(rows), rows[1]['term'], rows[1]['group.2'], float(rows[1]['difference']) == difference)
        rows = list(csv.DictReader(open('files/coefficients.csv')))
        print([row['estimate'] for row in rows if row['method'] == 'hful' and row['term'] == 't'])
        """)
      let t = report.headline.coefficients[0]
      #expect(printed.contains("giv-effect ['t', 't^2']") && printed.contains("\(t.estimate)"), "\(printed)")
      #expect(printed.contains("(21,) (1, 2) ['t', 't^2']"), "\(printed)")
      #expect(printed.contains("['0', '1', '2'] (3,) (3,)\n(16,) (3, 3) 2000.0 ['identified', 'strong',"), "\(printed)")
      #expect(printed.contains("9 x1 1 True"), "\(printed)")
    }

    @Test func `contrasts, reference and treatments that are asked for are answered`() throws {
      let result = try givDist(
        ["effect", "shards", "--instrument", "true", "--contrast=-1:2,0:1", "--reference", "1", "--at=-1,0,9"])
      #expect(result.exitCode == 0, "\(result.error)")
      for words in ["t from -1 to 2", "t from 0 to 1", "against 1", "extrapolated"] {
        #expect(result.output.contains(words), "\(words): \(result.output)")
      }
    }

    @Test(arguments: [
      (["shards"], 64, "shards is no run"), (["run"], 64, "no shards follow the run run"),
      (["run", "others"], 65, "not the rows that"),
      (["shards", "--instrument", "ward"], 65, "no column of categories or integers named 'ward'"),
      (["shards", "--instrument", "true", "--outcome-basis", "spline"], 64, "--outcome-basis spline"),
      (["shards", "--instrument", "true", "--contrast", "2"], 64, "--contrast 2: give two treatments"),
      (["shards", "--instrument", "true", "--cluster", "clinic"], 65, "'clinic'"),
      (
        ["shards", "--instrument", "true", "--estimator", "hful", "--covariance", "HC1"], 64, "a covariance of its own"
      ),
      (
        ["shards", "--instrument", "true", "--estimator", "gmm", "--covariance", "HC3"], 64,
        "choose HC0, HC1 or clusters"
      ),
      (["shards", "--instrument", "true", "--out", "shards/shard-00000.h5"], 73, "cannot be created"),
    ])
    func `what cannot be answered is refused with the remedy`(arguments: [String], code: Int32, words: String) throws {
      for ranks in [1, 3] {
        let result = try givDist(["effect"] + arguments, ranks: ranks)
        #expect(result.exitCode == code && result.error.contains(words), "\(ranks): \(result.exitCode) \(result.error)")
      }
    }

    @Test func `errors by cluster come with an estimator that has them`() throws {
      try script(
        """
        with h5py.File('one.h5') as old, open('visits.csv', 'w') as new:
            x, t, y, z = (old[key][:] for key in 'xtyz')
            print('dose,outcome,a,b,c,group,clinic', file=new)
            for i in range(len(t)):
                print(*(repr(float(v)) for v in (t[i], y[i], *x[i])), f'g{z[i]}', f'c{i % 40}', sep=',', file=new)
        """)
      let made = try givDist([
        "shard", "visits.csv", "--treatment", "dose", "--outcome", "outcome", "--covariates", "a,b,c", "--source",
        "group",
        "--cluster", "clinic", "--out", "visits",
      ])
      #expect(made.exitCode == 0, "\(made.error)")
      let report = try effect(["visits", "--instrument", "true", "--cluster", "clinic"]).report
      #expect(report.estimator == "fuller" && report.methods["fuller"]?.covariance == "clustered")
    }

    @Test func `an earlier effect stays unless forced`() throws {
      _ = try effect(["shards", "--instrument", "true", "--outcome-basis", "quadratic", "--out", "kept"])
      let again = ["shards", "--instrument", "true", "--outcome-basis", "linear", "--out", "kept"]
      let refused = try givDist(["effect"] + again)
      #expect(refused.exitCode == 73 && refused.error.contains("--force"), "\(refused.error)")
      _ = try effect(again + ["--force"])
      #expect(try script("print(h5py.File('kept/effect.h5').attrs['outcome-basis'])") == "linear\n")
    }
  }
}
