import Foundation
import TestSupport
import Testing

/// `giv-dist effect --method`: several methods side by side, with an instrument and without one.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 600 --shards 2 --confounding 0.5 --seed 5 --out shards", in: folder)
    }) struct EffectMethodTests
  {
    private struct Report: Decodable {
      struct Estimate: Decodable {
        let estimate: Double
        let standardError: Double?
      }
      struct Rung: Decodable {
        let averageSlope: Estimate
        let isPlugIn: Bool
        let criterion: Double?
        let distance: Double
        let digest: String?
        let exogeneity: Test?
      }
      struct Test: Decodable {
        let df: [Double]
        let p: Double
      }
      struct Method: Decodable { let averageSlope: Estimate }
      struct Finding: Decodable { let code: String }

      let estimator: String
      let methods: [String: Method]
      let ladder: [String: Rung]
      let disagreements: [String]
      let effectDigest: String
      let findings: [Finding]
    }

    private static let closed = "ols,2sls,liml,control,poly2sls,kerneliv,dualiv"

    private func effect(_ arguments: [String], ranks: Int? = nil) throws -> (report: Report, text: String) {
      let result = try givDist(["effect", "shards"] + arguments + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(result.error)")
      let text = withoutTimes(result.output).replacing(/"ranks":[0-9]+/, with: "")
        .replacing(/"seconds":[0-9.e-]+/, with: "")
      return (try JSONDecoder().decode(Report.self, from: Data(result.output.utf8)), text)
    }

    @Test func `methods stand side by side, whatever the ranks, and those that differ are named`() throws {
      let arguments = ["--instrument", "true", "--outcome-basis", "quadratic", "--landmarks", "60"]
      let (report, text) = try effect(arguments + ["--method", Self.closed])
      #expect(
        report.ladder.keys.sorted() == [
          "2sls", "control", "dualiv", "kerneliv", "liml", "ols", "poly2sls", "sieve2sls",
        ])
      let exogeneity = try #require(report.ladder["control"]?.exogeneity)
      #expect(exogeneity.df == [3] && exogeneity.p < 1e-9)
      let sieve = try #require(report.ladder["sieve2sls"])
      let (slope, ordinary) = (sieve.averageSlope.estimate, try #require(report.ladder["ols"]))
      #expect(abs(slope + 1.5) < 0.1)
      #expect(sieve.distance == 0 && sieve.averageSlope.estimate == report.methods["hful"]?.averageSlope.estimate)
      for (name, rung) in report.ladder {
        let isNonparametric = ["poly2sls", "kerneliv", "dualiv"].contains(name)
        #expect((rung.averageSlope.standardError == nil) == isNonparametric, "\(name)")
        #expect((rung.digest?.count == 64) == isNonparametric && (rung.criterion != nil) == isNonparametric, "\(name)")
        #expect(rung.isPlugIn == (name == "poly2sls"))
        // With 600 rows kernels are a tenth or two off; ordinary regression is by half.
        let (distance, bias) = (rung.averageSlope.estimate - slope, ordinary.averageSlope.estimate - slope)
        #expect(["2sls", "ols"].contains(name) || abs(distance) < abs(bias) / 2, "\(name)")
      }
      // t alone cannot bend; ordinary regression is confounded.
      #expect(Set(report.disagreements).isSuperset(of: ["2sls", "ols"]))
      #expect(report.findings.contains { $0.code == "methods-disagree" })
      for ranks in [2, 3] {
        #expect(try effect(arguments + ["--method", Self.closed], ranks: ranks).text == text, "\(ranks) ranks")
      }
      #expect(try effect(arguments + ["--method", Self.closed, "--stream"], ranks: 2).text == text)
    }

    @Test func `the files hold every method, and the function that it found`() throws {
      _ = try effect([
        "--instrument", "true", "--outcome-basis", "quadratic", "--method", "poly2sls,2sls", "--out", "methods",
      ])
      let printed = try script(
        """
        import csv, hashlib, json
        rows = list(csv.DictReader(open('methods/methods.csv')))
        print(sorted({row['method'] for row in rows}), sum(row['std.error'] == '' for row in rows))
        with h5py.File('methods/effect.h5') as f:
            model = f['ladder/poly2sls/model']
            text = model[0]
            print(hashlib.sha256(len(text).to_bytes(8, 'little') + text).hexdigest() == model.attrs['digest'])
            print(sorted(json.loads(text)), f['ladder/2sls/curve/tau'].shape)
        """)
      #expect(printed.contains("['2sls', 'poly2sls', 'sieve2sls'] 4"), "\(printed)")
      #expect(printed.contains("True") && printed.contains("['criterion', 'function'] (21,)"), "\(printed)")
    }

    @Test func `without an instrument ordinary regression and moments given the covariates are told`() throws {
      let arguments = ["--instrument", "none", "--method", Self.closed, "--landmarks", "60", "--predict"]
      let report = try effect(arguments + ["--out", "none"], ranks: 2).report
      #expect(report.estimator == "ordinary" && report.methods.keys.sorted() == ["ordinary"])
      #expect(report.ladder.keys.sorted() == ["dualiv", "kerneliv", "ols", "poly2sls"])
      #expect(report.findings.map(\.code) == ["no-instrument"])
      // Confounding moves the slope by about a third.
      #expect(abs(report.methods["ordinary"]!.averageSlope.estimate + 1.5) > 0.1)
      let beside = try effect(["--instrument", "true", "--outcome-basis", "quadratic"]).report.methods["ordinary"]!
      let alone = report.methods["ordinary"]!.averageSlope
      #expect(abs(alone.estimate - beside.averageSlope.estimate) < 1e-9)
      #expect(abs(alone.standardError! - beside.averageSlope.standardError!) < 1e-9)
      let text = try givDist(["effect", "shards", "--instrument", "none"]).output
      #expect(text.contains("not identified: nothing moves t") && text.contains("ordinary regression"), "\(text)")
      _ = try effect(arguments + ["--out", "none1"], ranks: 1)
      let printed = try script(
        """
        import csv, filecmp
        print(all(filecmp.cmp(f'none/{name}', f'none1/{name}', shallow=False) for name in
              ['effect.h5', 'coefficients.csv', 'curve.csv', 'rows.h5']))
        with h5py.File('none/effect.h5') as f: print(list(f['methods']), list(f['verdict/code'].asstr()), f.attrs['instrument'])
        with h5py.File('none/rows.h5') as f: print(f['tau'].shape)
        print(len(list(csv.DictReader(open('none/first_stage.csv')))))
        """)
      #expect(printed == "True\n['ordinary'] ['no-instrument'] none\n(600,)\n0\n", "\(printed)")
    }

    @Test func `candidates that are controls leave ordinary regression, with the reason`() throws {
      let expected = try effect(["--instrument", "none"]).report.methods["ordinary"]!.averageSlope
      for rule in ["uas", "was", "mode", "auto"] {
        let report = try effect(["--instrument", rule, "--method", "control,poly2sls"], ranks: 2).report
        #expect(report.findings.map(\.code) == ["candidates-are-controls", "no-instrument"], "\(rule)")
        #expect(report.methods["ordinary"]?.averageSlope.estimate == expected.estimate)
        #expect(report.ladder.keys.sorted() == ["ols", "poly2sls"])
      }
    }

    @Test func `replicates give methods errors that are known otherwise, and others too`() throws {
      let arguments = [
        "--instrument", "true", "--outcome-basis", "quadratic", "--covariate-basis", "quadratic", "--method",
        "control,liml,poly2sls", "--bootstrap", "12",
      ]
      let (report, text) = try effect(arguments, ranks: 1)
      for (name, rung) in report.ladder {
        let error = try #require(rung.averageSlope.standardError, "\(name)")
        #expect(error > 0.01 && error < 0.3, "\(name) \(error)")
      }
      #expect(try effect(arguments + ["--out", "spread"], ranks: 3).text == text)
      let printed = try script(
        """
        with h5py.File('spread/effect.h5') as f:
            b = f['bootstrap/methods/poly2sls']
            print(b['average_slope'].shape, b['curve'].shape, sorted(f['bootstrap/methods']))
        """)
      #expect(printed == "(12,) (12, 21) ['control', 'liml', 'poly2sls']\n", "\(printed)")
    }

    @Test func `networks that were killed while they learned go on where they were, on other ranks`() throws {
      let arguments = ["--instrument", "true", "--outcome-basis", "quadratic", "--method", "onesiv"]
      let expected = try effect(arguments).report
      let command = (["effect", "shards"] + arguments + ["--out", "killed", "--checkpoint-every", "1"])
        .joined(separator: " ")
      let killed = try run(
        "bash",
        [
          "-c",
          """
          "$0" \(command) & effect=$!
          until [ "$(grep -c onesiv killed/metrics.jsonl.partial 2>/dev/null)" -ge 4 ]; do sleep .01; done
          kill -9 $effect; wait $effect; ls killed
          """, tool("giv-dist"),
        ], directory: SharedInputs.folder)
      #expect(killed.output.contains("checkpoint") && !killed.output.contains("effect.h5"), "\(killed.output)")
      let others = try givDist(
        ["effect", "shards"] + arguments + ["--out", "killed", "--resume", "--paper"])
      #expect(others.exitCode == 65 && others.error.contains("is of other options"), "\(others.error)")
      let resumed = try effect(arguments + ["--out", "killed", "--resume"], ranks: 3).report
      #expect(resumed.effectDigest == expected.effectDigest)
      #expect(resumed.ladder["onesiv"]?.digest == expected.ladder["onesiv"]?.digest)
    }

    @Test func `the paper's settings are others than ours`() throws {
      let arguments = ["--instrument", "true", "--outcome-basis", "quadratic", "--method", "dualiv"]
      let (ours, paper) = (try effect(arguments).report, try effect(arguments + ["--paper"]).report)
      #expect(ours.ladder["dualiv"]?.digest != paper.ladder["dualiv"]?.digest)
      #expect(ours.ladder["dualiv"]!.distance < paper.ladder["dualiv"]!.distance)
    }

    @Test(arguments: [
      (["--method", "kernel"], 64, "--method kernel: give 'all', or some of ols, 2sls"),
      (["--method", "poly2sls", "--dual", "outcome"], 64, "--dual goes with --method dualiv only"),
      (["--landmarks", "100"], 64, "--landmarks goes with --method kerneliv or dualiv only"),
      (["--method", "kerneliv", "--landmarks", "few"], 64, "--landmarks few: give a number"),
      (
        ["--method", "kerneliv", "--landmarks", "all", "--exact-rows", "500"], 64, "600 landmarks are more than the 500"
      ),
    ])
    func `what methods cannot do is refused`(arguments: [String], code: Int32, words: String) throws {
      for ranks in [1, 3] {
        let result = try givDist(["effect", "shards", "--instrument", "true"] + arguments, ranks: ranks)
        #expect(result.exitCode == code && result.error.contains(words), "\(result.exitCode) \(result.error)")
      }
    }

    @Test(arguments: [
      (["--projection"], "--projection is for an effect with an instrument"),
      (["--estimator", "liml"], "--estimator is for an effect with an instrument"),
      (["--se", "stacked"], "--se stacked is for an effect with an instrument"),
    ])
    func `what needs an instrument is refused without one`(arguments: [String], words: String) throws {
      let result = try givDist(["effect", "shards", "--instrument", "none"] + arguments)
      #expect(result.exitCode == 64 && result.error.contains(words), "\(result.exitCode) \(result.error)")
    }
  }
}
