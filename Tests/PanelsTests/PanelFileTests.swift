import Communication
import Diagnostics
import Foundation
import Frames
import Panels
import Storage
import TestSupport
import Testing

@Suite struct PanelFileTests {
  private let folder: ScratchFolder
  private let example = ExamplePanel()

  init() throws { folder = try ScratchFolder() }

  @Test(arguments: Panel.Layout.allCases)
  func `what is written is read`(layout: Panel.Layout) throws {
    let content = try PanelContent(example.write(layout, files: 1, in: folder), ranks: 1)
    #expect(content.units == example.units && content.unitArms == example.unitArms)
    #expect(content.periods == example.periods.map(String.init) && content.starts == example.starts)
    var place = 0
    for unit in 0..<23 {
      for period in 0..<9 {
        for metric in 0..<2 {
          let value = example.value(unit, period, metric)
          #expect(content.outcomes[place] == (value.isNaN ? UInt64.max : value.bitPattern))
          place += 1
        }
      }
    }
  }

  @Test(arguments: Panel.Layout.allCases)
  func `ranks, files and streams change no bit`(layout: Panel.Layout) throws {
    let expected = try PanelContent(example.write(layout, files: 1, in: folder), ranks: 1)
    for (files, ranks) in [(3, 1), (3, 2), (7, 3), (1, 40)] {
      let other = try ScratchFolder()
      let paths = try example.write(layout, files: files, in: other)
      #expect(try PanelContent(paths, ranks: ranks) == expected)
      #expect(try PanelContent(paths, ranks: ranks, storage: .stream(windowBytes: 1 << 12)) == expected)
    }
  }

  @Test func `bytes do not depend on the blocks that came`() throws {
    let shards = try [1, 5, 23].map {
      try example.write(.units, rows: 0..<23, to: folder.file("\($0).h5"), blockLength: $0).sha256
    }
    #expect(Set(shards).count == 1)
  }

  @Test func `h5py reads what we write`() throws {
    let path = try example.write(.units, files: 1, in: folder)[0]
    let printed = try pythonOutput(
      """
      import h5py, sys, numpy as np
      with h5py.File(sys.argv[1]) as f:
          y = f['y']
          print(y.shape, y.dtype, y.fletcher32, y.chunks is not None, int(np.isnan(y[:]).sum()), y[2, 4, 1])
          print(*f.attrs['arms'], *f.attrs['periods'][:2], f.attrs['layout'], *f.attrs['metrics'], f.attrs['encoding-type'],
                f.attrs['encoding-version'])
          print(f['arm'][:4], f['start'][:4], f['id'].asstr()[:2])
      """, path)
    #expect(
      printed == """
        (23, 9, 2) float64 True True 59 2041.0
        control program tax 1990 1991 units packs price giv-panel 1.0.0
        [0 1 2 0] [-1  5  4 -1] ['unit 0' 'unit 1']

        """)
  }

  @Test func `many periods fit the attributes of a file`() throws {
    var long = example
    long.periods = Array(0..<20_000)
    let content = try PanelContent(long.write(.periods, files: 2, in: folder), ranks: 2)
    #expect(content.periods.count == 20_000 && content.periods.last == "19999")
  }

  @Test func `files of h5py work by the names of their datasets`() throws {
    let path = folder.file("foreign.h5")
    _ = try pythonOutput(
      """
      import h5py, sys, numpy as np
      with h5py.File(sys.argv[1], 'w') as f:
          f['sales'] = np.arange(12.).reshape(4, 3)
          f['policy'] = ['tax', 'none', 'none', 'tax']
          f['since'] = [1, -1, -1, 2]
          f['fips'] = [1, 2, 4, 5]
          f['quarter'] = ['2001Q1', '2001Q2', '2001Q3']
      """, path)
    var names = PanelDatasetNames()
    (names.outcome, names.arm, names.start, names.identifier, names.time) = (
      "sales", "policy", "since", "fips", "quarter"
    )
    let content = try PanelContent([path], ranks: 2, names: names)
    #expect(content.units == ["1", "2", "4", "5"] && content.periods == ["2001Q1", "2001Q2", "2001Q3"])
    #expect(content.unitArms == [1, 0, 0, 1] && content.starts == [1, nil, nil, 2])
    #expect(content.outcomes == (0..<12).map { Double($0).bitPattern })
  }

  @Test func `periods first are known by the extents`() throws {
    let path = folder.file("turned.h5")
    _ = try pythonOutput(
      """
      import h5py, sys, numpy as np
      with h5py.File(sys.argv[1], 'w') as f:
          f['y'] = np.arange(12.).reshape(4, 3).T
          f['arm'] = [0, 1, 1, 0]
          f.attrs['arms'] = ['none', 'tax']
          f.attrs['periods'] = [1, 2, 3]
      """, path)
    let content = try PanelContent([path], ranks: 2)
    #expect(content.units == ["0", "1", "2", "3"] && content.starts == nil)
    #expect(content.outcomes == (0..<12).map { Double($0).bitPattern })
  }
}
