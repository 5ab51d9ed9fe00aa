import Foundation
import TestSupport
import Testing

private let question = ["--graph", "napkin.txt", "--do", "X", "--outcome", "Y"]
private let simulated =
  ["simulate", "--scenario", "graph", "--levels", "X=3,W1=3", "--rows", "60000", "--seed", "2"] + question

/// Rows of the variables of a causal graph: `giv-dist simulate --scenario graph`, `giv-dist table`, and `idgen` on them.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try script(
        """
        open('napkin.txt', 'w').write('W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y')
        """, in: folder)
      let made = try givDist(simulated + ["--out", "rows"], in: folder)
      try #require(made.exitCode == 0, "\(made.error)")
    }) struct GraphRowsTests
  {
    /// The answer and its digest.
    private func effect(_ folder: String, ranks: Int? = nil) throws -> (law: [Double], naive: [Double], digest: String)
    {
      let result = try givDist(["idgen", "effect", folder] + question + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(result.error)")
      let report = try object(result.output)
      let cells = try #require(report["effect"] as? [[String: Any]]).flatMap {
        $0["probabilities"] as? [[String: Any]] ?? []
      }
      return (
        try cells.map { try #require(($0["probability"] as? [String: Any])?["estimate"] as? Double) },
        try cells.map { try #require($0["naive"] as? Double) }, try #require(report["resultDigest"] as? String)
      )
    }

    @Test func `the truth is what a sum over all causes comes to, and rows follow the laws`() throws {
      let printed = try script(
        """
        import itertools
        f = h5py.File('rows/shard-00000.h5')
        law = {name: f['truth/laws/' + name][:] for name in ('W1', 'W2', 'X', 'Y')}
        u, v = f['truth/shares'][:]
        # W1 <-> X moves by u, W1 <-> Y by v; graph order W1, W2, X, Y.
        effect = np.zeros((3, 2))
        for a, b, w1, w2, x, y in itertools.product(range(3), range(3), range(3), range(2), range(3), range(2)):
            p = u[a] * v[b] * law['W1'][3 * a + b, w1] * law['W2'][w1, w2] * law['Y'][3 * x + b, y]
            effect[x, y] += p
        print(np.abs(effect - f['truth/effect'][:]).max() < 1e-12, np.abs(effect.sum(1) - 1).max() < 1e-12)
        rows = {name: f['columns/' + name][:] for name in law}
        a, b = f['truth/latents'][:].astype(int).T
        worst = 0
        for name, place in [('W1', 3 * a + b), ('W2', rows['W1']), ('X', 3 * rows['W2'] + a), ('Y', 3 * rows['X'] + b)]:
            for cell, own in enumerate(law[name]):
                n = (place == cell).sum()
                if n == 0: continue
                found = np.bincount(rows[name][place == cell], minlength=len(own)) / n
                worst = max(worst, np.max(np.abs(found - own) / np.sqrt(own * (1 - own) / n)))
        print(worst < 4.5, [list(f['columns/X'].attrs[k]) if k == 'levels' else f['columns/X'].attrs[k] for k in ('role', 'levels')])
        """)
      #expect(printed == "True True\nTrue ['variable', ['0', '1', '2']]\n")
    }

    @Test func `the files are the same on any ranks, and the rows in any files`() throws {
      let one = try givDist(simulated + ["--shards", "3", "--out", "three"])
      let two = try givDist(simulated + ["--shards", "3", "--out", "again"], ranks: 2)
      #expect(one.exitCode == 0 && two.exitCode == 0, "\(one.error) \(two.error)")
      let printed = try script(
        """
        print(open('three/manifest.json').read() == open('again/manifest.json').read())
        whole = h5py.File('rows/shard-00000.h5')['columns']
        parts = [h5py.File(f'three/shard-0000{i}.h5')['columns'] for i in range(3)]
        print(all((np.concatenate([p[k][:] for p in parts]) == whole[k][:]).all() for k in whole), len(whole))
        """)
      #expect(printed == "True\nTrue 4\n")
      let expected = try effect("rows").digest
      #expect(try effect("three").digest == expected && effect("three", ranks: 3).digest == expected)
    }

    @Test func `the answer is near the truth where conditioning is not, and the same from a table`() throws {
      let (law, naive, _) = try effect("rows")
      let truth = try script(
        """
        f = h5py.File('rows/shard-00000.h5')
        with open('rows.csv', 'w') as file:
            print('Y,W2,W1,X', file=file)
            for row in zip(*(f['columns/' + k][:] for k in ('Y', 'W2', 'W1', 'X'))): print(*row, sep=',', file=file)
        print(*f['truth/effect'][:].ravel())
        """
      ).split(whereSeparator: \.isWhitespace).map { Double($0)! }
      func distance(_ law: [Double]) -> Double { zip(law, truth).map { abs($0 - $1) }.max()! }
      #expect(distance(law) < 0.02 && distance(naive) > 0.05, "\(distance(law)) \(distance(naive))")
      let made = try givDist([
        "table", "rows.csv", "--graph", "napkin.txt", "--categorical", "X", "--rows-per-shard", "25000", "--out",
        "table",
      ])
      #expect(made.exitCode == 0, "\(made.error)")
      #expect(made.output.contains("Rows      60000 read"))
      #expect(made.output.contains("X: variable, categorical, 3 levels"), "\(made.output)")
      #expect(try effect("table").law == law && effect("table", ranks: 2).law == law)
    }

    @Test func `inspection shows what the rows are`() throws {
      let shown = try givDist(["inspect", "rows"])
      #expect(shown.exitCode == 0 && shown.output.contains("rows: 60000: variable"), "\(shown.output)\(shown.error)")
    }

    @Test(arguments: [
      (["--scenario", "graph"], 64, "give its file with --graph"),
      (["--scenario", "graph", "--graph", "napkin.txt", "--levels", "V=3"], 64, "'V', which is not in the graph"),
      (["--scenario", "graph", "--graph", "napkin.txt", "--levels", "X"], 64, "V=3"),
      (["--scenario", "graph", "--graph", "napkin.txt", "--levels", "X=1"], 64, "give 2 to 100 levels"),
      (["--scenario", "graph", "--graph", "napkin.txt", "--do", "X"], 64, "give both, or neither"),
      (["--scenario", "graph", "--graph", "napkin.txt", "--do", "X", "--outcome", "X"], 64, "a variable twice"),
      (["--scenario", "graph", "--graph", "napkin.txt", "--do", "X", "--outcome", "Q"], 64, "'Q' is not in the graph"),
      (["--scenario", "graph", "--graph", "none.txt"], 66, "none.txt"),
      (["--scenario", "graph", "--graph", "napkin.txt", "--groups", "3"], 64, "--groups"),
      (["--graph", "napkin.txt"], 64, "--scenario graph"),
    ])
    func `what cannot be simulated is refused`(arguments: [String], code: Int32, words: String) throws {
      for ranks in [1, 3] {
        let result = try givDist(["simulate"] + arguments + ["--out", "none"], ranks: ranks)
        #expect(result.exitCode == code && result.error.contains(words), "\(ranks): \(result.exitCode) \(result.error)")
      }
      #expect(!FileManager.default.fileExists(atPath: "\(SharedInputs.folder.path)/none"))
    }

    @Test(arguments: [
      (["short.csv", "--graph", "napkin.txt"], 65, "no column named 'W2'"),
      (["short.csv", "--columns", "X,Y", "--graph", "napkin.txt"], 64, "leave one of them out"),
      (["short.csv"], 64, "--columns"),
      (["short.csv", "--columns", "X,X"], 64, "twice"),
      (["short.csv", "--columns", "X,Y"], 65, "--missing drop"),
      (["short.csv", "--columns", "X", "--categorical", "Y"], 64, "not among --columns"),
      (["none.csv", "--columns", "X"], 66, "none.csv"),
    ])
    func `tables that make no rows are refused`(arguments: [String], code: Int32, words: String) throws {
      try script("open('short.csv', 'w').write('X,Y,W1\\n1,2,3\\n0,,3\\n')")
      let result = try givDist(["table"] + arguments + ["--out", "none"])
      #expect(result.exitCode == code && result.error.contains(words), "\(result.exitCode) \(result.error)")
    }
  }
}
