import Diagnostics
import Foundation
import Shards
import Storage
import TestSupport
import Testing

/// Files cross to and from h5py.
@Suite struct ShardInterchangeTests {
  @Test func `h5py reads what we write`() throws {
    let folder = try ScratchFolder()
    let rows = ExampleRows(rowCount: 20_000)
    try rows.write(0..<20_000, to: folder.file("a.h5")) { $0.institution = "Zürich" }
    let output = try pythonOutput(
      """
      import sys, hashlib, h5py
      f = h5py.File(sys.argv[1])
      for name in ['x', 't', 'y', 'weight', 'z']:
          print(name, f[name].shape, f[name].dtype, hashlib.sha256(f[name][:].tobytes()).hexdigest())
      print(f['id'].asstr()[19999], f.attrs['encoding-type'], f.attrs['institution'], list(f.attrs['covariates']))
      print(f['x'].fletcher32, f['x'].chunks)
      """, folder.file("a.h5"))
    func digest<Number: BitwiseCopyable>(_ numbers: [Number]) -> String {
      var digest = SHA256Digest()
      digest.update(numbers)
      return digest.finalize()
    }
    #expect(
      output == """
        x (20000, 3) float64 \(digest(rows.block(0..<20_000).covariates))
        t (20000,) float64 \(digest(rows.treatment))
        y (20000,) float64 \(digest(rows.outcome))
        weight (20000,) float64 \(digest(rows.weight))
        z (20000,) int64 \(digest(rows.source))
        row-19999 giv-shard Zürich ['covariate 0', 'covariate 1', 'covariate 2']
        True (16384, 3)

        """)
  }

  @Test func `Files of others are read by naming`() throws {
    let folder = try ScratchFolder()
    _ = try pythonOutput(
      """
      import sys, h5py, numpy as np
      f = h5py.File(sys.argv[1], 'w')
      n = 2500
      f['data/covariates'] = (np.arange(2 * n).reshape(n, 2) / 8).astype('f4')
      f.create_dataset('data/dose', data=(np.arange(n) % 7).astype('i2'), compression='gzip')
      f['response'] = -np.arange(n).astype('>f8').reshape(n, 1)
      f['patient'] = ['p%d' % i for i in range(n)]
      f['site'] = (np.arange(n) % 4).astype('u1')
      """, folder.file("a.h5"))
    var names = DatasetNames()
    (names.covariates, names.treatment, names.outcome) = ("/data/covariates", "data/dose", "response")
    (names.identifier, names.source) = ("patient", "site")
    let content = try FrameContent(
      [folder.file("a.h5")], ranks: 3, names: names, roles: [.outcome, .source])
    let range = 0..<2_500
    #expect(content.columns[0] == range.map { Double(2 * $0) / 8 })
    #expect(content.columns[1] == range.map { Double(2 * $0 + 1) / 8 })
    #expect(content.columns[2] == range.map { Double($0 % 7) })
    #expect(content.columns[3] == range.map { -Double($0) })
    #expect(content.sources == range.map { Int64($0 % 4) })
    let collection = try ShardCollection.open([folder.file("a.h5")], names: names)
    #expect(collection.covariateNames == ["x0", "x1"])
    #expect(try collection.identifiers(ofRows: 2_498..<2_500) == .strings(["p2498", "p2499"]))
  }

  @Test func `Chunks larger than the cache and virtual datasets are read`() throws {
    let folder = try ScratchFolder()
    _ = try pythonOutput(
      """
      import sys, os, h5py, numpy as np
      n = 200000
      with h5py.File(os.path.join(sys.argv[1], 'part.h5'), 'w') as f:
          f['t'] = np.arange(n) / 4
      with h5py.File(os.path.join(sys.argv[1], 'a.h5'), 'w', libver=('earliest', 'v110')) as f:
          f.create_dataset('x', data=np.arange(2.0 * n).reshape(n, 2), chunks=(n, 1), compression='gzip')
          layout = h5py.VirtualLayout((n,), 'f8')
          layout[:] = h5py.VirtualSource('part.h5', 't', (n,))
          f.create_virtual_dataset('t', layout)
      """, folder.path)
    let content = try FrameContent([folder.file("a.h5")], ranks: 2, roles: [])
    let range = 0..<200_000
    #expect(content.columns[0] == range.map { Double(2 * $0) })
    #expect(content.columns[1] == range.map { Double(2 * $0 + 1) })
    #expect(content.columns[2] == range.map { Double($0) / 4 })
  }

  @Test func `Records, missing virtual sources and integers that are too large are refused`() throws {
    let folder = try ScratchFolder()
    _ = try pythonOutput(
      """
      import sys, os, h5py, numpy as np
      folder = sys.argv[1]
      def start(name):
          f = h5py.File(os.path.join(folder, name), 'w')
          f['x'] = np.zeros((3, 2))
          return f
      start('record.h5')['t'] = np.zeros(3, dtype=[('a', 'f8'), ('b', 'f8')])
      f = start('virtual.h5')
      layout = h5py.VirtualLayout((3,), 'f8')
      layout[:] = h5py.VirtualSource('gone.h5', 't', (3,))
      f.create_virtual_dataset('t', layout)
      f = start('unsigned.h5')
      f['t'] = np.zeros(3)
      f['id'] = np.array([1, 2, 2**63 + 5], dtype='u8')
      """, folder.path)
    func refusal(_ name: String) -> Failure? {
      failure { _ = try ShardCollection.open([folder.file(name)]) }
    }
    #expect(refusal("record.h5")?.message.contains("'t' holds compound records") == true)
    #expect(refusal("virtual.h5")?.message.contains("its source 't' of gone.h5 is missing") == true)
    let collection = try ShardCollection.open([folder.file("unsigned.h5")])
    let message = failure { _ = try collection.identifiers(ofRows: 0..<3) }?.message
    #expect(message?.contains("row 2 (counted from 0): 9223372036854775813 does not fit") == true)
  }

  @Test func `A file that another process writes names the remedy`() throws {
    let folder = try ScratchFolder()
    let writer = try HDF5File.create(folder.file("a.h5"))
    try writer.write([1.0], to: "x")
    let output = try pythonOutput(
      """
      import sys, h5py
      try:
          h5py.File(sys.argv[1])
      except OSError as error:
          print(error)
      """, folder.file("a.h5"))
    #expect(output.contains("errno = 11,"))  // the words on which our own message turns
    try writer.close()
  }
}
