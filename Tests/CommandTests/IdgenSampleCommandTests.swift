import Foundation
import TestSupport
import Testing

/// `giv-dist idgen fit` and `idgen sample`: from a graph and rows to rows under an intervention.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try script(
        """
        open('napkin.txt', 'w').write('W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y\\n')
        open('bow.txt', 'w').write('X -> Y; X <-> Y; W1 -> X; W2 -> X\\n')
        """, in: folder)
      for shards in [1, 3, 7] {
        try simulate(
          "--scenario graph --graph napkin.txt --levels X=3 --do X --outcome Y --rows 6000 --seed 5 --shards \(shards) "
            + "--out rows\(shards)", in: folder)
      }
      let made = try givDist(
        ["idgen", "fit", "rows1", "--mode", "sampled", "--out", "network"] + question, in: folder)
      try #require(made.exitCode == 0, "\(made.error)")
    }) struct IdgenSampleCommandTests
  {
    private func fit(_ arguments: String, ranks: Int? = nil) throws -> [String: Any] {
      let result = try givDist(
        ["idgen", "fit"] + arguments.split(separator: " ").map(String.init) + question + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(result.error)")
      return try object(result.output)
    }

    private func sample(_ arguments: String, ranks: Int? = nil) throws -> [String: Any] {
      let result = try givDist(
        ["idgen", "sample", "network"] + arguments.split(separator: " ").map(String.init) + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(arguments): \(result.error)")
      return try object(result.output)
    }

    @Test(arguments: ["sampled", "exact"])
    func `a network has the same bits on ranks, in other files and streamed`(mode: String) throws {
      let report = try fit("rows1 --mode \(mode) --out \(mode)")
      let digest = try #require(report["networkDigest"] as? String)
      #expect(report["mode"] as? String == mode && report["rows"] as? Int == 6000)
      #expect(report["generatedRows"] as? Int == (mode == "sampled" ? 24_000 : 0))
      let others: [(String, Int?)] = [
        ("rows1", 1), ("rows1", 2), ("rows1", 3), ("rows3", nil), ("rows7", 2), ("rows7 --stream", nil),
      ]
      for (index, (rows, ranks)) in others.enumerated() {
        let other = try fit("\(rows) --mode \(mode) --out \(mode)\(index)", ranks: ranks)
        #expect(other["networkDigest"] as? String == digest, "\(rows) on \(ranks ?? 0)")
      }
    }

    @Test func `rows are the same on ranks and in any number of files`() throws {
      let one = try sample("--do X=1 --rows 20011 --all --seed 4 --out one")
      let digest = try #require(one["sampleDigest"] as? String)
      for (ranks, shards) in [(1, 1), (2, 16), (3, 16), (3, 2)] {
        let out = "cut\(ranks)-\(shards)"
        let other = try sample("--do X=1 --rows 20011 --all --seed 4 --shards \(shards) --out \(out)", ranks: ranks)
        #expect(other["sampleDigest"] as? String == digest)
        let printed = try script(
          """
          import glob
          whole = h5py.File('one/shard-00000.h5')['columns']
          files = sorted(glob.glob(sys.argv[2] + '/*.h5'))
          parts = [h5py.File(name)['columns'] for name in files]
          print(len(files), sorted(whole), len(whole['Y']),
                all((np.concatenate([p[k][:] for p in parts]) == whole[k][:]).all() for k in whole),
                sorted(map(int, set(whole['X'][:]))), [whole['X'].attrs[k] if k == 'role' else list(whole['X'].attrs[k]) for k in ('role', 'levels')])
          """, [out])
        #expect(
          printed == "\(shards) ['W2', 'X', 'Y'] 20011 True [1] ['variable', ['0', '1', '2']]\n", "\(printed)")
      }
      #expect(
        try contents(SharedInputs.folder.appending(path: "cut2-16"))
          == contents(SharedInputs.folder.appending(path: "cut3-16")))
      #expect(try sample("--do X=1 --rows 20011 --all --seed 5 --out five")["sampleDigest"] as? String != digest)
    }

    /// The law is recomputed from the tables by numpy, as one who reads the file would.
    @Test func `h5py reads the tables, and rows follow them`() throws {
      let report = try sample("--do X=2 --rows 40000 --out follow", ranks: 2)
      let printed = try script(
        """
        f = h5py.File('network/idgen.h5')
        assert f.attrs['encoding-type'] == 'giv-idgen-network' and f.attrs['encoding-version'] == '1.2.0'
        assert f.attrs['network-digest'] == sys.argv[2] and len(f.attrs['input-digest']) == 64
        assert list(f['levels/X'].asstr()) == ['0', '1', '2'] and 'W1 <-> X' in f.attrs['graph']
        # Of the napkin: W2 is free, W1 was averaged over by generated rows, and Y is drawn given W2 and X.
        table = f['network/Y/probabilities']
        assert list(f['network/Y/parents'].asstr()) == ['W2', 'X'] and table.shape == (2, 3, 2)
        assert np.allclose(table[:].sum(-1), 1) and f['network/Y/sound_shares'].shape == table.shape
        assert sorted(f['generated/1']) == ['W1', 'X', 'Y']
        law = f['free/W2/probabilities'][:] @ table[:, 2, :]
        y = h5py.File('follow/shard-00000.h5')['columns/Y'][:]
        found = np.bincount(y, minlength=2) / len(y)
        print(np.all(abs(found - law) < 5 * np.sqrt(law * (1 - law) / len(y))), list(h5py.File('follow/shard-00000.h5')['columns']))
        record = json.load(open('follow/report.json'))
        print(record['command'], record['do'], record['rows'], record['sampleDigest'] == sys.argv[3])
        """,
        [try #require(report["networkDigest"] as? String), try #require(report["sampleDigest"] as? String)])
      #expect(printed == "True ['Y']\nidgen sample {'X': '2'} 40000 True\n", "\(printed)")
      let shown = try givDist(["inspect", "follow"])
      #expect(shown.exitCode == 0 && shown.output.contains("40000: variable"), "\(shown.output)")
    }

    @Test func `values come row by row from shards, on any ranks`() throws {
      let base = try sample("--do-from rows1 --all --out by1")
      #expect(base["rows"] as? Int == 6000)
      let other = try sample("--do-from rows7 --all --shards 4 --out by7", ranks: 3)
      #expect(other["sampleDigest"] as? String == base["sampleDigest"] as? String)
      let printed = try script(
        """
        print((h5py.File('by1/shard-00000.h5')['columns/X'][:] == h5py.File('rows1/shard-00000.h5')['columns/X'][:]).all())
        """)
      #expect(printed == "True\n")
    }

    @Test func `a run is kept with its report, and is not replaced unasked`() throws {
      let folder = SharedInputs.folder.appending(path: "network")
      let names = Set(try FileManager.default.contentsOfDirectory(atPath: folder.path))
      #expect(names == ["idgen.h5", "report.json", "summary.txt", "config.yaml", "metrics.jsonl", "run.log"])
      let text = try String(contentsOf: folder.appending(path: "summary.txt"), encoding: .utf8)
      #expect(text.contains("P(Y | do(X)): 6000 rows, from each model's own variables, 24000 rows a generated"))
      let before = try contents(folder)
      for ranks in [nil, 3] as [Int?] {
        let again = try givDist(["idgen", "fit", "rows1", "--out", "network"] + question, ranks: ranks)
        #expect(again.exitCode == 73 && again.error.contains("--force"), "\(again.error)")
      }
      #expect(try contents(folder) == before)
      _ = try sample("--do X=1 --rows 10 --out kept")
      let again = try givDist(["idgen", "sample", "network", "--do", "X=1", "--rows", "10", "--out", "kept"], ranks: 2)
      #expect(again.exitCode == 73 && again.error.contains("--force"), "\(again.error)")
      _ = try sample("--do X=1 --rows 10 --out kept --force")
    }

    @Test func `what no data can tell ends with 3, and leaves nothing`() throws {
      for ranks in [nil, 2] as [Int?] {
        let result = try givDist(
          ["idgen", "fit", "rows1", "--graph", "bow.txt", "--do", "X", "--outcome", "Y", "--out", "none"], ranks: ranks)
        #expect(result.exitCode == 3 && result.output.contains("without X <-> Y"), "\(result.output)\(result.error)")
      }
      #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.appending(path: "none").path))
    }

    @Test(arguments: [
      ("network --rows 10", 64, "the network was learned for --do X; add --do X=VALUE"),
      ("network --rows 10 --do X=5", 64, "--do X=5: no row"),
      ("network --rows 10 --do X=1 --do W2=1", 64, "learned for --do X; run idgen fit again"),
      ("network --rows 10 --do Q=1", 64, "no such variable; its question has --do 'X'"),
      ("network --rows 10 --do X=1 --given W1=0", 64, "learned without --given; leave it out"),
      ("network --rows 10 --do X", 64, "give a variable and its value, X=1"),
      ("network --rows 10 --do X=1 --do X=2", 64, "twice"),
      ("network --rows 0 --do X=1", 64, "--rows is 0"), ("network --do X=1", 64, "give --rows N"),
      ("network --rows 10 --do X=1 --shards 11", 64, "--shards is 11"),
      ("network --rows 10 --do-from rows1", 64, "leave --rows out"),
      ("network --do X=1 --do-from rows1", 64, "leave --do and --given out"),
      ("network --do-from missing", 66, "missing"),
      ("missing --rows 10 --do X=1", 66, "give the folder that giv-dist idgen fit wrote"),
      ("rows1/shard-00000.h5 --rows 10 --do X=1", 65, "holds no network of models"),
      ("answer --rows 10 --do X=1", 65, "holds no network of models"),
      ("altered.h5 --rows 10 --do X=1", 65, "was altered"),
    ])
    func `what cannot be drawn is refused on all ranks`(arguments: String, code: Int32, words: String) throws {
      if arguments.hasPrefix("answer") {
        _ = try givDist(["idgen", "effect", "rows1", "--out", "answer", "--allow-extrapolation"] + question)
      }
      if arguments.hasPrefix("altered") {
        try script(
          """
          import shutil
          shutil.copy('network/idgen.h5', 'altered.h5')
          h5py.File('altered.h5', 'r+')['network/Y/probabilities'][0, 0] = [.25, .75]
          """)
      }
      for ranks in [nil, 3] as [Int?] {
        let result = try givDist(
          ["idgen", "sample"] + arguments.split(separator: " ").map(String.init) + ["--out", "none"], ranks: ranks)
        #expect(result.exitCode == code && result.error.contains(words), "\(result.exitCode): \(result.error)")
      }
      #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.appending(path: "none").path))
    }

    @Test(arguments: [
      (["--mode", "exact", "--expand", "2"], 64, "--expand goes with --mode sampled or auto"),
      (["--mode", "exact", "--seed", "2"], 64, "--seed goes with --mode sampled or auto"),
      (["--expand", "0"], 64, "--expand is 0"),
    ])
    func `options that a fit would not read are refused`(arguments: [String], code: Int32, words: String) throws {
      let result = try givDist(["idgen", "fit", "rows1", "--out", "none"] + question + arguments)
      #expect(result.exitCode == code && result.error.contains(words), "\(result.error)")
    }
  }
}

private let question = ["--graph", "napkin.txt", "--do", "X", "--outcome", "Y"]
