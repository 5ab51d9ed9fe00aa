import Foundation
import TestSupport
import Testing

/// What `giv-dist effect` answers beyond the average: other treatments, covariates, single rows, frequencies, clusters.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 3000 --shards 2 --confounding 0.2 --seed 7 --out shards", in: folder)
      try script(
        """
        open('grid.txt', 'w').write('2\\n-1.5\\n\\n0\\n')
        open('grid.csv', 'w').write('name,t\\nlow,-1.5\\nhigh,2\\nnone,0\\n')
        open('words.txt', 'w').write('2\\nmany\\n')
        open('doses.csv', 'w').write('name,dose\\nlow,-1.5\\n')
        open('places.csv', 'w').write('x2,x0,x1\\n0.5,1,-1\\n0,0,0\\n')
        open('lacking.csv', 'w').write('x0,x1\\n1,2\\n')
        open('extra.csv', 'w').write('x0,x1,x2,age\\n1,2,3,4\\n')
        open('text.csv', 'w').write('x0,x1,x2\\n1,2,3\\n1,high,3\\n')
        parts = [h5py.File(f'shards/shard-0000{s}.h5') for s in (0, 1)]
        x, t, y, z = (np.concatenate([p[k][:] for p in parts]) for k in 'xtyz')
        def write(name, rows, **more):
            with h5py.File(name, 'w') as f:
                for key, values in dict(x=x, t=t, y=y, z=z).items(): f[key] = values[rows]
                for key, values in more.items(): f[key] = values
        # The groups' regressions are cross-fitted by rows, so all copies of a row need its fold: with the interactions
        # of groups and covariates there are none.
        count = np.arange(3000) % 3
        write('counts.h5', np.arange(3000), weight=count.astype(float), id=np.arange(3000) * 10)
        write('copies.h5', np.repeat(np.arange(3000), count))
        write('first.h5', np.arange(1200)); write('plain.h5', np.arange(3000))
        with h5py.File('tilted.h5', 'w') as f:
            f['x'], f['t'], f['z'], f['y'] = x, t, z, y + t * x[:, 0]
            f['truth/tau'] = np.concatenate([p['truth/tau'][:] for p in parts]) + t * x[:, 0]
        region = np.array(list('ABC'))[np.arange(3000) % 3]
        with open('visits.csv', 'w') as new:
            print('dose,outcome,a,region,group,clinic', file=new)
            for i in range(3000):
                print(*(repr(float(v)) for v in (t[i], y[i], x[i, 0])), region[i], f'g{z[i]}', f'c{i % 25}', sep=',', file=new)
        open('regions.csv', 'w').write('region,a\\nC,1\\nA,0\\n')
        open('unknown.csv', 'w').write('region,a\\nC,1\\nD,0\\n')
        """, in: folder)
      let made = try givDist(
        [
          "shard", "visits.csv", "--treatment", "dose", "--outcome", "outcome", "--covariates", "a,region", "--source",
          "group", "--institution", "clinic", "--out", "visits",
        ], in: folder)
      try #require(made.exitCode == 0, "\(made.error)")
    }) struct EffectAnswersTests
  {
    private static let effect = ["--instrument", "true", "--outcome-basis", "quadratic"]

    private func report(_ arguments: [String], ranks: Int? = nil) throws -> [String: Any] {
      let result = try givDist(["effect"] + arguments + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(result.error)")
      return try object(result.output)
    }

    private func method(_ report: [String: Any]) throws -> [String: Any] {
      let methods = try #require(report["methods"] as? [String: Any])
      let first = try #require(report["estimator"] as? String)
      return try #require(methods[first] as? [String: Any])
    }

    private func treatments(_ report: [String: Any]) throws -> [Double] {
      let points = try #require(method(report)["curve"] as? [[String: Any]])
      return try points.map { try #require($0["t"] as? Double) }
    }

    @Test func `treatments of the curve are read from a list or a table`() throws {
      for file in ["grid.txt", "grid.csv"] {
        #expect(try treatments(report(["shards", "--grid", file] + Self.effect, ranks: 2)) == [-1.5, 0, 2])
      }
    }

    @Test func `covariates of a table have answers in the report and the files`() throws {
      let found = try report(
        [
          "tilted.h5", "--instrument", "true", "--outcome-basis", "quadratic+interactions", "--at-x", "places.csv",
          "--out", "places",
        ],
        ranks: 2)
      let places = try #require(found["atX"] as? [[String: Any]])
      #expect(places.map { $0["x"] as? [Double] } == [[1, -1, 0.5], [0, 0, 0]])
      let slopes = try places.map { place in
        let slope = try #require(place["averageSlope"] as? [String: Any])
        return try #require(slope["estimate"] as? Double)
      }
      // y has t x0 besides, which the slopes at x0 = 1 and 0 differ by.
      #expect(abs(slopes[0] - slopes[1] - 1) < 0.15)
      let printed = try script(
        """
        import csv
        f = h5py.File('places/effect.h5')['at_x']
        rows = list(csv.DictReader(open('places/at_x.csv')))
        print(f['x'][:].tolist(), abs(f['average_slope'][0] - float(sys.argv[2])) < 1e-12, f['curve/tau'].shape, len(rows),
              float(rows[0]['x.x2']), rows[30]['tau'] == repr(float(f['curve/tau'][1, 9])))
        """, ["\(slopes[0])"])
      #expect(printed == "[[1.0, -1.0, 0.5], [0.0, 0.0, 0.0]] True (2, 21) 42 0.5 True\n")
      let text = try givDist(["effect", "shards", "--at-x", "places.csv"] + Self.effect)
      #expect(text.output.contains("row of --at-x") && text.output.contains("the same at all covariates"))
    }

    @Test func `levels of categories are read as the shards code them`() throws {
      let found = try report(["visits", "--at-x", "regions.csv"] + Self.effect)
      let places = try #require(found["atX"] as? [[String: Any]])
      #expect(places.map { $0["x"] as? [Double] } == [[1, 0, 1], [0, 0, 0]])
    }

    @Test func `rows have their answers in the order of the input, with identifiers, also those without weight`() throws
    {
      let arguments = ["counts.h5", "--weights", "frequency", "--predict", "--grid", "grid.txt"] + Self.effect
      let found = try report(arguments + ["--out", "rows"])
      _ = try report(arguments + ["--out", "streamed", "--stream"], ranks: 3)
      let terms = try #require(method(found)["coefficients"] as? [[String: Any]])
      let b = try terms.map { try #require($0["estimate"] as? Double) }
      let reference = try #require(found["reference"] as? Double)
      let covariance = try #require(method(found)["coefficientCovariance"] as? [Double])
      let printed = try script(
        """
        b, V, r = np.array(json.loads(sys.argv[2])), np.array(json.loads(sys.argv[3])).reshape(2, 2), float(sys.argv[4])
        f, t = h5py.File('rows/rows.h5'), h5py.File('counts.h5')['t'][:]
        d = np.column_stack([t - r, t**2 - r**2])
        print(f.attrs['encoding-type'], f['id'][-1], np.abs(f['tau'][:] - d @ b).max() < 1e-12,
              np.abs(f['g'][:] - f['g0'][:] - f['tau'][:]).max() < 1e-12,
              np.abs(f['standard_error'][:] - np.sqrt(np.einsum('ij,jk,ik->i', d, V, d))).max() < 1e-12,
              open('rows/rows.h5', 'rb').read() == open('streamed/rows.h5', 'rb').read())
        """, ["\(b)", "\(covariance)", "\(reference)"])
      #expect(printed == "giv-effect-rows 29990 True True True True\n")
    }

    @Test func `answers are held against the truth that shards hold`() throws {
      let found = try method(report(["shards", "--instrument", "true"], ranks: 2))
      let (ite, outcome) = (try #require(found["ite"] as? Double), try #require(found["outcome"] as? Double))
      #expect(ite < 0.001 && outcome < 0.012)
      let b = try #require(found["coefficients"] as? [[String: Any]]).map { try #require($0["estimate"] as? Double) }
      let expected = try script(
        """
        b = json.loads(sys.argv[2])
        parts = [h5py.File(f'shards/shard-0000{s}.h5') for s in (0, 1)]
        t, y = (np.concatenate([p[k][:] for p in parts]) for k in 'ty')
        print(repr(float(np.mean((t * (b[0] + 1.5) + t**2 * (b[1] - .9))**2) / np.var(y))))
        """, ["\(b)"])
      #expect(abs(Double(expected.trimmingCharacters(in: .whitespacesAndNewlines))! / ite - 1) < 1e-9)
      #expect(try method(report(["plain.h5"] + Self.effect))["ite"] is NSNull)
      let text = try givDist(["effect", "tilted.h5", "--instrument", "true"])
      #expect(text.output.contains("effects of rows") && !text.output.contains("outcomes of rows"))
    }

    @Test func `frequencies are repeated rows, without a run and with one`() throws {
      let basis = ["--instrument-basis", "interactions", "--covariance", "HC1", "--estimator", "2sls"] + Self.effect
      func numbers(_ report: [String: Any]) throws -> [Double] {
        let found = try method(report)
        let terms = try #require(found["coefficients"] as? [[String: Any]])
        return try terms.flatMap {
          [try #require($0["estimate"] as? Double), try #require($0["standardError"] as? Double)]
        }
          + treatments(report)
      }
      let counted = try report(["counts.h5", "--weights", "frequency"] + basis, ranks: 2)
      let copies = try report(["copies.h5"] + basis)
      #expect(counted["observations"] as? Int == 3000 && counted["rows"] as? Int == 2000)
      for (one, other) in zip(try numbers(counted), try numbers(copies)) {
        #expect(abs(one - other) < 1e-7 * abs(other))
      }
      let sampled = try report(["counts.h5", "--weights", "sampling"] + basis)
      #expect(try numbers(sampled) != numbers(counted))
      _ = try train(
        ["counts.h5", "--groups", "3", "--weights", "frequency", "--starts", "3", "--out", "run"])
      let run = try report(["run", "counts.h5", "--outcome-basis", "quadratic"])
      #expect(run["observations"] as? Int == 3000)
      let text = try givDist(["effect", "run", "counts.h5", "--outcome-basis", "quadratic"])
      #expect(text.output.contains("2000 rows with frequencies, n = 3000"))
    }

    @Test func `institutions are clusters where there are twenty`() throws {
      let found = try report(["visits"] + Self.effect)
      #expect(found["estimator"] as? String == "fuller" && found["clusters"] as? [String] == ["institution"])
      #expect(try method(found)["covariance"] as? String == "clustered")
      let text = try givDist(["effect", "visits"] + Self.effect)
      #expect(text.output.contains("errors clustered by institution"))
      for chosen in [["--covariance", "HC0"], ["--estimator", "hful"]] {
        let other = try report(["visits"] + Self.effect + chosen)
        #expect(other["estimator"] as? String == "hful" && other["clusters"] as? [String] == [])
      }
    }

    @Test func `the set by projection holds the profiled one`() throws {
      let sets = try #require(report(["shards", "--projection"] + Self.effect)["sets"] as? [String: [[Double]]])
      let (own, wide) = (try #require(sets["andersonRubin"]), try #require(sets["andersonRubinProjection"]))
      #expect(wide[0][0] < own[0][0] && own[0][1] < wide[0][1])
    }

    @Test(arguments: [1, 3]) func `a dry run says what would be done and does nothing`(ranks: Int) throws {
      let arguments = ["visits", "--dry-run", "--out", "nothing"] + Self.effect
      let found = try report(arguments, ranks: ranks)
      #expect(found["rows"] as? Int == 3000 && found["columns"] as? Int == 7 && found["passes"] as? Int == 14)
      #expect((found["ranks"] as? [Any])?.count == ranks)
      #expect(!FileManager.default.fileExists(atPath: "\(SharedInputs.folder.path)/nothing"))
      let text = try givDist(["effect"] + arguments)
      #expect(text.output.contains("estimator fuller, errors cluster by institution"), "\(text.output)")
    }

    @Test(arguments: [
      (["shards", "--grid", "words.txt"], 65, "words.txt: line 2: 'many' is no number"),
      (["shards", "--grid", "doses.csv"], 65, "no column is named as the treatment, 't'"),
      (["shards", "--grid", "grid.txt", "--at", "1"], 64, "--at and --grid"),
      (["shards", "--grid", "no.txt"], 66, "no.txt"),
      (["shards", "--at-x", "lacking.csv"], 65, "no column named 'x2'"),
      (["shards", "--at-x", "extra.csv"], 65, "column 'age' is no covariate"),
      (["shards", "--at-x", "text.csv"], 65, "text.csv: line 3: 'high' is no number for the covariate 'x1'"),
      (["visits", "--at-x", "unknown.csv"], 65, "line 3: 'D' is no level of covariate 'region'"),
      (["shards", "--predict"], 64, "--predict writes to the folder of --out"),
      (["plain.h5", "--weights", "frequency"], 65, "weight"),
    ])
    func `tables and options that cannot be used are refused with the remedy`(
      arguments: [String], code: Int32, words: String
    ) throws {
      for ranks in [1, 3] {
        let result = try givDist(["effect"] + arguments + Self.effect, ranks: ranks)
        #expect(result.exitCode == code && result.error.contains(words), "\(ranks): \(result.exitCode) \(result.error)")
      }
    }
  }
}
