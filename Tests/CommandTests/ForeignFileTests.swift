import Foundation
import TestSupport
import Testing

/// HDF5 files that other programs wrote: other dataset names, types and layouts, and none of our attributes.
@Suite(
  .inputs { folder in
    try script(
      """
      generator, n = np.random.default_rng(7), 2500
      z = generator.integers(0, 2, n)
      x = generator.normal(size=(n, 2)).astype('f4')
      t = np.rint(100 * (np.where(z == 0, x.sum(1), -x.sum(1)) + .1 * generator.normal(size=n))).astype('i4')
      y = generator.normal(size=n).astype('f4')
      names = {'visit/covariates': x, 'dose': t, 'survival': y, 'ward': z.astype('i1'), 'number': np.arange(n) + 7}
      with h5py.File('foreign.h5', 'w') as f:
          for name, values in names.items(): f[name] = values
      with h5py.File('big-endian.h5', 'w') as f:
          f['x'], f['t'], f['y'] = x.astype('>f8'), t.astype('>i2'), y
          f['z'], f['id'] = z.astype('f8'), [f'{i + 7}' for i in range(n)]
      with h5py.File('column.h5', 'w') as f:
          f.create_dataset('x', data=x, chunks=(100, 2), compression='gzip')
          f['t'], f['y'] = t.reshape(n, 1).astype('f8'), y
      """, in: folder)
  }) struct ForeignFileTests
{
  private static let names = [
    "--x", "visit/covariates", "--t", "dose", "--y", "survival", "--z", "ward", "--id", "number",
  ]

  @Test func `Named datasets are trained on and predicted`() throws {
    let report = try train(["foreign.h5", "--groups", "2", "--out", "run"] + Self.names)
    #expect(report.rows == 2500)
    #expect(try #require(report.accuracy) > 0.9)
    let output = try script(
      """
      with h5py.File('run/posteriors.h5') as f: print((f['id'][:] == np.arange(2500) + 7).all(), f['id'].dtype.kind)
      """)
    #expect(output == "True i\n")
    let arguments = ["predict", "run", "foreign.h5", "--out", "new.h5", "--json"]
    let result = try givDist(arguments + Self.names)
    #expect(try object(result.output)["posteriorDigest"] as? String == report.posteriorDigest, "\(result.error)")
  }

  @Test func `Named datasets are inspected`() throws {
    let result = try givDist(["inspect", "foreign.h5", "--json"] + Self.names)
    #expect(result.exitCode == 0, "\(result.error)")
    let report = try object(result.output)
    #expect(report["rows"] as? Int == 2500 && report["isSound"] as? Bool == true)
    let columns = (report["files"] as? [[String: Any]])?.first?["columns"] as? [[String: Any]]
    #expect(columns?.compactMap { $0["name"] as? String } == ["x0", "x1", "dose", "survival", "ward", "number"])
    #expect(columns?.compactMap { $0["missing"] as? Int } == [0, 0, 0, 0, 0, 0])
    let roles = ["covariate", "covariate", "treatment", "outcome", "source", "identifier"]
    #expect(columns?.compactMap { $0["role"] as? String } == roles)
  }

  @Test func `They are not turned into shards where they are`() throws {
    let result = try givDist([
      "shard", "foreign.h5", "--treatment", "dose", "--outcome", "survival", "--covariates", "visit/covariates",
      "--out",
      ".", "--force",
    ])
    #expect(result.exitCode == 73)
    #expect(messages(result) == ["giv-dist: error: --out . holds the input foreign.h5; name another folder"])
  }

  @Test(arguments: ["big-endian.h5", "column.h5"])
  func `The same numbers in other types and layouts are the same rows`(file: String) throws {
    let foreign = try train(["foreign.h5", "--groups", "2"] + Self.names)
    let other = try train([file, "--groups", "2"])
    #expect(other.posteriorDigest == foreign.posteriorDigest)
    #expect(other.logLikelihood == foreign.logLikelihood)
  }

  @Test func `Without names the message lists what the file holds and how to name it`() throws {
    let result = try givDist(["train", "foreign.h5", "--groups", "2"])
    #expect(result.exitCode == 65)
    #expect(
      messages(result) == [
        "giv-dist: error: foreign.h5 has no dataset 'x' (covariates); it holds: dose, number, survival, "
          + "visit/covariates, ward; name the one to use with --x"
      ])
  }

  @Test(arguments: ["--x", "--t", "--y", "--z", "--weight", "--id"])
  func `A named dataset must be there`(option: String) throws {
    let result = try givDist(["train", "column.h5", "--groups", "2", option, "missing"])
    #expect(result.exitCode == 65)
    #expect(messages(result).count == 1 && result.error.contains("no dataset 'missing'"), "\(result.error)")
  }
}
