import Foundation
import TestSupport
import Testing

/// `giv-dist predict` of tables, which become numbers as the rows of the fit did.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try script(
        """
        random = np.random.default_rng(5)
        n = 900
        hidden, region = random.random(n) < .5, random.choice(list('ABC'), n)
        age = random.integers(20, 80, n)
        dose = np.where(hidden, 1.5, -1.5) * (age - 50) / 15 + (region == 'C') + random.normal(0, .4, n)
        survival = 2 * dose + age / 10 + hidden + random.normal(0, 1, n)
        columns = zip(age, region, dose.tolist(), survival.tolist())
        rows = [f'p{i},{a},{r},{t!r},{y!r}' for i, (a, r, t, y) in enumerate(columns)]
        os.mkdir('never')
        header = 'patient,age,region,dose,survival'
        def write(name, lines): open(name, 'w').write('\\n'.join(lines) + '\\n')
        write('trial.csv', [header] + rows)
        # Backwards, of one region, without an outcome, columns in another order, decimal commas.
        some = [row.split(',') for row in rows[::-1] if ',B,' in row]
        write('new.csv', ['dose;region;patient;age'] + [f"{t.replace('.', ',')};{r};{i};{a}" for i, a, r, t, _ in some])
        write('renamed.csv', ['amount;place;years'] + [f"{t.replace('.', ',')};{r};{a}" for _, a, r, t, _ in some])
        write('one.csv', [header, rows[7]])
        write('unseen.csv', [header] + rows[:3] + ['p3,40,D,1.5,2'])
        write('short.csv', ['patient,age,dose', 'a,40,1.5'])
        write('missing.csv', [header, rows[0], 'q,,A,1.5,2', rows[1]])
        write('filled.csv', [header, rows[0], f'q,{float(age.mean())!r},A,1.5,2', rows[1]])
        write('lost.csv', [header, rows[0], 'q,40,A,,2', rows[1]])
        """, in: folder)
      try command("shard trial.csv --out shards --id patient \(columns)", in: folder)
      let fit = "train shards --groups 2 --starts 4 --out"
      try command("\(fit) run", in: folder)
      try command("\(fit) joint --distribution joint --representation identity", in: folder)
    }) struct PredictTableTests
  {
    /// Predicts, and demands that it works.
    private func predict(_ arguments: String, ranks: Int? = nil) throws -> [String: Any] {
      let words = arguments.split(separator: " ").map(String.init)
      let result = try givDist(["predict"] + words + ["--json"], ranks: ranks)
      #expect(result.exitCode == 0, "\(result.error)")
      return try object(result.output)
    }

    private func bytes(_ name: String) throws -> Data {
      try Data(contentsOf: SharedInputs.folder.appending(path: name))
    }

    @Test(arguments: ["run", "joint"]) func `the table of the fit's rows gets the posteriors of the fit`(run: String)
      throws
    {
      for ranks in [nil, 3] {
        let out = "\(run)-\(ranks ?? 1)"
        _ = try predict("\(run) trial.csv --id patient --out \(out).h5", ranks: ranks)
        #expect(try bytes("\(out).h5") == bytes("\(run)/posteriors.h5"))
        _ = try predict("\(run) trial.csv --id patient --out \(out).csv", ranks: ranks)
      }
      #expect(try bytes("\(run)-1.csv") == bytes("\(run)-3.csv"))
      // Each digit of CSV, as Python reads it.
      try script(
        """
        import csv
        rows = list(csv.DictReader(open(sys.argv[2] + '-1.csv')))
        with h5py.File(sys.argv[2] + '/posteriors.h5') as file:
            names = ['id', 'posterior_0', 'posterior_1', 'label'] + ['effect'] * ('effect' in file)
            assert list(rows[0]) == names and ('effect' in file) == (sys.argv[2] == 'joint')
            assert [row['id'] for row in rows] == list(file['id'].asstr()[:])
            for place in 0, 1:
                assert [float(row[f'posterior_{place}']) for row in rows] == file['posterior'][:, place].tolist()
            for name in names[3:]: assert [float(row[name]) for row in rows] == file[name][:].tolist()
        """, [run])
    }

    @Test func `rows of one level, in another order and format, are those of shards of the same rows`() throws {
      _ = try predict("run new.csv --id patient --out some.h5 \(german)")
      try command("shard new.csv --out new-shards --like run --id patient \(german)", in: SharedInputs.folder)
      _ = try predict("run new-shards --out by-shards.h5")
      #expect(try bytes("by-shards.h5") == bytes("some.h5"))
      try command("shard new.csv --out unnamed-shards --like run \(german)", in: SharedInputs.folder)
      _ = try predict("run unnamed-shards --out unnamed.h5")
      _ = try predict("run renamed.csv --x years,place --t amount --out renamed.h5 \(german)")
      #expect(try bytes("renamed.h5") == bytes("unnamed.h5"))
    }

    @Test func `a recognized format is told, and gives the same`() throws {
      let report = try predict("run new.csv --id patient --out recognized.csv", ranks: 2)
      #expect(
        report["warnings"] as? [String] == [
          "new.csv was read with ';' between columns and decimal commas; say --delimiter , or --decimal-mark . if that "
            + "is wrong"
        ])
      _ = try predict("run new.csv --id patient --out told.csv \(german)")
      #expect(try bytes("recognized.csv") == bytes("told.csv"))
    }

    @Test func `rows have the posteriors that they had in the fit`() throws {
      _ = try predict("run new.csv --id patient --out some.csv \(german)", ranks: 2)
      try script(
        """
        import csv
        with h5py.File('run/posteriors.h5') as file:
            known = dict(zip(file['id'].asstr()[:], file['posterior'][:].tolist()))
        rows = list(csv.DictReader(open('some.csv')))
        assert [row['id'] for row in rows] == [line.split(';')[2] for line in open('new.csv')][1:] and len(rows) > 200
        for row in rows: assert [float(row['posterior_0']), float(row['posterior_1'])] == known[row['id']]
        """)
    }

    @Test func `a table may come through a pipe, and have one row`() throws {
      let pipe = "cat one.csv | \(tool("giv-dist")) predict run /dev/stdin --id patient --out piped.csv"
      let result = try TestSupport.run("bash", ["-c", pipe], directory: SharedInputs.folder)
      #expect(result.exitCode == 0, "\(result.error)")
      let lines = try String(decoding: bytes("piped.csv"), as: UTF8.self).split(separator: "\n")
      _ = try predict("run trial.csv --id patient --out whole.csv")
      let whole = try String(decoding: bytes("whole.csv"), as: UTF8.self).split(separator: "\n")
      #expect(lines == [whole[0], whole[8]])
    }

    @Test func `missing covariates are filled by the means of the fit, and dropped rows are told`() throws {
      let filled = try predict("run missing.csv --id patient --missing mean --out filled-in.csv")
      #expect(filled["warnings"] as? [String] == ["missing values of age (1) were filled by --missing mean"])
      _ = try predict("run filled.csv --id patient --out filled.csv.csv")
      try script(
        """
        import csv
        rows, others = (list(csv.DictReader(open(name))) for name in ['filled-in.csv', 'filled.csv.csv'])
        assert len(rows) == 3
        for row, other in zip(rows, others):
            # The mean is a sum in another order.
            assert abs(float(row['posterior_0']) - float(other['posterior_0'])) < 1e-9
        """)
      let dropped = try predict("run missing.csv --id patient --missing drop --out dropped.csv")
      #expect(dropped["rows"] as? Int == 2)
      #expect(
        dropped["warnings"] as? [String] == [
          "1 of 3 rows misses values and was dropped; identifiers tell which are left"
        ])
    }

    @Test(arguments: [
      (
        "run unseen.csv --id patient", 65,
        "unseen.csv: line 5, column 'region': 'D' is none of the levels that run knows: A, B, C; correct it, or leave such rows "
          + "out"
      ),
      ("run short.csv", 65, "short.csv: no column named 'region'; it has 'patient', 'age', 'dose'"),
      ("run missing.csv", 65, "1 of 3 rows miss values: age 1; leave such rows out with --missing drop, or fill"),
      (
        "run missing.csv --missing drop", 65,
        "1 of 3 rows miss values and would be dropped, and nothing would tell which; name the column of identifiers with --id"
      ),
      ("run lost.csv --missing mean", 65, "would be dropped, and nothing would tell which; name the column of"),
      ("run trial.csv --id name", 65, "trial.csv: no column named 'name'"),
      ("run trial.csv --x age", 64, "the covariates are named age, and run has age, region; name a column for each"),
      ("run trial.csv shards", 64, "trial.csv is a table and shards holds shards; predict from one kind at a time"),
      ("run shards --missing drop", 64, "go with tables only, and shards holds shards; leave them out"),
      ("run shards --decimal-mark ,", 64, "go with tables only, and shards holds shards; leave them out"),
      (
        "joint new.csv --delimiter ; --decimal-mark ,", 65,
        "new.csv has no outcome 'survival', which the groups of a joint model depend on; name it with --y"
      ),
      ("run nowhere.csv", 66, "nowhere.csv: No such file or directory"),
    ])
    func `what cannot be used is named, and nothing stays`(arguments: String, exitCode: Int32, words: String) throws {
      for ranks in [nil, 2] {
        let options = arguments.split(separator: " ").map(String.init)
        let result = try givDist(["predict"] + options + ["--out", "never/new.csv"], ranks: ranks)
        #expect(result.exitCode == exitCode)
        #expect(messages(result).count == 1 && result.error.contains(words), "\(result.error)")
      }
      let left = try FileManager.default.contentsOfDirectory(atPath: SharedInputs.folder.appending(path: "never").path)
      #expect(left.isEmpty, "\(left)")
    }

    @Test func `a table is not replaced by its posteriors, and what is there stays`() throws {
      let before = try bytes("trial.csv")
      for (out, words) in [("trial.csv", "is an input of this run"), ("new.csv", "new.csv exists; give --force")] {
        let force = out == "trial.csv" ? ["--force"] : []
        let result = try givDist(["predict", "run", "trial.csv", "--out", out] + force)
        #expect(result.exitCode == 73 && result.error.contains(words), "\(result.error)")
      }
      #expect(try bytes("trial.csv") == before)
    }
  }
}

private let german = "--delimiter ; --decimal-mark ,"
private let columns = "--treatment dose --outcome survival --covariates age,region"

/// Runs a command, and demands that it works.
private func command(_ text: String, in folder: URL) throws {
  let result = try givDist(text.split(separator: " ").map(String.init), in: folder)
  try #require(result.exitCode == 0, "\(text): \(result.error)")
}
