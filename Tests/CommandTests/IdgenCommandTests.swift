import Foundation
import TestSupport
import Testing

/// `giv-dist idgen`: from a graph and rows to what an intervention does.
extension OnRanks {
  @Suite(
    .inputs { folder in
      // Pearl's table of smoking, tar and cancer (Causality, section 3.3.2), 8,000 rows of it.
      try script(
        """
        rows = [(x, z, y) for x, z, n, sick in [(0, 0, 3800, .10), (1, 0, 200, .90), (0, 1, 200, .05), (1, 1, 3800, .85)]
                for y in [1] * round(n * sick) + [0] * (n - round(n * sick))]
        np.random.default_rng(1).shuffle(rows)
        with open('visits.csv', 'w') as file:
            print('smoker,tar,cancer', file=file)
            for row in rows: print(*row, sep=',', file=file)
        x, z, y = np.array(rows, float).T
        with h5py.File('foreign.h5', 'w') as file:
            for name, values in dict(x=z[:, None], t=x, y=y).items(): file[name] = values
        open('front-door.txt', 'w').write('smoker -> tar -> cancer; smoker <-> cancer\\n')
        open('bow.txt', 'w').write('smoker -> cancer; smoker <-> cancer; smoker -> tar\\n')
        open('foreign.dot', 'w').write('digraph { t -> x0 -> y; U [latent]; U -> {t y} }\\n')
        """, in: folder)
      for (name, options) in [("shards", []), ("three", ["--rows-per-shard", "3000"])] {
        let made = try givDist(
          ["shard", "visits.csv", "--treatment", "smoker", "--outcome", "cancer", "--covariates", "tar", "--out", name]
            + options, in: folder)
        try #require(made.exitCode == 0, "\(made.error)")
      }
    }) struct IdgenCommandTests
  {
    private struct Estimate: Decodable {
      let estimate: Double
      let standardError: Double?
      let lower: Double?
      let upper: Double?
    }
    private struct Answer: Decodable {
      let `do`: [String: String]
      let mean: Estimate?
      let naiveMean: Double?
      let rareShare: Double
    }
    private struct Contrast: Decodable { let mean: Estimate? }
    private struct Report: Decodable {
      let rows: Int
      let effect: [Answer]
      let contrasts: [Contrast]
      let verdict: String
      let resultDigest: String
    }

    private let question = ["--graph", "front-door.txt", "--do", "smoker", "--outcome", "cancer"]

    @Test func `the front door is answered as the textbook does`() throws {
      let result = try givDist(["idgen", "effect", "shards"] + question + ["--json"], in: SharedInputs.folder)
      #expect(result.exitCode == 0 && result.error.isEmpty, "\(result.error)")
      let report = try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
      #expect(report.rows == 8000 && report.verdict == "supported")
      let means = report.effect.map { $0.mean!.estimate }
      #expect(abs(means[0] - 0.4975) < 1e-12 && abs(means[1] - 0.4525) < 1e-12)
      let naive = report.effect.map { $0.naiveMean! }
      #expect(abs(naive[0] - 0.0975) < 1e-12 && abs(naive[1] - 0.8525) < 1e-12)
      let contrast = try #require(report.contrasts[0].mean)
      #expect(abs(contrast.estimate + 0.045) < 1e-12 && contrast.lower! < -0.045 && contrast.upper! > -0.045)
    }

    @Test func `the same bits on ranks, in other files, streamed, and for a file of another program`() throws {
      func digest(_ arguments: [String], ranks: Int? = nil, question: [String]? = nil) throws -> String {
        let result = try givDist(
          ["idgen", "effect"] + arguments + (question ?? self.question) + ["--json"], ranks: ranks,
          in: SharedInputs.folder)
        try #require(result.exitCode == 0, "\(result.error)")
        return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8)).resultDigest
      }
      let base = try digest(["shards"])
      #expect(try digest(["shards"], ranks: 3) == base)
      #expect(try digest(["three"], ranks: 2) == base)
      #expect(try digest(["three", "--stream"]) == base)
      #expect(
        try digest(["foreign.h5"], question: ["--graph", "foreign.dot", "--do", "t", "--outcome", "y"]) == base)
    }

    @Test func `files are opened by h5py, and are not replaced unasked`() throws {
      let command = ["idgen", "effect", "shards"] + question + ["--out", "answer"]
      #expect(try givDist(command, in: SharedInputs.folder).exitCode == 0)
      try script(
        """
        import csv
        with h5py.File('answer/idgen.h5') as file:
            assert file.attrs['encoding-type'] == 'giv-idgen' and file.attrs['verdict'] == 'supported'
            assert np.allclose(file['answers/probability'][:, 1], [.4975, .4525], atol=1e-12)
            assert list(file['levels/smoker'].asstr()) == ['0', '1']
        rows = list(csv.DictReader(open('answer/effect.csv')))
        assert [row['smoker'] + row['cancer'] for row in rows] == ['00', '01', '10', '11']
        assert abs(float(rows[3]['estimate']) - .4525) < 1e-12
        """, in: SharedInputs.folder)
      #expect(try givDist(command, in: SharedInputs.folder).exitCode == 73)
      #expect(try givDist(command + ["--force"], in: SharedInputs.folder).exitCode == 0)
    }

    @Test func `what no data can tell ends with 3 on all ranks, with the proof`() throws {
      for ranks in [nil, 3] as [Int?] {
        for command in [["idgen", "check"], ["idgen", "effect", "shards"]] {
          let result = try givDist(
            command + ["--graph", "bow.txt", "--do", "smoker", "--outcome", "cancer"], ranks: ranks,
            in: SharedInputs.folder)
          #expect(result.exitCode == 3)
          #expect(result.output.firstMatch(of: #/F'\s+cancer\s+joined/#) != nil, "\(result.output)")
          #expect(result.output.contains("there would be an answer without smoker <-> cancer"))
        }
      }
    }

    @Test func `what a graph says is kept with the graph, answered or not`() throws {
      for (graph, ranks, code) in [("front-door.txt", nil, 0), ("bow.txt", 3, 3)] as [(String, Int?, Int32)] {
        let out = "kept-\(code)"
        let command = ["idgen", "check", "--graph", graph, "--do", "smoker", "--outcome", "cancer", "--out", out]
        let result = try givDist(command, ranks: ranks)
        #expect(result.exitCode == code && result.output.contains("wrote \(out): report.json"), "\(result.error)")
        let printed = try script(
          """
          own = json.load(open(sys.argv[2] + '/report.json'))
          print(own['command'], own['identified'], own['graph']['arrows'], own['graph']['confounded'], own.get('wouldIdentify'))
          """, [out])
        let arrows = code == 0 ? "['smoker', 'tar'], ['tar', 'cancer']" : "['smoker', 'cancer'], ['smoker', 'tar']"
        #expect(
          printed == "idgen check \(code == 0 ? "True" : "False") [\(arrows)] [['smoker', 'cancer']] "
            + "\(code == 0 ? "None" : "[['smoker', 'cancer']]")\n", "\(printed)")
        let again = try givDist(command, ranks: ranks)
        #expect(again.exitCode == 73 && again.error.contains("--force"), "\(again.error)")
        #expect(try givDist(command + ["--force"], ranks: ranks).exitCode == code)
      }
      let alone = try givDist(["idgen", "check"] + question + ["--force"])
      #expect(alone.exitCode == 64 && alone.error.contains("--out"), "\(alone.error)")
    }

    @Test func `a graph is shown with what it implies`() throws {
      let result = try givDist(["idgen", "graph", "front-door.txt"], in: SharedInputs.folder)
      #expect(result.exitCode == 0)
      #expect(result.output.contains("joined by <->: {smoker cancer} {tar}"), "\(result.output)")
      let check = try givDist(["idgen", "check"] + question + ["--json"], in: SharedInputs.folder)
      #expect(check.exitCode == 0 && check.output.contains("\"identified\":true"), "\(check.output)")
    }
  }
}
