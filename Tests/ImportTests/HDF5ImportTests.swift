import Diagnostics
import Foundation
import Import
import Shards
import Storage
import TestSupport
import Testing

/// Tables in HDF5 files that others wrote, as `shard` reads them.
@Suite struct HDF5ImportTests {
  private func make(_ script: String, in folder: ScratchFolder) throws {
    let prelude = """
      import os, sys, h5py, numpy as np
      os.chdir(sys.argv[1])
      n = 60
      x, t = np.arange(2. * n).reshape(n, 2) / 8, np.arange(n) / 4
      def file(name, block=0, **changes):
          with h5py.File(name, 'w', userblock_size=block) as f:
              for key, values in ({'x': x, 't': t, 'y': t + 1} | changes).items():
                  if values is not None: f[key] = values

      """
    let result = try python(["-c", prelude + script, folder.path])
    #expect(result.exitCode == 0, "\(result.error)")
  }

  private func run(
    _ name: String, in folder: ScratchFolder, _ change: (inout ImportPlan) -> Void = { _ in }
  ) throws -> ImportSummary {
    var plan = ImportPlan(treatment: "t", outcome: "y", covariates: ["x"])
    change(&plan)
    return try Importer(inputs: [folder.file(name)], plan: plan).run(into: folder.file("out"), force: true)
  }

  private func refusal(
    _ name: String, in folder: ScratchFolder, _ change: (inout ImportPlan) -> Void = { _ in }
  ) -> String? {
    failure { _ = try run(name, in: folder, change) }?.message
  }

  @Test func `Marked values are missing, packed ones unpacked, and both are told with their number`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      marked = t.copy(); marked[[7, 20, 21]] = -9999
      na = (4 * t).astype('i4'); na[3] = -2**31
      file('a.h5', t=marked, s=(4 * t).astype('i2'), na=na)
      with h5py.File('a.h5', 'r+') as f:
          f['t'].attrs['_FillValue'] = -9999.
          f['s'].attrs['scale_factor'] = .25
      """, in: folder)
    let summary = try run("a.h5", in: folder) {
      $0.covariates = ["x", "s", "na"]
      $0.missing = .drop
    }
    #expect(summary.rows == 56 && summary.record.missingValues.missing == ["t": 3, "na": 1])
    let marked = summary.findings.filter { $0.code == .valuesMarkedMissing }
    #expect(marked.map { $0.name(.column) } == ["t", "na"] && marked.map { $0.count(.count) } == [3, 1])
    #expect(summary.findings.filter { $0.code == .valuesScaled }.map { $0.name(.column) } == ["s"])
    let shard = try HDF5File.open(folder.file("out/shard-00000.h5"))
    #expect(try shard.dataset("x").read(Double.self, rows: 0..<1) == [0, 0.125, 0, 0])
    #expect(try shard.dataset("x").read(Double.self, rows: 4..<5) == [1.25, 1.375, 1.25, 5])
    let refusal = refusal("a.h5", in: folder)
    #expect(refusal?.contains("3 of 60 rows miss values: t 3") == true)
  }

  @Test func `What cannot be read whole is refused before anything is written`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      file('block.mat', block=512); file('turned.h5', x=x.T); file('matlab.mat', block=512, x=x.T, t=t[None], y=t[None])
      with h5py.File('holes.h5', 'w') as f:
          f['x'], f['y'] = x, t
          f.create_dataset('t', (n,), 'f8', chunks=(20,))[:40] = 1
      with h5py.File('gone.h5', 'w', libver=('earliest', 'v110')) as f:
          f['x'], f['y'] = x, t
          layout = h5py.VirtualLayout((n,), 'f8'); layout[:] = h5py.VirtualSource('nowhere.h5', 't', (n,))
          f.create_virtual_dataset('t', layout)
      with h5py.File('lzf.h5', 'w') as f:
          f['t'], f['y'] = t, t
          f.create_dataset('x', data=x, compression='lzf')
      """, in: folder)
    #expect(try run("block.mat", in: folder).rows == 60)
    for (name, words) in [
      ("turned.h5", "dataset 'x' has the shape [2, 60]: it looks transposed"),
      ("matlab.mat", "it has one row: it looks transposed"),
      ("holes.h5", "1 of its 3 chunks were never written, first that of row 40"),
      ("gone.h5", "its source 't' of nowhere.h5 is missing"), ("lzf.h5", "filter lzf (32000)"),
    ] {
      let message = refusal(name, in: folder)
      #expect(message?.contains(words) == true, "\(name): \(message ?? "")")
    }
  }

  @Test func `Texts lose the blanks that fill them up, and identifiers keep all digits`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      file('a.h5', site=np.array([b'North   ', b' South'] * 30), number=np.arange(n) + 2**53 + 1,
           ascii=[b'p%d' % i for i in range(n)], truth=t > 7)
      file('bad.h5', site=np.array(['Zürich'.encode('latin-1')] * n))
      """, in: folder)
    let summary = try run("a.h5", in: folder) {
      $0.covariates = ["x", "site", "truth"]
      $0.identifier = "number"
    }
    #expect(summary.record.categories.covariates == ["site": ["North", "South"]])
    #expect(summary.covariates.last == "truth")
    let shard = try HDF5File.open(folder.file("out/shard-00000.h5"))
    #expect(try shard.dataset("id").readStrings(rows: 0..<2) == ["9007199254740993", "9007199254740994"])
    let message = refusal("bad.h5", in: folder) { $0.covariates = ["x", "site"] }
    #expect(message?.contains("dataset 'site', row 0 (counted from 0): 'Z\\xfcrich' is not UTF-8") == true)
  }
}
