import Diagnostics
import Foundation
import Frames
import Shards
import Storage
import TestSupport
import Testing

/// The layouts, types and filters of HDF5: what is read has the same bits, and what is not there is refused.
@Suite struct ForeignStorageTests {
  private static let rowCount = 200

  private static let prelude = """
    import os, sys, h5py, numpy as np
    os.chdir(sys.argv[1])
    n, later = 200, dict(libver=('earliest', 'v110'))
    x, t = np.arange(2. * n).reshape(n, 2) / 8, np.arange(n) % 100.
    def base(f, **changes):
        for key, values in ({'x': x, 't': t, 'y': t + 1} | changes).items():
            if values is not None: f[key] = values
    def file(name, **changes):
        with h5py.File(name, 'w', **later) as f: base(f, **changes)
    def virtual(name, parts, length=n, dtype='f8'):
        with h5py.File(name, 'w', **later) as f:
            base(f, t=None)
            layout = h5py.VirtualLayout((length,), dtype)
            for start, end, source, dataset, count in parts:
                layout[start:end] = h5py.VirtualSource(source, dataset, (count,))
            f.create_virtual_dataset('t', layout)

    """

  private func make(_ script: String, in folder: ScratchFolder) throws -> String {
    try pythonOutput(Self.prelude + script, folder.path)
  }

  private func content(_ name: String, in folder: ScratchFolder) throws -> [[Double]] {
    try FrameContent([folder.file(name)], ranks: 2, roles: [.outcome]).columns
  }

  /// The failure of reading a file's rows; the message without the folder.
  private func refusal(_ name: String, in folder: ScratchFolder) -> Failure? {
    failure { _ = try content(name, in: folder) }.map {
      Failure($0.exitCode, $0.message.replacing(folder.path + "/", with: ""))
    }
  }

  @Test func `Every type in every layout and filter has the same rows, or the filter is named`() throws {
    let folder = try ScratchFolder()
    let names = try make(
      """
      types = ['f2', 'f4', 'f8', '>f4', '>f8', 'g'] + [o + k + w for o in '<>' for k in 'iu' for w in '1248']
      layouts = dict(contiguous={}, chunked=dict(chunks=(64,)), gzip=dict(compression='gzip', chunks=(64,)),
                     shuffle=dict(compression='gzip', shuffle=True), checked=dict(fletcher32=True),
                     lzf=dict(compression='lzf'), growing=dict(maxshape=(None,)), scaled=dict(scaleoffset=0))
      file('plain.h5')
      for kind in types:
          for layout, options in layouts.items():
              if layout == 'scaled' and 'i' not in kind and 'u' not in kind: continue
              name = f'{layout} {kind}.h5'
              with h5py.File(name, 'w') as f:
                  base(f, t=None)
                  f.create_dataset('t', data=t.astype(kind), **options)
              print(name)
      with h5py.File('compact f8.h5', 'w') as f:
          base(f, t=None)
          creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
          creation.set_layout(h5py.h5d.COMPACT)
          d = h5py.h5d.create(f.id, b't', h5py.h5t.IEEE_F64BE, h5py.h5s.create_simple((n,)), creation)
          d.write(h5py.h5s.ALL, h5py.h5s.ALL, t)
      print('compact f8.h5')
      """, in: folder
    ).split(separator: "\n").map(String.init)
    #expect(names.count > 150)
    let plain = try content("plain.h5", in: folder)
    for name in names {
      if name.hasPrefix("lzf") {
        let refusal = refusal(name, in: folder)
        #expect(refusal?.exitCode == .data && refusal?.message.contains("filter lzf (32000)") == true, "\(name)")
        #expect(refusal?.message.contains("h5repack -f GZIP=4") == true)
      } else {
        #expect(try content(name, in: folder) == plain, "\(name)")
      }
    }
  }

  @Test func `Truth values of h5py and R are 0 and 1, and other enumerations are refused`() throws {
    let folder = try ScratchFolder()
    _ = try make(
      """
      with h5py.File('bool.h5', 'w') as f: base(f, t=t > 50)
      with h5py.File('grades.h5', 'w') as f:
          base(f, t=None)
          f.create_dataset('t', data=(t % 2).astype('i1'), dtype=h5py.enum_dtype({'low': 0, 'high': 1}, 'i1'))
      """, in: folder)
    #expect(try content("bool.h5", in: folder)[2] == (0..<Self.rowCount).map { $0 % 100 > 50 ? 1 : 0 })
    #expect(refusal("grades.h5", in: folder)?.message.contains("dataset 't' holds an enumeration") == true)
  }

  @Test func `Unsigned integers of 64 bits are codes as far as they fit`() throws {
    let folder = try ScratchFolder()
    _ = try make(
      """
      file('small.h5', z=np.arange(n).astype('u8') + 2**62, id=np.arange(n).astype('u8'))
      file('large.h5', z=np.arange(n).astype('u8') + 2**63 - 1)
      """, in: folder)
    let sources = try FrameContent([folder.file("small.h5")], ranks: 1, roles: [.source]).sources
    #expect(sources == (0..<Int64(Self.rowCount)).map { $0 + 1 << 62 })
    let message = failure { _ = try FrameContent([folder.file("large.h5")], ranks: 1, roles: [.source]) }?.message
    #expect(message?.contains("row 1 (counted from 0): 9223372036854775808 does not fit") == true, "\(message ?? "")")
  }

  @Test func `What was never written is refused with its place`() throws {
    let folder = try ScratchFolder()
    _ = try make(
      """
      def part(name, low, high, key='t', shape=(n,), **options):
          with h5py.File(name, 'w') as f:
              base(f, **{key: None})
              if high > low: f.create_dataset(key, shape, 'f8', **options)[low:high] = 1
              else: f.create_dataset(key, shape, 'f8', **options)
      part('nothing.h5', 0, 0)
      part('no-chunk.h5', 0, 0, chunks=(50,))
      part('end.h5', 0, 150, chunks=(50,), compression='gzip')
      part('middle.h5', 70, n, chunks=(70,))
      part('edge.h5', 0, n, chunks=(70,))
      with h5py.File('half a column.h5', 'w') as f:
          base(f, x=None)
          d = f.create_dataset('x', (n, 2), 'f8', chunks=(50, 1))
          d[:, 0], d[:100, 1] = 1, 1
      with h5py.File('grown.h5', 'w') as f:
          base(f, t=None)
          f.create_dataset('t', data=t[:100], maxshape=(None,), chunks=(50,)).resize((n,))
      """, in: folder)
    #expect(try content("edge.h5", in: folder)[2] == [Double](repeating: 1, count: Self.rowCount))
    for (name, words) in [
      ("nothing.h5", "dataset 't' was never written"), ("no-chunk.h5", "'t': 4 of its 4 chunks"),
      ("end.h5", "'t': 1 of its 4 chunks were never written, first that of row 150"),
      ("middle.h5", "'t': 1 of its 3 chunks were never written, first that of row 0"),
      ("half a column.h5", "'x': 2 of its 8 chunks were never written, first that of row 100"),
      ("grown.h5", "'t': 2 of its 4 chunks were never written, first that of row 100"),
    ] {
      let refusal = refusal(name, in: folder)
      #expect(refusal?.exitCode == .data && refusal?.message.contains(words) == true, "\(name): \(refusal as Any)")
    }
  }

  @Test func `Raw files must be there and long enough`() throws {
    let folder = try ScratchFolder()
    _ = try make(
      """
      t.tofile('whole.raw'); t[:150].tofile('short.raw'); t[:50].tofile('first.raw'); t[50:].tofile('second.raw')
      def raw(name, *parts):
          with h5py.File(name, 'w') as f:
              base(f, t=None)
              f.create_dataset('t', (n,), 'f8', external=[(os.path.abspath(p), o, s) for p, o, s in parts])
      raw('whole.h5', ('whole.raw', 0, h5py.h5f.UNLIMITED))
      raw('two.h5', ('first.raw', 0, 400), ('second.raw', 0, 1200))
      raw('short.h5', ('short.raw', 0, h5py.h5f.UNLIMITED))
      raw('shifted.h5', ('first.raw', 0, 400), ('second.raw', 8, 1200))
      raw('gone.h5', ('gone.raw', 0, 1600))
      """, in: folder)
    let plain = (0..<Self.rowCount).map { Double($0 % 100) }
    for name in ["whole.h5", "two.h5"] { #expect(try content(name, in: folder)[2] == plain, "\(name)") }
    for (name, code, words) in [
      ("short.h5", ExitCode.data, "short.raw, which has 1200 bytes where 1600 are needed"),
      ("shifted.h5", .data, "second.raw, which has 1200 bytes where 1208 are needed"),
      ("gone.h5", .noInput, "gone.raw: No such file or directory"),
    ] {
      let refusal = refusal(name, in: folder)
      #expect(refusal?.exitCode == code && refusal?.message.contains(words) == true, "\(name): \(refusal as Any)")
    }
  }

  @Test func `Virtual datasets are read when all their sources can be`() throws {
    let folder = try ScratchFolder()
    let names = try make(
      """
      file('plain.h5')
      for i in range(4):
          with h5py.File(f'part-{i}.h5', 'w') as f: f['t'] = t[50 * i:50 * i + 50]
      with h5py.File('parts.h5', 'w') as f:
          for i in range(4): f[f'part{i}'] = t[50 * i:50 * i + 50].astype('i4')
      with h5py.File('100%.h5', 'w') as f: f['t'] = t
      virtual('four files.h5', [(50 * i, 50 * i + 50, f'part-{i}.h5', 't', 50) for i in range(4)])
      virtual('narrower.h5', [(50 * i, 50 * i + 50, 'parts.h5', f'part{i}', 50) for i in range(4)])
      virtual('nested.h5', [(0, n, 'four files.h5', 't', n)])
      virtual('percent.h5', [(0, n, '100%%.h5', 't', n)])
      with h5py.File('same file.h5', 'w', **later) as f:
          base(f, t=None, real=t)
          layout = h5py.VirtualLayout((n,), 'f8')
          for i in range(2): layout[i::2] = h5py.VirtualSource('.', 'real', (n,))[i::2]
          f.create_virtual_dataset('t', layout)
      unlimited = h5py.h5s.UNLIMITED
      def numbered(name, pattern, dataset, kind):
          with h5py.File(name, 'w', **later) as f:
              base(f, t=None)
              target = h5py.h5s.create_simple((n,), (unlimited,))
              target.select_hyperslab((0,), (unlimited,), (50,), (50,))
              creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
              creation.set_virtual(target, pattern, dataset, h5py.h5s.create_simple((50,)))
              h5py.h5d.create(f.id, b't', kind, target, creation)
      numbered('numbered files.h5', b'part-%b.h5', b't', h5py.h5t.IEEE_F64LE)
      numbered('numbered datasets.h5', b'parts.h5', b'part%b', h5py.h5t.STD_I32LE)
      print(*sorted(name for name in os.listdir() if name[:4] not in ('part', '100%', 'plai')), sep='\\n')
      """, in: folder
    ).split(separator: "\n").map(String.init)
    #expect(names.count == 7)
    let plain = try content("plain.h5", in: folder)
    for name in names { #expect(try content(name, in: folder) == plain, "\(name)") }
    // A pass over rows that are read anew must not find another source.
    let collection = try ShardCollection.open([folder.file("nested.h5")])
    #expect(collection.shards[0].otherFiles.contains(folder.file("part-3.h5")))
  }

  @Test func `Virtual datasets with a source that cannot be read are refused by dataset, source and remedy`() throws {
    let folder = try ScratchFolder()
    _ = try make(
      """
      halves = lambda second, dataset='t', count=100: [(0, 100, 'a.h5', 't', 100), (100, n, second, dataset, count)]
      for name in 'ab':
          with h5py.File(f'{name}.h5', 'w') as f: f['t'], f['words'] = t[:100], ['a'] * 100
      whole = open('b.h5', 'rb').read()
      open('cut.h5', 'wb').write(whole[:len(whole) // 2]); open('empty.h5', 'wb').close()
      with h5py.File('short.h5', 'w') as f: f['t'] = t[:60]
      with h5py.File('unwritten.h5', 'w') as f: f.create_dataset('t', (100,), 'f8', chunks=(10,))
      virtual('gone.v', halves('gone.h5')); virtual('cut.v', halves('cut.h5')); virtual('empty.v', halves('empty.h5'))
      virtual('renamed.v', halves('b.h5', 'dose')); virtual('text.v', halves('b.h5', 'words'))
      virtual('short.v', halves('short.h5')); virtual('unwritten.v', halves('unwritten.h5'))
      virtual('rounded.v', halves('b.h5'), dtype='f4'); virtual('unmapped.v', halves('b.h5')[1:])
      virtual('inner.v', [(0, 100, 'gone.h5', 't', 100)], 100); virtual('nested.v', halves('inner.v'))
      virtual('cycle.v', [(0, n, 'other.v', 't', n)]); virtual('other.v', [(0, n, 'cycle.v', 't', n)])
      unlimited = h5py.h5s.UNLIMITED
      for i in (0, 2):
          with h5py.File(f'gap-{i}.h5', 'w') as f: f['t'] = t[:100]
      with h5py.File('gap.v', 'w', **later) as f:
          base(f, t=None)
          target = h5py.h5s.create_simple((n,), (unlimited,))
          target.select_hyperslab((0,), (unlimited,), (100,), (100,))
          creation = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
          creation.set_virtual(target, b'gap-%b.h5', b't', h5py.h5s.create_simple((100,)))
          h5py.h5d.create(f.id, b't', h5py.h5t.IEEE_F64LE, target, creation)
      """, in: folder)
    for (name, code, words) in [
      ("gone.v", ExitCode.noInput, "its source 't' of gone.h5 is missing; put the file beside it"),
      ("cut.v", .data, "its source 't' of cut.h5 cannot be read: cut.h5: "),
      ("empty.v", .data, "empty.h5 is not an HDF5"),
      ("renamed.v", .data, "its source 'dose' of b.h5 cannot be read: b.h5 has no dataset 'dose'"),
      ("text.v", .data, "it holds strings, which"),
      ("short.v", .data, "takes 100 values from its source 't' of short.h5, which has 60"),
      ("unwritten.v", .data, "10 of its 10 chunks were never written"),
      ("rounded.v", .data, "declare the virtual dataset with the type of its sources"),
      ("unmapped.v", .data, "100 of its 200 values have no source, first in row 0"),
      (
        "nested.v", .noInput,
        "its source 't' of inner.v cannot be read: inner.v: dataset 't' is virtual, and its source"
      ),
      ("cycle.v", .data, "its values come from itself"),
      ("gap.v", .noInput, "its source 't' of gap-1.h5 is missing while there is one of number 2"),
    ] {
      let refusal = refusal(name, in: folder)
      #expect(refusal?.exitCode == code && refusal?.message.contains(words) == true, "\(name): \(refusal as Any)")
      #expect(refusal?.message.contains("\(name): dataset 't' is virtual") == true)
    }
  }

  @Test func `A folder with HDF5 files of other endings is not read in part`() throws {
    let folder = try ScratchFolder()
    _ = try make("for name in ('a.h5', 'b.mat'): file(name)", in: folder)
    let message = failure { _ = try ShardCollection.open([folder.path]) }?.message
    #expect(message?.contains("holds b.mat, which is HDF5, and of a folder only .h5 files are read") == true)
  }
}
