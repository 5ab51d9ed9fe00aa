import Foundation
import TestSupport
import Testing

/// `sweep`, and the choice of K by `train --groups auto`.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 3000 --shards 2 --out shards", in: folder)
      try simulate("--rows 6000 --groups 3 --scenario poly --out many", in: folder)
      try simulate("--rows 60 --out few", in: folder)
    }) struct SweepCommandTests
  {
    private func cells(_ name: String) -> [String] {
      let path = SharedInputs.folder.path + "/\(name)/cells"
      return ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }
    }

    private func digests(_ output: String) throws -> [String] {
      let cells = try #require(try object(output)["cells"] as? [[String: Any]])
      return cells.map { "\(($0["modelDigest"] as? String) ?? "none") \(($0["heldOutLogLikelihood"] as? Double) ?? 0)" }
    }

    @Test func `A sweep chooses, writes its tables and says what it chose`() throws {
      let arguments = ["sweep", "shards", "--groups", "2...4", "--starts", "3", "--lrt", "19", "--folds", "2"]
      let result = try givDist(
        arguments + [
          "--representation", "identity", "--distribution", "regression,gaussian", "--out", "one", "--json",
        ],
        ranks: 2)
      #expect(result.exitCode == 0, "\(result.error)")
      let report = try object(result.output)
      #expect(report["bestGroups"] as? Int == 3 && report["rows"] as? Int == 3000)
      let criteria = try #require(report["criteria"] as? [String: [String: Any]])
      for name in ["bic", "icl", "heldOutLogLikelihood", "mmd", "agreement", "likelihoodRatioTest"] {
        #expect((criteria[name]?["values"] as? [String: Double])?.keys.sorted() == ["2", "3", "4"], "\(name)")
      }
      #expect(criteria["bic"]?["groups"] as? Int == 3)
      let table = try script(
        """
        import csv
        rows = list(csv.DictReader(open('one/sweep.csv')))
        lines = [json.loads(line) for line in open('one/sweep.jsonl')]
        with h5py.File('one/sweep.h5') as file:
            assert file.attrs['encoding-type'] == 'giv-sweep'
            columns = {name: file[name][:] if file[name].dtype.kind != 'S' else file[name].asstr()[:] for name in file}
        assert set(columns) == set(rows[0]) and len(rows) == len(lines) == 6
        for i, (row, line) in enumerate(zip(rows, lines)):
            assert columns['groups'][i] == int(row['groups']) == line['cell']['groups']
            assert columns['bic'][i] == float(row['bic']) == line['bic']
            assert columns['modelDigest'][i] == row['modelDigest'] == line['modelDigest']
            assert (row['pValue'] == '') == np.isnan(columns['pValue'][i]) == (line['cell']['distribution'] == 'gaussian')
        print([row['distribution'] + row['groups'] for row in rows])
        """)
      #expect(table.contains("['regression2', 'regression3', 'regression4', 'gaussian2', 'gaussian3', 'gaussian4']"))

      let trained = try train(["shards", "--groups", "3", "--representation", "identity", "--starts", "3"])
      #expect(try digests(result.output)[1].hasPrefix(trained.modelDigest))
    }

    @Test func `Seeds of 64 bits without a sign are integers in every table`() throws {
      let result = try givDist([
        "sweep", "few", "--groups", "1", "--representation", "identity", "--seeds", "1,18446744073709551615",
        "--folds", "0", "--out", "seeds",
      ])
      #expect(result.exitCode == 0, "\(result.error)")
      let seeds = try script(
        """
        import csv
        with h5py.File('seeds/sweep.h5') as file: print(file['seed'].dtype, file['seed'][:].tolist())
        print([int(row['seed']) for row in csv.DictReader(open('seeds/sweep.csv'))])
        print([json.loads(line)['cell']['seed'] for line in open('seeds/sweep.jsonl')])
        """)
      let values = "[1, 18446744073709551615]\n"
      #expect(seeds == "uint64 \(values)\(values)\(values)")
    }

    @Test func `The summary names the choice of every criterion`() throws {
      let fits = ["--representation", "identity", "--starts", "4", "--out", "summary"]
      let arguments = ["sweep", "shards", "--groups", "2,3"] + fits
      let result = try givDist(arguments)
      #expect(result.exitCode == 0, "\(result.error)")
      #expect(result.output.contains("3 groups by BIC"))
      for heading in ["BIC", "ICL", "held out", "MMD", "agreement"] { #expect(result.output.contains(heading)) }
      #expect(result.output.contains("sweep.csv"))
      let refused = try givDist(arguments)
      #expect(refused.exitCode == 73 && messages(refused).count == 1, "\(refused.error)")
      let other = try givDist(["sweep", "shards", "--groups", "2,4", "--resume"] + fits)
      #expect(other.exitCode == 65 && other.error.contains("--groups lacks 3"), "\(other.error)")
      let seeds = try givDist(arguments + ["--seeds", "2,1", "--resume"])
      #expect(seeds.exitCode == 65 && seeds.error.contains("the first of --seeds was 1 and is 2"), "\(seeds.error)")
      let plan = SharedInputs.folder.appending(path: "summary/sweep.json")
      let text = try String(contentsOf: plan, encoding: .utf8)
      let older = text.replacing(/"program":"[^"]*"/, with: "\"program\":\"0.0.9\"")
      #expect(older != text)
      try Data(older.utf8).write(to: plan)
      let program = try givDist(arguments + ["--resume"])
      #expect(program.exitCode == 78, "\(program.error)")
      #expect(program.error.contains("holds a sweep of giv-dist 0.0.9 with numerics"), "\(program.error)")
    }

    /// Runs a sweep on two ranks and ends it once some cells are finished; again when it was done before that.
    private func ended(_ arguments: [String], by signal: Int32, cellCount: Int, out: String) throws -> CommandResult {
      for _ in 1...5 {
        // Cells of the attempt before would be taken for those of this one.
        try? FileManager.default.removeItem(at: SharedInputs.folder.appending(path: out))
        let result = try givDist(arguments + ["--out", out], ranks: 2) { launcher in
          let deadline = ContinuousClock.now + .seconds(commandTimeout)
          var rank: pid_t?
          while kill(launcher, 0) == 0 {
            // Looked up before it is needed, for that takes its time.
            if rank == nil { rank = rankProcess(1, of: launcher) }
            if rank != nil && cells(out).count >= 2 { break }
            try #require(ContinuousClock.now < deadline, "no cell was finished")
            usleep(1_000)
          }
          // mpirun hands SIGUSR1 on to the ranks.
          if let process = signal == SIGKILL ? rank : launcher { kill(process, signal) }
        }
        if cells(out).count < cellCount { return result }
      }
      return try #require(nil, "five sweeps were done before they could be ended")
    }

    @Test(arguments: [SIGKILL, SIGUSR1])
    func `A sweep that is killed or stopped goes on where it was`(signal: Int32) throws {
      let options = ["--groups", "1...3", "--representation", "identity,spline", "--starts", "10", "--folds", "2"]
      let arguments = ["sweep", "many", "--json", "--seeds", "7,8,9"] + options
      let (whole, ended) = ("whole\(signal)", "ended\(signal)")
      let undisturbed = try givDist(arguments + ["--out", whole], ranks: 2)
      #expect(undisturbed.exitCode == 0, "\(undisturbed.error)")
      let result = try self.ended(arguments, by: signal, cellCount: 18, out: ended)
      #expect(result.exitCode == (signal == SIGKILL ? 137 : 75), "\(result.error)")
      #expect(cells(ended).count >= 2)
      let folder = SharedInputs.folder.appending(path: "\(ended)/cells")
      let before = try contents(folder).filter { !$0.key.hasPrefix(".") }
      let resumed = try givDist(arguments + ["--out", ended, "--resume"])
      #expect(resumed.exitCode == 0, "\(resumed.error)")
      #expect(try digests(resumed.output) == digests(undisturbed.output))
      let after = try contents(folder)
      for (name, bytes) in before { #expect(after[name] == bytes, "\(name)") }
      #expect(cells(ended).count == 18)
    }

    @Test func `When every cell fails the reason is that of the first`() throws {
      let result = try givDist(
        ["sweep", "few", "--groups", "4,5", "--distribution", "gaussian", "--out", "failed", "--starts", "2"], ranks: 2)
      #expect(result.exitCode == 70 && messages(result).count == 1, "\(result.error)")
      #expect(messages(result)[0].contains("--groups 4"))
      #expect(cells("failed").count == 2)
    }

    @Test(arguments: [
      (["--groups", "8...2"], "empty range"), (["--groups", ""], "no number"),
      (["--groups", "2,x"], "'x' is no number"),
      (["--groups", "2...70"], "there are 60 rows"), (["--groups", "0...2"], "at least 1"),
      (["--groups", "2,3", "--ranks-per-fit", "2"], "--ranks-per-fit 2"),
      (["--groups", "2", "--ranks-per-fit", "0"], "--ranks-per-fit"), (["--groups", "2", "--lrt", "9"], "--lrt 9"),
      (["--groups", "2", "--folds", "1"], "--folds"),
      (["--groups", "2", "--representation", "spiral"], "'spiral' is none of"),
      (["--groups", "2", "--seeds", "one"], "no number"), (["--groups", "2", "--resume", "--force"], "one of them"),
      (["--groups", "2,3", "--distribution", "joint"], "joint"),
    ])
    func `Options that make no sense end with 64`(options: [String], message: String) throws {
      let result = try givDist(["sweep", "few", "--out", "never"] + options)
      #expect(result.exitCode == 64 && result.error.contains(message), "\(result.error)")
      #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.path + "/never"))
    }

    @Test func `Ranks that are no multiple of those of a fit end with 64`() throws {
      let result = try givDist(["sweep", "few", "--out", "never", "--groups", "2", "--ranks-per-fit", "2"], ranks: 3)
      #expect(result.exitCode == 64 && messages(result).count == 1, "\(result.error)")
    }

    @Test func `Training chooses the number of groups by BIC`() throws {
      let options = ["shards", "--representation", "identity", "--starts", "5"]
      let chosen = try givDist(["train"] + options + ["--groups", "auto", "--max-groups", "5", "--json"], ranks: 2)
      #expect(chosen.exitCode == 0, "\(chosen.error)")
      let report = try object(chosen.output)
      #expect(report["groups"] as? Int == 3)
      let criteria = try #require(report["groupCriteria"] as? [[String: Any]])
      #expect(criteria.map { $0["groups"] as? Int } == [1, 2, 3, 4, 5])
      let lowest = criteria.compactMap { $0["bic"] as? Double }.min()
      #expect(lowest == report["bic"] as? Double)
      #expect(try train(options + ["--groups", "3"]).modelDigest == report["modelDigest"] as? String)
      let text = try givDist(["train"] + options + ["--groups", "auto", "--max-groups", "4"]).output
      #expect(text.contains("BIC by number of groups"))
    }

    @Test(arguments: [
      (["--groups", "some"], "--groups"), (["--groups", "auto", "--max-groups", "0"], "--max-groups"),
      (["--groups", "auto", "--distribution", "kmeans"], "kmeans"),
    ])
    func `A choice that cannot be made ends with 64`(options: [String], message: String) throws {
      let result = try givDist(["train", "few"] + options)
      #expect(result.exitCode == 64 && result.error.contains(message), "\(result.error)")
    }
  }
}
