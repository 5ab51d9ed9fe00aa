import Foundation
import TestSupport
import Testing

/// `giv-dist train --distribution joint`, and `predict` with its model.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate(
        "--rows 3000 --groups 2 --covariates 2 --confounding -0.5,0.5 --test-rows 500 --out shards", in: folder)
      _ = try train(fit + ["--out", "run"], in: folder)
    }) struct JointCommandTests
  {
    @Test(arguments: [2, 3, 8])
    func `Any number of ranks gives the same digests`(ranks: Int) throws {
      #expect(try train(fit, ranks: ranks).digests == train(fit).digests)
    }

    @Test(arguments: [1, 2, 3, 8])
    func `Extensions give the same digests on any number of ranks`(ranks: Int) throws {
      let extended = fit + ["--control-function", "quadratic", "--concomitants", "--free-shifts"]
      let digests = try train(extended, ranks: ranks).digests
      #expect(try digests == train(extended).digests)
      #expect(try digests[0] != train(fit).modelDigest)
    }

    @Test func `An instrumental regression with its groups stands beside the model's own answer, as 'effect' has it`()
      throws
    {
      let trained = try object(givDist(["train"] + fit + ["--json"]).output)
      let beside = try #require(trained["instrumentalSlope"] as? [String: Any])
      let report = try object(givDist(["effect", "run", "shards", "--json"]).output)
      let methods = try #require(report["methods"] as? [String: [String: Any]])
      let slope = try #require(methods["hful"]?["averageSlope"] as? [String: Any])
      for key in ["estimate", "standardError", "lower", "upper"] {
        #expect(try #require(beside[key] as? Double) == slope[key] as? Double, "\(key)")
      }
      #expect(try givDist(["train"] + fit).output.contains("  by its groups as instruments"))
    }

    @Test func `Rows of the sample lie about the rules of their groups`() throws {
      let printed = try script(
        """
        import csv
        rows = list(csv.DictReader(open('run/sample.csv')))
        t, fit = (np.array([float(row[key]) for row in rows]) for key in ('t', 'fit'))
        slope, level = np.polyfit(fit, t, 1)
        print(abs(slope - 1) < .1, abs(level) < .1)
        """)
      #expect(printed == "True True\n")
    }

    @Test(arguments: [("identity", ["(constant)", "x0", "x1"]), ("spline", ["(constant)", "x0", "x0*x1", "x1"])])
    func `The rules of groups are regressions of the treatment, in units of the data`(
      representation: String, names: [String]
    ) throws {
      let rows = "rules-\(representation)"
      let regressions = try script(
        """
        rows, *names = sys.argv[2:]
        random = np.random.default_rng(4)
        u, z, c = random.normal(size=(3000, 2)), random.integers(0, 2, 3000), random.normal(size=3000)
        sign, product = 2 * z - 1, u[:, 0] * u[:, 1] * ('x0*x1' in names)
        x = 10 * u + [5, -20]
        t = 3 * (sign * (u[:, 0] + product) - u[:, 1] + .3 * c) - 7
        os.makedirs(rows)
        with h5py.File(rows + '/rows.h5', 'w') as file:
            file['x'], file['t'], file['y'] = x, t, 2 * t + u[:, 0] + c + random.normal(size=3000)
        columns = np.column_stack([np.ones(3000), x[:, 0]] + [x[:, 0] * x[:, 1]] * ('x0*x1' in names) + [x[:, 1]])
        for group in (0, 1):
            print(*np.linalg.lstsq(columns[z == group], t[z == group], rcond=None)[0])
        """, [rows] + names
      ).split(separator: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }
      let options = Array(fit.dropFirst()) + ["--representation", representation, "--json"]
      let report = try object(givDist(["train", rows] + options).output)
      let rules = try #require(report["components"] as? [[String: Any]]).map { $0["coefficients"] as? [String: Double] }
      #expect(rules.count == 2)
      for rule in rules {
        #expect(rule?.keys.sorted() == names, "\(rule ?? [:])")
        let found = try names.map { try #require(rule?[$0]) }
        // What both say of rows in the midst and at the edge, three standard deviations of t being 10.
        let distances = regressions.map { regression in
          [[1, 5, -100, -20], [1, 15, -150, -10], [1, -5, 50, -10]].map { row in
            let row = names.count == 3 ? [row[0], row[1], row[3]] : row
            return abs(row.indices.reduce(0) { $0 + row[$1] * (found[$1] - regression[$1]) })
          }.max()!
        }
        #expect(distances.min()! < 0.15, "\(found), \(regressions)")
      }
    }

    @Test func `Extensions are reported, and stored for new rows`() throws {
      let options = ["--control-function", "quadratic", "--concomitants", "--out", "extended"]
      let text = try givDist(["train"] + fit + options)
      #expect(text.exitCode == 0, "\(text.error)")
      #expect(text.output.contains("kappa2 (std. error)") && text.output.contains("shares of groups depend on"))
      let json = try givDist(["train"] + fit + options + ["--force", "--json"])
      let report = try object(json.output)
      // The rows are simulated without either.
      let (kappa2, errors) = (report["kappa2"] as? [Double], report["kappa2StandardError"] as? [Double])
      for (value, error) in zip(try #require(kappa2), try #require(errors)) { #expect(abs(value) < 4 * error) }
      let shares = try #require(report["shareCoefficients"] as? [[String: Double]])
      #expect(shares.count == 2 && shares[0].values.allSatisfy { $0 == 0 } && shares[1].keys.sorted() == ["x0", "x1"])
      for test in ["kappa2Test", "sharesTest"] {
        #expect(((report[test] as? [String: Any])?["pValue"] as? Double ?? 0) > 0.001, "\(test)")
      }
      let predicted = try givDist(["predict", "extended", "shards", "--out", "extended.h5", "--json"])
      #expect(predicted.exitCode == 0, "\(predicted.error)")
      #expect(try object(predicted.output)["posteriorDigest"] as? String == report["posteriorDigest"] as? String)
    }

    @Test func `Effects without noise in the treatment have the same bits on any number of ranks, stopped or not`()
      throws
    {
      let arguments = ["train"] + fit + ["--treatment-error", "0.1", "--checkpoint-every", "1", "--json"]
      func numbers(_ result: CommandResult) throws -> [[String: Double]] {
        let report = try object(result.output)
        let slopes = try ["averageSlope", "uncorrectedSlope"].map { try #require(report[$0] as? [String: Any]) }
        return try slopes.map { slope in
          try ["value", "standardError"].reduce(into: [:]) { $0[$1] = try #require(slope[$1] as? Double) }
        }
      }
      let whole = try numbers(givDist(arguments + ["--out", "noise"]))
      #expect(whole[0]["value"] != whole[1]["value"])
      #expect(try numbers(givDist(arguments + ["--out", "noise-3"], ranks: 3)) == whole)
      let stopped = try ended(arguments, in: "\"phase\":\"joint treatment errors", by: SIGKILL, "noise-killed")
      #expect(stopped.exitCode == 137, "\(stopped.error)")
      #expect(try numbers(givDist(arguments + ["--out", "noise-killed", "--resume"], ranks: 3)) == whole)
      // The deviation is in the units of the data.
      let scaled = try numbers(givDist(arguments + ["--standardize", "--out", "noise-scaled"]))
      for (slope, other) in zip(scaled, whole) {
        #expect(abs(slope["value"]! - other["value"]!) < 0.02 * other["standardError"]!)
      }
      // Groups are those of the treatment as it was measured.
      let model = try object(givDist(["train"] + fit + ["--json"]).output)
      let report = try object(givDist(arguments + ["--out", "noise", "--force"]).output)
      #expect(report["posteriorDigest"] as? String == model["posteriorDigest"] as? String)
      #expect(report["modelDigest"] as? String != model["modelDigest"] as? String)
      #expect(try givDist(["show", "noise"]).output.contains("  of the treatment as measured"))
      let effect = try givDist(["effect", "noise", "shards"])
      #expect(effect.exitCode == 0, "\(effect.error)")
    }

    @Test func `Shifts that are free are reported`() throws {
      #expect(try givDist(["train"] + fit + ["--free-shifts"]).output.contains("shifts of the outcome by group, delta"))
      let report = try object(givDist(["train"] + fit + ["--free-shifts", "--json"]).output)
      let (delta, errors) = (report["delta"] as? [Double], report["deltaStandardError"] as? [Double])
      // The groups shift nothing.
      #expect(delta?.first == 0 && errors?.first == 0)
      #expect(abs(try #require(delta?.last)) < 4 * (try #require(errors?.last)))
      #expect(try object(givDist(["train"] + fit + ["--json"]).output)["delta"] is NSNull)
    }

    @Test func `Rows get the effect of their treatment, with the data and with the stored model`() throws {
      let report = try object(givDist(["train"] + fit + ["--json"]).output)
      let effect = try #require(report["effectCoefficients"] as? [String: Double])
      for (name, rows) in [("old", "shards"), ("new", "shards/test.h5")] {
        let predicted = try givDist(["predict", "run", rows, "--out", "\(name).h5"])
        #expect(predicted.exitCode == 0, "\(predicted.error)")
      }
      let (linear, quadratic) = (try #require(effect["t"]), try #require(effect["t^2"]))
      #expect(effect.count == 2)
      let output = try script(
        """
        for result, rows in (('run/posteriors', 'shard-00000'), ('old', 'shard-00000'), ('new', 'test')):
            with h5py.File(f'{result}.h5') as found, h5py.File(f'shards/{rows}.h5') as data:
                t = data['t'][:]
                print(np.allclose(found['effect'][:], \(linear) * t + \(quadratic) * t ** 2, rtol=1e-9, atol=1e-9))
        """)
      #expect(output == "True\nTrue\nTrue\n")
    }

    @Test func `Effects of the treatments that are asked for are told, and only by a joint model`() throws {
      let report = try object(givDist(["train"] + fit + ["--contrast=0:1,2:-1", "--json"]).output)
      let effect = try #require(report["effectCoefficients"] as? [String: Double])
      let (linear, quadratic) = (try #require(effect["t"]), try #require(effect["t^2"]))
      let contrasts = try #require(report["contrasts"] as? [[String: Any]])
      let found = contrasts.map { ($0["effect"] as? [String: Any])?["value"] as? Double ?? .nan }
      #expect(contrasts.map { $0["from"] as? Double } == [0, 2])
      #expect(abs(found[0] - (linear + quadratic)) < 1e-9 && abs(found[1] + 3 * linear + 3 * quadratic) < 1e-9)
      let errors = contrasts.compactMap { ($0["effect"] as? [String: Any])?["standardError"] as? Double }
      #expect(errors.count == 2 && errors.allSatisfy { $0 > 0 })
      #expect(try givDist(["train"] + fit + ["--contrast", "0:1"]).output.contains("t from 0 to 1"))
      let other = try givDist(["train", "shards", "--groups", "2", "--contrast", "0:1"])
      #expect(other.exitCode == 64 && other.error.contains("--contrast goes with --distribution joint only"))
    }

    @Test func `Confounding of each group's own is simulated and found`() throws {
      let report = try object(givDist(["train"] + fit + ["--json"]).output)
      let kappa = try #require(report["kappa"] as? [Double])
      #expect(kappa.contains { $0 < -3 } && kappa.contains { $0 > 3 })
    }

    @Test func `New rows without an outcome are refused by a joint model`() throws {
      try script(
        "with h5py.File('shards/test.h5') as old, h5py.File('no-y.h5', 'w') as new: "
          + "new['x'], new['t'] = old['x'][:], old['t'][:]")
      let result = try givDist(["predict", "run", "no-y.h5", "--out", "never.h5"])
      #expect(result.exitCode == 65)
      #expect(
        result.error.contains(
          "no-y.h5 has no outcome 'y', which the groups of a joint model depend on; name it with --y"),
        "\(result.error)")
    }

    @Test func `Too few rows are told how many are needed`() throws {
      try simulate("--rows 150 --groups 2 --covariates 3 --out few")
      let arguments = ["train", "few", "--groups", "2", "--distribution", "joint", "--starts", "2"]
      let result = try givDist(arguments + ["--covariate-basis", "polynomial3"])
      #expect(result.exitCode == 65)
      // 3 + 6 + 10 monomials of three covariates, ten rows to each.
      #expect(result.error.contains("takes at least 190 rows, and there are 150"), "\(result.error)")
    }

    @Test func `Functions of a spline are shown as the curve that they make up`() throws {
      let options = ["shards", "--groups", "2", "--distribution", "joint", "--covariate-basis", "polynomial3"]
      let spline = try givDist(["train"] + options + ["--outcome-basis", "spline"])
      #expect(spline.exitCode == 0, "\(spline.error)")
      #expect(spline.output.contains("outcome: splines with") && spline.output.contains("mean effect against 0"))
      #expect(!spline.output.contains("t.bs") && spline.output.contains("average slope"))
      let quadratic = try givDist(["train"] + fit)
      #expect(quadratic.output.contains("average slope") && quadratic.output.contains("t^2"))
    }

    @Test(arguments: ["0.5,x", "0.5,", "", "0.1,0.2,0.3"])
    func `Confounding that is no number for each group is refused`(text: String) throws {
      let result = try givDist(["simulate", "--groups", "2", "--confounding", text, "--out", "never"])
      #expect(result.exitCode == 64)
      #expect(result.error.contains("--confounding"), "\(result.error)")
    }
  }
}

private let fit = [
  "shards", "--groups", "2", "--distribution", "joint", "--outcome-basis", "quadratic", "--covariate-basis",
  "polynomial3",
]
