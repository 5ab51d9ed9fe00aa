import Foundation
import TestSupport
import Testing

/// `giv-dist predict`: a stored model on the rows that it was fitted to, and on others.
extension OnRanks {
  @Suite(
    .inputs { folder in
      try simulate("--rows 3000 --shards 3 --out shards --test-rows 800", in: folder)
      try simulate("--rows 500 --covariates 2 --out narrow", in: folder)
      for distribution in ["regression", "gaussian", "kmeans"] {
        _ = try train(fit(distribution) + ["--out", distribution], in: folder)
      }
      try script("h5py.File('narrow.h5', 'w')['x'] = np.ones((5, 3))", in: folder)
    }) struct PredictTests
  {
    private struct Report: Decodable {
      let rows: Int
      let groups: Int
      let labelCounts: [Int]
      let accuracy: Double?
      let posteriorDigest: String
    }

    private func predict(_ arguments: [String], ranks: Int? = nil) throws -> Report {
      let result = try givDist(["predict"] + arguments + ["--json"], ranks: ranks)
      #expect(result.exitCode == 0, "\(result.error)")
      _ = try object(result.output)
      return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    }

    @Test(arguments: ["regression", "gaussian", "kmeans"])
    func `The rows of the fit get the posteriors of the fit`(distribution: String) throws {
      let fit = try train(fit(distribution))
      let report = try predict([distribution, "shards", "--out", "\(distribution).h5"])
      #expect(report.posteriorDigest == fit.posteriorDigest && report.accuracy == fit.accuracy)
      let ranks = try predict([distribution, "shards", "--out", "\(distribution)-3.h5"], ranks: 3)
      #expect(ranks.posteriorDigest == fit.posteriorDigest)
      for name in ["\(distribution).h5", "\(distribution)-3.h5"] {
        #expect(
          FileManager.default.contentsEqual(
            atPath: "\(SharedInputs.folder.path)/\(distribution)/posteriors.h5",
            andPath: "\(SharedInputs.folder.path)/\(name)"))
      }
    }

    @Test func `New rows get posteriors, by the file of the model too`() throws {
      let report = try predict(["regression", "shards/test.h5", "--out", "new.h5"])
      #expect(report.rows == 800 && report.groups == 3 && report.labelCounts.reduce(0, +) == 800)
      #expect(try #require(report.accuracy) > 0.85)
      #expect(
        try script("with h5py.File('new.h5') as f: print(f['posterior'].shape, f['label'].shape)")
          == "(800, 3) (800,)\n")
      let again = try predict(["regression/model.h5", "shards/test.h5", "--out", "again.h5"])
      #expect(again.posteriorDigest == report.posteriorDigest)
    }

    @Test func `An existing file stays unless forced`() throws {
      let folder = SharedInputs.folder
      try Data("precious".utf8).write(to: folder.appending(path: "kept.h5"))
      let arguments = ["predict", "regression", "shards/test.h5", "--out", "kept.h5"]
      let refused = try givDist(arguments)
      #expect(refused.exitCode == 73)
      #expect(messages(refused) == ["giv-dist: error: kept.h5 exists; give --force to replace it, or another name"])
      #expect(try Data(contentsOf: folder.appending(path: "kept.h5")) == Data("precious".utf8))
      #expect(try givDist(arguments + ["--force"]).exitCode == 0)
      #expect(try Data(contentsOf: folder.appending(path: "kept.h5")) != Data("precious".utf8))
    }

    @Test(arguments: ["regression/model.h5", "shards/shard-00001.h5", "shards/../shards/manifest.json"])
    func `No input is replaced`(out: String) throws {
      let file = SharedInputs.folder.appending(path: out)
      let before = try Data(contentsOf: file)
      let refused = try givDist(["predict", "regression", "shards", "--out", out, "--force"])
      #expect(refused.exitCode == 73)
      #expect(
        messages(refused) == ["giv-dist: error: --out \(out) is an input of this run; name another file"])
      #expect(try Data(contentsOf: file) == before)
    }

    @Test func `Nothing but a regular file is replaced`() throws {
      try script(
        """
        os.mkfifo('pipe')
        os.mkdir('folder')
        os.symlink('narrow.h5', 'link')
        os.symlink('nowhere', 'loose')
        """)
      for name in ["pipe", "folder", "link", "loose"] {
        let refused = try givDist(["predict", "regression", "shards/test.h5", "--out", name, "--force"])
        #expect(refused.exitCode == 73)
        #expect(messages(refused) == ["giv-dist: error: \(name) is no regular file; name another"])
      }
      #expect(
        try script(
          "import stat; print(*(stat.S_IFMT(os.lstat(n).st_mode) for n in ['pipe', 'folder', 'link', 'loose']))")
          == "\(S_IFIFO) \(S_IFDIR) \(S_IFLNK) \(S_IFLNK)\n")
    }

    @Test(arguments: [
      (
        ["regression", "narrow"], 65,
        "narrow/shard-00000.h5 has covariates x0, x1, the model was fitted to x0, x1, x2; "
      ),
      (["nowhere", "shards"], 66, "nowhere/model.h5: No such file or directory"),
      (["regression/posteriors.h5", "shards"], 65, "regression/posteriors.h5 is no model; "),
      (["regression", "narrow.h5"], 65, "narrow.h5 has no dataset 't'"),
    ])
    func `What cannot be used is named`(arguments: [String], exitCode: Int32, words: String) throws {
      let result = try givDist(["predict"] + arguments + ["--out", "never.h5"])
      #expect(result.exitCode == exitCode)
      #expect(messages(result).count == 1 && result.error.contains(words), "\(result.error)")
      #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.path + "/never.h5"))
    }

    @Test func `An altered model is refused`() throws {
      try script(
        """
        import shutil
        shutil.copytree('regression', 'altered')
        with h5py.File('altered/model.h5', 'r+') as f: f['mixture/mixing_weights'][0] += 1e-12
        """)
      let result = try givDist(["predict", "altered", "shards", "--out", "never.h5"])
      #expect(result.exitCode == 65)
      #expect(result.error.contains("altered/model.h5 was altered"), "\(result.error)")
    }
  }
}

/// The fits that are stored and predicted from: one on splines, the others on the covariates as they are.
private func fit(_ distribution: String) -> [String] {
  let representation = distribution == "regression" ? "spline" : "identity"
  return [
    "shards", "--groups", "3", "--starts", "6", "--distribution", distribution, "--representation", representation,
  ]
}
