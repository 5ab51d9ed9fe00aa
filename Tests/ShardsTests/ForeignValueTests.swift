import Diagnostics
import Foundation
import Frames
import Shards
import Storage
import TestSupport
import Testing

/// Attributes of netCDF and R, arrays of MATLAB and R, datasets that mean something else, and strings of every kind.
@Suite struct ForeignValueTests {
  private static let prelude = """
    import os, sys, h5py, numpy as np
    os.chdir(sys.argv[1])
    n = 60
    x, t = np.arange(2. * n).reshape(n, 2) / 8, np.arange(n) / 4
    def file(name, attributes={}, block=0, **changes):
        with h5py.File(name, 'w', userblock_size=block) as f:
            for key, values in ({'x': x, 't': t, 'y': t + 1} | changes).items():
                if values is not None: f[key] = values
            for key, value in attributes.items(): f['t'].attrs[key] = value

    """

  private func make(_ script: String, in folder: ScratchFolder) throws {
    _ = try pythonOutput(Self.prelude + script, folder.path)
  }

  private func refusal(_ name: String, in folder: ScratchFolder, roles: Set<Role> = []) -> String? {
    failure { _ = try FrameContent([folder.file(name)], ranks: 2, roles: roles) }?.message
  }

  private static let plain = (0..<60).map { Double($0) / 4 }

  @Test func `Values that attributes mark are missing, with their number and first row`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      marked = t.copy(); marked[[7, 20, 21]] = -9999
      single = np.where(marked < 0, 1e20, t).astype('f4')
      whole = np.where(marked < 0, -9999, 4 * t)
      file('a.h5', {'_FillValue': -9999.}, t=marked)
      file('b.h5', {'missing_value': np.array([-8888., -9999])}, t=marked)
      file('c.h5', {'valid_range': np.array([0., 100])}, t=marked)
      file('d.h5', {'valid_min': 0.}, t=marked)
      file('e.h5', {'_FillValue': 1e20}, t=single)
      file('f.h5', {'_FillValue': np.int64(-9999)}, t=whole.astype('i8'))
      file('g.h5', {'rhdf5-NA.OK': np.int32(1)}, t=np.where(whole < 0, -2**31, whole).astype('i4'))
      file('h.h5', {'_FillValue': np.uint64(2**64 - 1)},
           t=np.array([2**64 - 1 if v < 0 else int(v) for v in whole], 'u8'))
      file('i.h5', {'missing_value': '-9999'}, t=marked)
      file('j.h5', t=np.where(marked < 0, 9.969209968386869e36, t))
      with h5py.File('j.h5', 'r+') as f: f.attrs['_NCProperties'] = 'version=2,netcdf=4.9.2'
      """, in: folder)
    let words = [
      "a": "-9999.0 means missing (_FillValue)", "b": "-9999.0 means missing (missing_value)",
      "c": "-9999.0 lies outside of the dataset's valid range", "d": "-9999.0 lies outside",
      "e": "means missing (_FillValue)", "f": "-9999.0 means missing (_FillValue)",
      "g": "-2147483648.0 means missing (NA of R)", "h": "means missing (_FillValue)",
      "i": "-9999.0 means missing (missing_value)", "j": "means missing (the fill value of netCDF)",
    ]
    for (name, words) in words {
      let message = refusal("\(name).h5", in: folder)
      #expect(message?.contains("dataset 't', row 7 (counted from 0): ") == true, "\(name): \(message ?? "")")
      #expect(message?.contains(words) == true && message?.contains("as 3 of 60 values do; drop or fill") == true)
      let inspection = ShardInspection([folder.file("\(name).h5")])
      let marked = inspection.files[0].findings.filter { $0.code == .valuesMarkedMissing }
      #expect(marked.map { $0.count(.count) } == [3] && marked.map { $0.name(.column) } == ["t"], "\(name)")
      #expect(inspection.files[0].columns.first { $0.name == "t" }?.missing == 3)
    }
  }

  @Test func `Packed values are unpacked, and a fill value of HDF5 alone marks nothing`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      file('packed.h5', {'scale_factor': .25, 'add_offset': 0., '_FillValue': np.int16(-1)}, t=(4 * t).astype('i2'))
      file('shifted.h5', {'scale_factor': .25, 'add_offset': 2.}, t=(4 * t - 8).astype('i4'))
      file('unsigned.h5', {'scale_factor': .25, 'add_offset': -25., '_Unsigned': 'true', 'valid_range': np.array([100, 200], 'i2')},
           t=(4 * t + 100).astype('u1').view('i1'))
      file('unpacked range.h5', {'scale_factor': .25, 'valid_range': np.array([0., 15])}, t=(4 * t).astype('i2'))
      with h5py.File('property.h5', 'w') as f:
          f['x'], f['y'] = x, t + 1
          f.create_dataset('t', data=t, fillvalue=3.)
      """, in: folder)
    for name in ["packed", "shifted", "unsigned", "unpacked range", "property"] {
      let path = folder.file("\(name).h5")
      #expect(try FrameContent([path], ranks: 2, roles: []).columns[2] == Self.plain, "\(name)")
      let isScaled = name != "property"
      #expect(try ShardCollection.open([path]).findings.map(\.code) == (isScaled ? [.valuesScaled] : []), "\(name)")
    }
  }

  @Test func `Files behind a user block are read, and turned arrays are refused by that word`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      for block in (512, 1024, 8192): file(f'block-{block}.mat', block=block)
      file('matlab.mat', block=512, x=x.T, t=t[None], y=t[None])
      file('rhdf5.h5', x=x.T)
      file('row.h5', t=t[None])
      file('chars.mat', block=512, attributes={'MATLAB_class': np.bytes_(b'char')}, t=np.full(n, 65, 'u2'))
      file('empty.mat', {'MATLAB_empty': np.uint8(1)}, t=np.array([0, 0], 'u8'))
      """, in: folder)
    for block in [512, 1024, 8192] {
      #expect(try FrameContent([folder.file("block-\(block).mat")], ranks: 1, roles: []).columns[2] == Self.plain)
    }
    for (name, words) in [
      ("matlab.mat", "dataset 't' has the shape [1, 60]: it looks transposed"),
      ("rhdf5.h5", "dataset 'x' has the shape [2, 60]: it looks transposed"),
      ("row.h5", "dataset 't' has the shape [1, 60]: it looks transposed"),
      ("chars.mat", "holds characters of MATLAB"), ("empty.mat", "is an empty array of MATLAB"),
    ] {
      let message = refusal(name, in: folder)
      #expect(message?.contains(words) == true, "\(name): \(message ?? "")")
    }
    // The remedy of the message is one.
    let message = try #require(refusal("rhdf5.h5", in: folder))
    let remedy = try #require(message.firstMatch(of: /by: (.*)$/)).1
    _ = try pythonOutput(String(remedy))
    #expect(try FrameContent([folder.file("rhdf5.h5")], ranks: 1, roles: []).columns[2] == Self.plain)
  }

  @Test func `Datasets of default names that are no use are left out, and named ones are refused`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      file('depth.h5', z=t / 3); file('letters.h5', z=['A', 'B'] * 30); file('ids.h5', id=t / 3)
      file('outcomes.h5', y=np.c_[t, t]); file('texts.h5', y=['alive'] * n); file('whole.h5', z=np.arange(n) % 2., id=np.arange(n) + 0.)
      """, in: folder)
    for (name, option) in [("depth", "--z"), ("letters", "--z"), ("ids", "--id")] {
      let collection = try ShardCollection.open([folder.file("\(name).h5")])
      #expect(collection.findings.map(\.code) == [.datasetLeftOut], "\(name)")
      #expect(collection.findings.first?.name(.option) == option)
      #expect(!collection.roles.contains(.source) && !collection.roles.contains(.identifier))
      #expect(ShardInspection([folder.file("\(name).h5")]).files[0].findings.map(\.code) == [.datasetLeftOut])
    }
    for name in ["outcomes", "texts"] {
      let path = folder.file("\(name).h5")
      #expect(try ShardCollection.open([path]).findings.isEmpty, "what a regression does not read is no matter")
      #expect(failure { _ = try ShardCollection.open([path], required: [.treatment, .outcome]) }?.exitCode == .data)
    }
    let whole = try ShardCollection.open([folder.file("whole.h5")])
    #expect(whole.findings.isEmpty && whole.roles.isSuperset(of: [.source, .identifier]))
    #expect(try whole.identifiers(ofRows: 3..<5) == .integers([3, 4]))
    var names = DatasetNames()
    (names.source, names.identifier, names.outcome) = (DatasetNames.none, DatasetNames.none, DatasetNames.none)
    #expect(try ShardCollection.open([folder.file("whole.h5")], names: names).roles == [.covariate, .treatment])
    names.source = "/z"
    let message = failure { _ = try ShardCollection.open([folder.file("depth.h5")], names: names) }?.message
    #expect(message?.contains("row 1 (counted from 0): 0.08") == true, "\(message ?? "")")
  }

  @Test func `Strings of every character set, length and padding are read, and others refused by row`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      from h5py import h5d, h5s, h5t
      words = [['Zürich', 'ä', '', 'plain'][i % 4].encode() for i in range(n)]
      latin, zero = list(words), list(words)
      latin[5], zero[5] = 'Zürich'.encode('latin-1'), b'A\\0B'
      for character_set in (h5t.CSET_ASCII, h5t.CSET_UTF8):
          for padding in (h5t.STR_NULLTERM, h5t.STR_NULLPAD, h5t.STR_SPACEPAD):
              for size in (None, 12):
                  with h5py.File(f'{character_set}-{padding}-{size or "variable"}.h5', 'w') as f:
                      f['x'], f['t'] = x, t
                      kind = h5t.C_S1.copy()
                      kind.set_size(size or h5t.VARIABLE); kind.set_cset(character_set); kind.set_strpad(padding)
                      for name, texts in (('words', words), ('latin', latin), ('zero', zero)):
                          if name == 'zero' and not size: continue
                          d = h5d.create(f.id, name.encode(), kind, h5s.create_simple((n,)))
                          if size:
                              fill = b' ' if padding == h5t.STR_SPACEPAD else b'\\0'
                              raw = b''.join(v + fill * (size - len(v)) for v in texts)
                              d.write(h5s.ALL, h5s.ALL, np.frombuffer(raw, f'S{size}'), mtype=kind)
                          else: h5py.Dataset(d)[:] = np.array(texts, dtype=object)
      """, in: folder)
    let files = try folder.contents
    #expect(files.count == 12)
    for name in files {
      let file = try HDF5File.open(folder.file(name))
      #expect(try file.dataset("words").readStrings(rows: 0..<5) == ["Zürich", "ä", "", "plain", "Zürich"], "\(name)")
      let latin = failure { _ = try file.dataset("latin").readStrings(rows: 2..<8) }?.message
      #expect(latin?.contains("'latin', row 5 (counted from 0): 'Z\\xfcrich' is not UTF-8") == true, "\(name)")
      guard !name.contains("variable") else { continue }
      // What follows the end of a string that a zero ends means nothing.
      let zero = failure { _ = try file.dataset("zero").readStrings(rows: 2..<8) }?.message
      #expect((zero?.contains("row 5 (counted from 0): 'A\\x00B' holds a zero byte") == true) == !name.contains("-0-"))
    }
  }

  @Test func `Layouts of pandas, R and Julia hold the same rows as the plain file`() throws {
    let folder = try ScratchFolder()
    try make(
      """
      file('plain.h5')
      with h5py.File('pandas.h5', 'w') as f:
          g = f.create_group('df'); g.attrs['pandas_type'] = np.bytes_(b'frame')
          g['axis0'], g['axis1'] = np.array([b'a', b'b', b't', b'y']), np.arange(n)
          g['block0_items'], g['block0_values'] = np.array([b'a', b'b']), x
          g['block1_values'], g['y'] = t, t + 1
      with h5py.File('rhdf5.h5', 'w') as f:
          for key, values in (('x', x), ('t', (4 * t).astype('i4')), ('y', t + 1)):
              f.create_dataset(key, data=values, maxshape=values.shape, chunks=values.shape, compression='gzip', shuffle=True)
              f[key].attrs['rhdf5-NA.OK'] = np.int32(1)
          f['id'] = np.array([b'p%d' % i for i in range(n)])
      with h5py.File('julia.jld2', 'w', userblock_size=512) as f:
          f.create_dataset('x', data=x); f['t'], f['y'] = t, t + 1
          f['x'].attrs['julia type'] = 'Core.Array{Core.Float64,2}'
      """, in: folder)
    let plain = try FrameContent([folder.file("plain.h5")], ranks: 1, roles: [.outcome]).columns
    #expect(try FrameContent([folder.file("julia.jld2")], ranks: 2, roles: [.outcome]).columns == plain)
    var names = DatasetNames()
    (names.covariates, names.treatment, names.outcome) = ("df/block0_values", "df/block1_values", "df/y")
    #expect(try FrameContent([folder.file("pandas.h5")], ranks: 2, names: names, roles: [.outcome]).columns == plain)
    let r = try FrameContent([folder.file("rhdf5.h5")], ranks: 2, roles: [.outcome]).columns
    #expect(r[0...1] == plain[0...1] && r[2] == plain[2].map { 4 * $0 } && r[3] == plain[3])
    #expect(try ShardCollection.open([folder.file("rhdf5.h5")]).identifiers(ofRows: 1..<2) == .strings(["p1"]))
  }
}
