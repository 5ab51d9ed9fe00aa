import Foundation
import TestSupport
import Testing

/// What `giv-dist spo` says to rows that it cannot answer, or only with a doubt: the same on one rank and on three.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try script(
        """
        n, random = 4000, np.random.default_rng(5)
        u = random.integers(2, size=n)
        def noisy(p): return np.where(random.random(n) < p, u, random.integers(3, size=n)).astype(float)
        z, x = np.column_stack([noisy(.7), noisy(.6)]), np.column_stack([noisy(.7), noisy(.6)])
        t = (random.random(n) < .3 + .4 * u) * 1.0
        y = u * (1 + t) + random.normal(size=n)
        def write(name, **changes):
            columns = dict(x=np.hstack([z, x]), t=t, y=y) | changes
            os.makedirs(os.path.dirname(name) or '.', exist_ok=True)
            with h5py.File(name, 'w') as f:
                for key, values in columns.items(): f[key] = values
        write('sound.h5')
        write('single.h5', t=np.ones(n))
        write('few.h5', t=(np.arange(n) < 6) * 1.0)
        write('constant.h5', y=np.full(n, 2.5))
        for name, value in [('missing', np.nan), ('infinite', np.inf)]:
            changed = y.copy(); changed[77] = value
            write(name + '.h5', y=changed)
        write('shards/a.h5')
        write('shards/b.h5', x=np.hstack([z, x, x]))
        # x1 has one value, and no row has z0 = z1 = 2.
        write('dull.h5', x=np.column_stack([z[:, 0], np.where(z[:, 0] == 2, 0, z[:, 1]), x[:, 0], np.ones(n)]))
        # The second proxy of each side is a function of the first.
        write('doubled.h5', x=np.column_stack([z[:, 0], 3 * z[:, 0], x[:, 0], 2 - x[:, 0]]))
        # E[y φ_Z φ_X' | t] that makes of E[φ_Z φ_X' | t] a rotation, in both arms.
        cells = [(a, z0, x0) for a in (0, 1) for z0 in (0, 1) for x0 in (0, 1) for _ in range(40 if z0 == x0 else 10)] * 20
        a, z0, x0 = random.permutation(np.array(cells, float)).T
        write('rotating.h5', x=np.column_stack([z0, x0]), t=a, y=3 + (1 + a) * (x0 - z0))
        """, in: folder)
    }) struct SpoInputTests
  {
    private static let sides = ["--treatment-proxies", "x0,x1", "--outcome-proxies", "x2,x3"]

    @Test(arguments: [
      ("single.h5", [], 65, "the treatment 't' has one value in all rows, so there is nothing to compare"),
      ("few.h5", [], 65, "the arm t = 1 has 6 rows, fewer than the 9 features of a side; name fewer proxies"),
      ("constant.h5", [], 65, "the outcome 'y' has one value in all rows"),
      ("missing.h5", [], 65, "missing.h5: dataset 'y', row 77"),
      ("infinite.h5", [], 65, "infinite.h5: dataset 'y', row 77"),
      ("shards", [], 65, "shards/b.h5"),
      ("sound.h5", ["--classes", "10"], 64, "give 9 at most"),
      (
        "sound.h5",
        [
          "--treatment-proxies", "x0,x1,x2", "--outcome-proxies", "x3", "--treatment-features", "poly:7", "--jackknife",
          "4000",
        ], 64, "give fewer blocks or features"
      ),
    ])
    func `rows without an answer are refused`(input: String, options: [String], code: Int32, words: String) throws {
      let sides = options.contains("--treatment-proxies") ? [] : Self.sides
      for ranks in [1, 3] {
        let result = try givDist(["spo", input] + sides + options, ranks: ranks)
        #expect(result.exitCode == code && result.error.contains(words), "\(ranks): \(result.exitCode) \(result.error)")
        #expect(messages(result).count == 1, "\(ranks): \(result.error)")
      }
    }

    private struct Answer: Decodable {
      struct Finding: Decodable {
        struct Values: Decodable { let names: [String]? }
        let code: String
        let values: Values
      }
      let classes: Int?
      let rankValues: [Double]?
      let verdicts: [String: String]
      let findings: [Finding]
      let resultDigest: String
    }

    /// The same on one rank and on three.
    private func answer(_ input: String, _ options: [String]) throws -> Answer {
      let answers = try [1, 3].map { ranks in
        let result = try givDist(["spo", input, "--json"] + options, ranks: ranks)
        try #require(result.exitCode == 0, "\(ranks): \(result.error)")
        return try JSONDecoder().decode(Answer.self, from: Data(result.output.utf8))
      }
      #expect(answers[0].resultDigest == answers[1].resultDigest)
      #expect(answers[0].findings.map(\.code) == answers[1].findings.map(\.code))
      return answers[1]
    }

    @Test func `proxies of one value and cells without rows are dropped and said`() throws {
      let dull = try answer("dull.h5", Self.sides)
      #expect(dull.findings.contains { $0.code == "constant-proxies" && $0.values.names == ["x3"] })
      #expect(dull.findings.contains { $0.code == "empty-cells" && $0.values.names?.contains("x0=2,x1=2") == true })
      #expect(dull.classes == 2)
    }

    @Test(arguments: ["onehot", "poly:2"])
    func `proxies that are functions of each other cost nothing`(features: String) throws {
      let doubled = try answer("doubled.h5", Self.sides + ["--features", features])
      let single = try answer(
        "doubled.h5", ["--treatment-proxies", "x0", "--outcome-proxies", "x2", "--features", features])
      #expect(doubled.classes == 2 && doubled.classes == single.classes)
      for (one, other) in zip(try #require(doubled.rankValues), try #require(single.rankValues)) {
        #expect(abs(one - other) < 1e-9)
      }
    }

    @Test func `more classes than proxies show, and one, are answered with a doubt`() throws {
      let many = try answer("sound.h5", Self.sides + ["--classes", "4"])
      #expect(many.findings.contains { $0.code == "more-classes-than-rank" } && many.verdicts["ate"] != "identified")
      let one = try answer("sound.h5", Self.sides + ["--classes", "1"])
      #expect(one.findings.contains { $0.code == "one-class-seen" } && one.classes == 1)
    }

    @Test func `eigenvalues that are complex in all directions leave the average effect`() throws {
      let rotating = try answer("rotating.h5", ["--treatment-proxies", "x0", "--outcome-proxies", "x1"])
      #expect(rotating.findings.contains { $0.code == "classes-complex" })
      #expect(rotating.verdicts["classes"] == "not identified")
      let text = try givDist(["spo", "rotating.h5", "--treatment-proxies", "x0", "--outcome-proxies", "x1"])
      #expect(text.output.contains("average effect, 1 instead of 0") && text.output.contains("none: see the notes"))
    }
  }
}
