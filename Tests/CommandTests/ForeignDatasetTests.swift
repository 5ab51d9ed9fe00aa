import Foundation
import TestSupport
import Testing

/// HDF5 that is not what it seems, as every command meets it.
@Suite(
  .inputs { folder in
    try script(
      """
      generator, n = np.random.default_rng(7), 600
      group, x = generator.integers(0, 2, n), generator.normal(size=(n, 2))
      t = np.where(group == 0, x.sum(1), .7 - x.sum(1)) + .1 * generator.normal(size=n)
      y = t + generator.normal(size=n)
      def file(name, **changes):
          with h5py.File(name, 'w', libver=('earliest', 'v110')) as f:
              for key, values in ({'x': x, 't': t, 'y': y} | changes).items():
                  if values is not None: f[key] = values
      def virtual(name, second):
          file(name, t=None)
          with h5py.File(name, 'r+', libver=('earliest', 'v110')) as f:
              layout = h5py.VirtualLayout((n,), 'f8')
              for i, source in enumerate(('first.h5', second)):
                  layout[300 * i:300 * i + 300] = h5py.VirtualSource(source, 't', (300,))
              f.create_virtual_dataset('t', layout)
      file('good.h5')
      for i, name in enumerate(('first', 'second')):
          with h5py.File(name + '.h5', 'w') as f: f['t'] = t[300 * i:300 * i + 300]
      virtual('whole.h5', 'second.h5'); virtual('gone.h5', 'nowhere.h5')
      latin = [b'p%d' % i for i in range(n)]; latin[450] = 'Zoë'.encode('latin-1')
      file('latin.h5', id=np.array(latin)); file('depth.h5', z=y, id=y)
      """, in: folder)
  }) struct ForeignDatasetTests
{
  private static let refused = "gone.h5: dataset 't' is virtual, and its source 't' of nowhere.h5 is missing"

  @Test func `A virtual dataset is trained on like the plain one, and refused by every command without a source`()
    throws
  {
    let good = try train(["good.h5", "--groups", "2", "--out", "run"])
    #expect(try train(["whole.h5", "--groups", "2"]).digests == good.digests)
    #expect(try givDist(["train", "good.h5", "--groups", "2", "--out", "sweep"]).exitCode == 0)
    let columns = ["--treatment", "t", "--outcome", "y", "--covariates", "x", "--out", "never"]
    for arguments in [
      ["train", "gone.h5", "--groups", "2"], ["predict", "run", "gone.h5", "--out", "never.h5"],
      ["sweep", "gone.h5", "--groups", "1,2", "--out", "never"], ["shard", "gone.h5"] + columns,
    ] {
      let result = try givDist(arguments)
      #expect(result.exitCode == 66, "\(arguments)")
      #expect(messages(result).count == 1 && result.error.contains(Self.refused), "\(result.error)")
    }
    let result = try givDist(["inspect", "gone.h5"])
    #expect(result.exitCode == 66 && result.output.contains("problem: " + Self.refused), "\(result.output)")
  }

  @Test func `Identifiers are read before the fit, and left out by none`() throws {
    let result = try givDist(["train", "latin.h5", "--groups", "2", "--out", "latin"])
    #expect(result.exitCode == 65)
    #expect(result.error.contains("dataset 'id', row 450 (counted from 0): 'Zo\\xeb' is not UTF-8"), "\(result.error)")
    #expect(result.error.contains("leave identifiers out with --id none"))
    #expect(!FileManager.default.fileExists(atPath: SharedInputs.folder.appending(path: "latin").path))
    _ = try train(["latin.h5", "--groups", "2", "--out", "latin", "--id", "none"])
    #expect(try script("print(sorted(h5py.File('latin/posteriors.h5')))") == "['label', 'posterior']\n")
    let prediction = try givDist(["predict", "latin", "latin.h5", "--out", "latin.posteriors"])
    #expect(prediction.exitCode == 65 && prediction.error.contains("row 450"), "\(prediction.error)")
  }

  @Test func `Sources and identifiers that are none are left out with a note, or without by none`() throws {
    let result = try givDist(["train", "depth.h5", "--groups", "2", "--json"])
    #expect(result.exitCode == 0, "\(result.error)")
    let report = try object(result.output)
    let findings = try #require(report["findings"] as? [[String: Any]])
    let left = findings.filter { $0["code"] as? String == "dataset-left-out" }
    #expect(left.compactMap { ($0["values"] as? [String: Any])?["column"] as? String } == ["z", "id"])
    #expect(report["accuracy"] is NSNull)
    let silent = try givDist(["train", "depth.h5", "--groups", "2", "--z", "none", "--id", "none"])
    #expect(silent.exitCode == 0 && !silent.output.contains("left out"), "\(silent.output)")
  }
}

extension OnRanks {
  @Suite(
    .inputs { folder in
      try script(
        """
        n = 300
        x, t = np.random.default_rng(1).normal(size=(n, 2)), np.arange(n) / 7
        with h5py.File('holes.h5', 'w') as f:
            f['x'] = x
            f.create_dataset('t', (n,), 'f8', chunks=(100,))[:200] = t[:200]
        with h5py.File('late.h5', 'w') as f:
            f['x'], f['t'] = x, t
            f['id'] = np.array([b'p'] * 299 + [b'\\xff'])
        """, in: folder)
    }) struct ForeignDatasetOnRanksTests
  {
    @Test(arguments: [
      (["holes.h5"], "1 of its 3 chunks were never written, first that of row 200"),
      (["late.h5", "--out", "late"], "row 299 (counted from 0): '\\xff' is not UTF-8"),
    ])
    func `Ranks refuse it once, and none hangs`(arguments: [String], words: String) throws {
      let result = try givDist(["train"] + arguments + ["--groups", "2"], ranks: 3)
      #expect(result.exitCode == 65 && messages(result).count == 1, "\(result.error)")
      #expect(result.error.contains(words), "\(result.error)")
    }
  }
}
