import Foundation
import TestSupport
import Testing

/// `giv-dist idgen effect` where variables are numbers: answers by models, against numpy, scipy and closed forms.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try script(
        """
        open('front-door.txt', 'w').write('X -> M -> Y; X <-> Y\\n')
        open('wide.txt', 'w').write('A -> B; B -> C; G -> B; G -> C; V -> B\\n')
        g = np.random.default_rng(4)
        n = 3000
        a, v, k = g.normal(size=n), g.normal(size=(n, 2)), g.integers(0, 3, n)
        b = np.sin(2 * a) + .5 * k + v[:, 0] + (1 + .5 * np.abs(a)) * g.normal(size=n)
        c = b**2 + k + .08 * a * np.abs(b) + g.normal(size=n)
        with h5py.File('wide.h5', 'w') as f:
            for name, values in dict(A=a, B=b, C=c, G=k, V=v).items(): f[name] = values
        u, x = g.normal(size=n), g.normal(size=n)
        x = u + x
        m = .7 * x + .5 * g.normal(size=n)
        with h5py.File('linear.h5', 'w') as f:
            for name, values in dict(X=x, M=m, Y=1.1 * m + 1.5 * u + .4 * g.normal(size=n)).items(): f[name] = values
        """, in: folder)
      for (file, graph) in [("wide", "wide"), ("linear", "front-door")] {
        let made = try givDist(
          ["table", "\(file).h5", "--graph", "\(graph).txt", "--out", file], in: folder)
        try #require(made.exitCode == 0, "\(made.error)")
      }
      for shards in [1, 3, 7] {
        try simulate(
          "--scenario mixed-front-door --rows 3000 --seed 5 --shards \(shards) --out mixed\(shards)", in: folder)
      }
      try simulate("--scenario glyphs --rows 300 --seed 2 --out glyphs", in: folder)
      try script(
        "open('levels.csv', 'w').write('X,M,Y\\n' + '0,0,0\\n0,1,1\\n1,0,1\\n1,1,0\\n' * 20)", in: folder)
      let made = try givDist(["table", "levels.csv", "--graph", "front-door.txt", "--out", "levels"], in: folder)
      try #require(made.exitCode == 0, "\(made.error)")
    }) struct IdgenNumbersCommandTests
  {
    private static let question = ["--graph", "front-door.txt", "--do", "X", "--outcome", "Y"]

    private func effect(
      _ arguments: String, _ question: [String] = question, ranks: Int? = nil
    ) throws -> [String: Any] {
      let result = try givDist(
        ["idgen", "effect"] + arguments.split(separator: " ").map(String.init) + question + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(arguments): \(result.error)")
      return try object(result.output)
    }

    // MARK: Numbers

    /// The folder holds the network, so that its samples are the draws that the answer tells of.
    @Test func `means, deviations and quantiles are those of the draws`() throws {
      let report = try effect("mixed3 --steps 60 --values X=-1,1 --draws 4000 --seed 3 --out drawn", ranks: 2)
      #expect(report["mode"] as? String == "sampled" && (report["effect"] as? [Any])?.count == 2)
      let drawn = try givDist(
        ["idgen", "sample", "drawn", "--do", "X=1", "--rows", "4000", "--seed", "3", "--out", "rows"])
      try #require(drawn.exitCode == 0, "\(drawn.error)")
      let printed = try script(
        """
        import csv
        y = h5py.File('rows/shard-00000.h5')['columns/Y'][:]
        n = len(y)
        def error(p): return (np.quantile(y, p + (p * (1 - p) / n)**.5) - np.quantile(y, p - (p * (1 - p) / n)**.5)) / 2
        want = {'mean': (y.mean(), y.std() / n**.5), 'deviation': (y.std(), None)}
        want |= {f'quantile {p}': (np.quantile(y, p), error(p)) for p in (.05, .25, .5, .75, .95)}
        rows = [r for r in csv.DictReader(open('drawn/effect.csv')) if r['X'] == '1']
        print(len(rows), all(np.isclose(float(r['estimate']), want[r['statistic']][0], rtol=1e-12) for r in rows),
              all(np.isclose(float(r['monte_carlo_error']), want[r['statistic']][1], rtol=1e-9)
                  for r in rows if r['statistic'] != 'deviation'), {r['std.error'] for r in rows})
        f = h5py.File('drawn/idgen.h5')
        print(f['answers/values/X'].asstr()[:].tolist(), f['answers/statistics'].asstr()[0],
              np.isclose(f['answers/estimate'][1, 0], y.mean(), rtol=1e-12), f.attrs['verdict'])
        """)
      #expect(printed == "7 True True {''}\n['-1', '1'] Y: mean True supported\n", "\(printed)")
    }

    /// Local linear regressions and their effective rows by numpy.
    @Test func `what conditioning says is a local linear regression`() throws {
      let report = try effect(
        "wide --model B=gaussian,C=gaussian --values A=-.5,1 --values G=0,2 --draws 100 --out local",
        ["--graph", "wide.txt", "--do", "A,G", "--outcome", "C"], ranks: 3)
      let printed = try script(
        """
        f = h5py.File('wide.h5')
        a, c, k = (f[x][:] for x in 'ACG')
        h = 1.06 * a.std() * len(a)**-.2
        for answer in json.loads(sys.argv[2]):
            x = (a - float(answer['do']['A'])) / h
            w = np.exp(-x**2 / 2) * (np.abs(x) < 5) * (k == int(answer['do']['G']))
            z = np.stack([np.ones_like(x), x], 1) * np.sqrt(w)[:, None]
            mean = np.linalg.lstsq(z, np.sqrt(w) * c, rcond=None)[0][0]
            print(np.isclose(answer['naiveMean'], mean, rtol=1e-9), np.isclose(answer['rowsNear'], w.sum()**2 / (w**2).sum()))
        """, [try jsonText(report["effect"])])
      #expect(printed == String(repeating: "True True\n", count: 4), "\(printed)")
    }

    /// The generalised covariance measure by scipy: residuals of regressions on splines, levels and components.
    @Test func `independences of numbers are tested by covariances of residuals`() throws {
      let report = try effect(
        "wide --model B=gaussian,C=gaussian --draws 100 --values A=0",
        ["--graph", "wide.txt", "--do", "A", "--outcome", "C"], ranks: 2)
      let printed = try script(
        """
        from scipy import interpolate, stats
        f = h5py.File('wide.h5')
        data = {k: f[k][:] for k in 'ABCGV'}
        def given(name):
            x = data[name]
            if name == 'G': return np.eye(3)[x][:, 1:]
            if name == 'V': return x
            knots = np.quantile(x, np.arange(7) / 6)
            knots = np.r_[[knots[0]] * 3, knots, [knots[-1]] * 3]
            return interpolate.BSpline.design_matrix(x, knots, 3).toarray()[:, 1:]
        def own(name): return given(name) if name in 'GV' else data[name][:, None]
        n, p = len(data['A']), []
        tests = json.loads(sys.argv[2])
        for test in tests:
            z = np.column_stack([np.ones(n)] + [given(name) for name in test['given']])
            a, b = ([y - z @ np.linalg.lstsq(z, y, rcond=None)[0] for y in [own(test[key])]][0] for key in ('first', 'second'))
            r = (a[:, :, None] * b[:, None, :]).reshape(n, -1)
            m, cov = r.mean(0), np.atleast_2d(np.cov(r.T, bias=True))
            statistic = n * m @ np.linalg.solve(cov, m)
            p.append(stats.chi2.sf(statistic, r.shape[1]))
            print(test['first'], test['second'], test['given'], test['test'], r.shape[1] == test['df'],
                  np.isclose(statistic, test['statistic'], rtol=1e-6), np.isclose(p[-1], test['p'], rtol=1e-6))
        p, order = np.array(p), np.argsort(p)
        holm = np.minimum(1, np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))))
        print(np.allclose(holm, np.array([t['adjusted'] for t in tests])[order], rtol=1e-6))
        """, [try jsonText(report["independences"])])
      #expect(
        printed == """
          A C ['B', 'G'] residual covariance True True True
          A G [] residual covariance True True True
          A V [] residual covariance True True True
          C V ['B', 'G'] residual covariance True True True
          G V [] residual covariance True True True
          True

          """, "\(printed)")
    }

    /// E[Y | do(x)] = .77 x, so the change from -1 to 1 is 1.54; Student's quantile is that of 11 degrees of freedom.
    @Test func `halves of the rows give intervals, on teams of ranks too`() throws {
      let arguments = "linear --model M=gaussian,Y=gaussian --values X=-1,1 --draws 20000 --replicates 12"
      let report = try effect("\(arguments) --out halves", ranks: 2)
      let change = try #require(
        ((report["contrasts"] as? [[String: Any]])?.first?["mean"] as? [String: Any])?.mapValues { $0 as! Double })
      #expect(abs(change["estimate"]! - 1.54) < 4 * change["standardError"]!, "\(change)")
      #expect((0.01...0.15).contains(change["standardError"]!), "\(change)")
      let quantile = 2.200985
      #expect(abs(change["upper"]! - change["estimate"]! - quantile * change["standardError"]!) < 1e-6)
      #expect(report["replicates"] as? Int == 12 && report["failedReplicates"] as? Int == 0)
      let other = try effect("\(arguments) --ranks-per-fit 2 --out teams", ranks: 4)
      #expect(other["resultDigest"] as? String == report["resultDigest"] as? String)
      #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.appending(path: "halves/halves").path))
    }

    // MARK: Bits

    @Test func `answers have the same bits on ranks, in other files and streamed`() throws {
      let arguments = "--steps 20 --values X=0 --draws 3000 --replicates 2"
      let base = try effect("mixed1 \(arguments) --out bits")
      let digest = try #require(base["resultDigest"] as? String)
      for (index, (rows, ranks)) in [("mixed1", 3), ("mixed3", 2), ("mixed7", 1), ("mixed7 --stream", 4)].enumerated() {
        let other = try effect("\(rows) \(arguments) --out bits\(index)", ranks: ranks)
        #expect(other["resultDigest"] as? String == digest, "\(rows) on \(ranks)")
      }
    }

    @Test func `an answer that is killed in a half goes on, on other ranks, to the same bits`() throws {
      let out = "killed"
      let arguments =
        "idgen effect mixed3 --steps 24 --expand 1 --values X=0 --draws 1000 --replicates 2 --ranks-per-fit 2 --checkpoint-every 1 --json"
        .split(separator: " ").map(String.init) + Self.question
      let whole =
        try object(try givDist(arguments + ["--out", "\(out)-whole"], ranks: 2).output)["resultDigest"] as? String
      let result = try ended(arguments, by: SIGKILL, out) {
        isCheckpointKept(in: $0.appending(path: "halves/unfinished/half-1"))
      }
      #expect(result.exitCode == 137, "\(result.error)")
      let refused = try givDist(arguments + ["--out", out], ranks: 2)
      #expect(refused.exitCode == 73 && refused.error.contains("--resume"), "\(refused.error)")
      let resumed = try givDist(arguments + ["--out", out, "--resume"], ranks: 4)
      #expect(resumed.exitCode == 0, "\(resumed.error)")
      #expect(try whole != nil && object(resumed.output)["resultDigest"] as? String == whole)
    }

    // MARK: Refusals

    @Test(arguments: [
      ("levels --draws 1000", 64, "--draws: the answer is an exact function of counts of these rows"),
      ("levels --replicates 5 --out none", 64, "--replicates: the answer is an exact function of counts"),
      ("mixed1 --jackknife 20", 64, "--jackknife: the answer is that of models"),
      ("mixed1 --replicates 5", 64, "--replicates goes with --out"),
      ("mixed1 --replicates 1 --out none", 64, "--replicates is 1"),
      ("mixed1 --ranks-per-fit 2 --out none", 64, "--ranks-per-fit goes with --replicates"),
      ("mixed1 --draws 5", 64, "--draws is 5"),
      ("mixed1 --values X=99", 65, "--values X=99: the rows that the network was learned on have 'X' from"),
      ("mixed1 --values X=high", 64, "--values X=high: 'X' is a number; give one"),
      ("mixed1 --values M=1", 64, "'M' is not under --do or --given"),
      ("glyphs", 64, "'X' holds vectors, which have no quantiles to answer for"),
    ])
    func `answers that cannot be given are refused on all ranks`(arguments: String, code: Int32, words: String) throws {
      for ranks in [nil, 3] as [Int?] {
        let result = try givDist(
          ["idgen", "effect"] + arguments.split(separator: " ").map(String.init) + Self.question, ranks: ranks)
        #expect(
          result.exitCode == code && messages(result).count == 1 && result.error.contains(words), "\(result.error)")
      }
    }

    @Test func `numbers beyond those of the rows are answered when that is allowed, and doubted`() throws {
      let report = try effect(
        "linear --model M=gaussian,Y=gaussian --values X=-9 --draws 1000 --allow-extrapolation", ranks: 2)
      #expect(report["verdict"] as? String == "doubtful")
      let warning = try #require((report["warnings"] as? [String])?.first)
      #expect(warning.contains("0 rows are near X = -9"), "\(warning)")
    }

    @Test func `categories are answered by counts and by draws alike`() throws {
      let exact = try effect("levels")
      let drawn = try effect("levels --mode sampled --draws 200000 --expand 1000")
      func probabilities(_ report: [String: Any]) throws -> [Double] {
        try #require(report["effect"] as? [[String: Any]]).flatMap { answer in
          (answer["probabilities"] as! [[String: Any]]).map {
            ($0["probability"] as! [String: Any])["estimate"] as! Double
          }
        }
      }
      let (first, second) = (try probabilities(exact), try probabilities(drawn))
      #expect(first.count == 4 && zip(first, second).allSatisfy { abs($0 - $1) < 0.01 }, "\(first), \(second)")
    }
  }
}

private func jsonText(_ value: Any?) throws -> String {
  String(decoding: try JSONSerialization.data(withJSONObject: value as Any), as: UTF8.self)
}
