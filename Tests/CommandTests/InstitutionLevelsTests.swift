import Foundation
import TestSupport
import Testing

private let levelsFit = ["--groups", "2", "--starts", "2", "--progress", "none"]

/// Makes shards, and demands that it works.
private func makeShard(_ arguments: [String], columns: Bool = true, in folder: URL) throws {
  let columns = columns ? ["--treatment", "t", "--outcome", "y", "--covariates", "age,region,stage"] : []
  let result = try givDist(["shard"] + arguments + columns + ["--source", "hospital"], in: folder)
  try #require(result.exitCode == 0, "\(result.error)")
}

/// Institutions that make their shards apart, each with some of the levels, and rows that come later.
extension OnRanks {
  @Suite(
    .inputs { folder in
      // Regions A and C, B only, all; a stage in numbers; five rows more, to be predicted.
      try script(
        """
        r = np.random.default_rng(7); n = 480
        z, a, s = r.integers(0, 2, n), r.normal(size=n), r.integers(1, 4, n)
        g = np.concatenate([r.choice(list('AC'), 160), ['B'] * 160, r.choice(list('ABC'), 160)])
        t = np.where(z == 0, a, .5 - a) + .8 * (g == 'B') + .2 * r.normal(size=n)
        y = t + r.normal(size=n)
        def table(name, rows, outcome=True):
            with open(name, 'w') as f:
                f.write('t,' + 'y,' * outcome + 'age,region,stage,hospital\\n')
                for i in rows:
                    y_i = f'{y[i]},' * outcome
                    f.write(f'{t[i]},{y_i}{a[i]},{g[i]},{s[i]},{["north", "south", "west"][i // 160]}\\n')
        table('all.csv', range(n))
        for k in range(3): table(f'site{k}.csv', range(160 * k, 160 * k + 160))
        table('new.csv', [2, 200, 201], outcome=False)
        table('one.csv', [200])
        open('levels.json', 'w').write('{"region": ["A", "B", "C"], "stage": [1, 2, 3]}')
        open('unknown.csv', 'w').write('t,age,region,stage\\n1,2,A,1\\n1,2,D,1\\n')
        """, in: folder)
      try makeShard(["all.csv", "--out", "all", "--categorical", "stage"], in: folder)
      for site in 0..<3 {
        try makeShard(["site\(site).csv", "--out", "apart\(site)", "--categorical", "stage"], in: folder)
        try makeShard(["site\(site).csv", "--out", "agreed\(site)", "--levels", "levels.json"], in: folder)
        try makeShard(["site\(site).csv", "--out", "like\(site)", "--like", "all"], columns: false, in: folder)
      }
      _ = try train(["all", "--out", "run"] + levelsFit, in: folder)
    }) struct InstitutionLevelsTests
  {
    private func refusal(_ arguments: [String], ranks: Int? = nil) throws -> String {
      let result = try givDist(arguments, ranks: ranks)
      #expect(result.exitCode == 65, "\(result.output)")
      let messages = messages(result)
      #expect(messages.count == 1)
      return messages.first ?? ""
    }

    @Test(arguments: ["apart", "agreed", "like"], [nil, 3])
    func `shards made apart are fitted as the table at once`(how: String, ranks: Int?) throws {
      let whole = try train(["all"] + levelsFit)
      let sites = try train((0..<3).map { "\(how)\($0)" } + levelsFit, ranks: ranks)
      #expect(sites.digests == whole.digests)
    }

    @Test func `other levels are a note of train and of inspect`() throws {
      let sites = (0..<3).map { "apart\($0)" }
      let note = "note: files have different levels of region, which are taken together: A, B, C, the first being the "
      let inspected = try givDist(["inspect"] + sites)
      #expect(inspected.exitCode == 0 && inspected.output.contains(note))
      #expect(!inspected.output.contains("no problems found"))
      #expect(try givDist(["train"] + sites + levelsFit).output.contains(note))
      #expect(try givDist(["inspect"] + (0..<3).map { "like\($0)" }).output.contains("no problems found"))
    }

    @Test(arguments: [nil, 3]) func `new rows get the posteriors that they have among all`(ranks: Int?) throws {
      for (name, like) in [("run", "run"), ("all", "all")] {
        let made = try givDist(["shard", "new.csv", "--like", like, "--out", "new-\(name)", "--force"], ranks: ranks)
        #expect(made.exitCode == 0, "\(made.error)")
        for rows in ["new-\(name)", "apart1"] {
          let predicted = try givDist(["predict", "run", rows, "--out", "\(rows).p.h5", "--force"], ranks: ranks)
          #expect(predicted.exitCode == 0, "\(predicted.error)")
        }
        #expect(
          try script(
            """
            all, new, site = [h5py.File(p)['posterior'][:] for p in ('run/posteriors.h5', 'new-\(name).p.h5', 'apart1.p.h5')]
            print(np.array_equal(all[[2, 200, 201]], new), np.array_equal(all[160:320], site))
            """) == "True True\n")
      }
    }

    @Test func `a single row without an option for its levels is read by name`() throws {
      try makeShard(["one.csv", "--out", "one", "--categorical", "stage"], in: SharedInputs.folder)
      #expect(try givDist(["predict", "run", "one", "--out", "one.h5", "--force"]).exitCode == 0)
      #expect(
        try script(
          "print(np.array_equal(h5py.File('run/posteriors.h5')['posterior'][200:201], h5py.File('one.h5')['posterior']))"
        )
          == "True\n")
    }

    @Test(arguments: [nil, 3]) func `levels that a model does not know are refused`(ranks: Int?) throws {
      _ = try givDist(["train", "apart0", "--out", "run-AC", "--force"] + levelsFit)
      let predicted = try refusal(["predict", "run-AC", "apart1", "--out", "refused.h5"], ranks: ranks)
      #expect(
        predicted.contains(
          "apart1/shard-00000.h5: covariate 'region' has the levels B, and the model was fitted to A, C"))
      let made = try refusal(["shard", "unknown.csv", "--like", "run", "--out", "refused"], ranks: ranks)
      #expect(made.contains("unknown.csv: line 3, column 'region': 'D' is none of the levels that run knows: A, B, C"))
    }

    @Test func `sources are named, and outcomes asked for where they are read`() throws {
      let result = try givDist(["train"] + (0..<3).map { "apart\($0)" } + levelsFit + ["--json"])
      #expect(try object(result.output)["trueSources"] as? [Int] == [0, 1, 2])
      _ = try givDist(["shard", "new.csv", "--like", "run", "--out", "no-outcome", "--force"])
      let joint = try refusal(["train", "no-outcome", "--distribution", "joint"] + levelsFit)
      #expect(joint.contains("has no dataset 'y' (outcome)") && joint.contains("'giv-dist shard --outcome'"))
    }

    @Test func `a column that is no one's is asked for`() throws {
      for (arguments, words) in [
        (["--covariates", "age"], "no treatment is named"), (["--treatment", "t"], "--covariates names no column"),
        (["--like", "run", "--levels", "levels.json"], "--like takes levels from run; leave out --levels"),
        (["--like", "all", "--covariates", "age"], "the covariates are named age, and all has age, region, stage"),
      ] {
        let result = try givDist(["shard", "all.csv", "--out", "refused"] + arguments)
        #expect(result.exitCode == 64 && messages(result).first?.contains(words) == true, "\(result.error)")
      }
    }
  }
}
