import Diagnostics
import Import
import TestSupport
import Testing

@Suite struct MissingMarkerTests {
  private func drop(_ markers: String...) -> (inout ImportPlan) -> Void {
    { plan in
      plan.format.missingMarkers = markers
      plan.missing = .drop
    }
  }

  @Test(arguments: [
    "-999", "-999.0", "-999.00", "-9.99e2", " -999", "\"-999\"", "\" -999.0 \"", "-0999", "\u{2212}999",
  ])
  func `a marker that is a number stands for it however it is written`(text: String) throws {
    for marker in ["-999", "-999.0", "-9.99e2"] {
      let table = ImportedTable { $0 % 10 == 0 ? text : "\($0)" }
      let found = try ImportedTable.imported(ImportedTable.text(table.lines), change: drop(marker))
      #expect(found.summary.record.missingValues.missing == ["b": 4] && found.codes.isEmpty)
    }
  }

  @Test(arguments: ["t", "y", "a"])
  func `it does in any column`(column: String) throws {
    let place = ["t": 0, "y": 1, "a": 2][column]!
    let rows = ImportedTable { "\($0)" }.rows.enumerated().map { row, fields in
      fields.enumerated().map { $0 == place && row % 10 == 0 ? "-999.0" : $1 }.joined(separator: ",")
    }
    let found = try ImportedTable.imported(ImportedTable.text(["t,y,a,b"] + rows), change: drop("-999"))
    #expect(found.summary.record.missingValues.missing == [column: 4])
  }

  @Test func `a marker that stood for nothing is noted`() throws {
    let text = ImportedTable.text(ImportedTable { $0 == 3 ? "-99" : "\($0)" }.lines)
    let found = try ImportedTable.imported(text, change: drop("", "NA", "-99", "-999", "unknown"))
    #expect(found.summary.findings == [.note(.markersUnmatched, [.names: .names(["-999", "unknown"])])])
  }

  @Test func `a number that is near a marker is none`() throws {
    let text = ImportedTable.text(ImportedTable { $0 == 3 ? "-999.0000001" : "\($0)" }.lines)
    #expect(try ImportedTable.imported(text, change: drop("-999")).summary.rows == 40)
  }

  @Test(arguments: ["f8", "f4", "i4", "i8", "matrix", "string", "fixed", "padded"])
  func `HDF5 has markers, too, whatever its numbers are`(kind: String) throws {
    let script = """
      import sys, h5py, numpy as np
      n, kind = 40, sys.argv[2]
      missing = np.arange(n) % 10 == 0
      marker = -999.9 if kind in ("f8", "f4", "matrix") else -999
      b = np.where(missing, marker, np.arange(n) / 4 if kind != "i4" and kind != "i8" else np.arange(n))
      with h5py.File(sys.argv[1], "w") as f:
          f["t"], f["y"], f["a"] = np.arange(n) / 3, np.arange(n) % 7, np.arange(n) ** .5
          if kind == "matrix": f["b"] = np.c_[b, np.arange(n)].astype("f4")
          elif kind == "string": f["b"] = ["%.1f" % v for v in b]
          elif kind == "fixed": f["b"] = np.array([b"%.2f" % v for v in b])
          elif kind == "padded": f["b"] = np.array([b" %.0f  " % v for v in b])
          else: f["b"] = b.astype(kind)
      """
    try withTemporaryDirectory { folder in
      let made = try python(["-c", script, folder.path + "/in.h5", kind])
      try #require(made.exitCode == 0, "\(made.error)")
      let marker = ["f8", "f4", "matrix"].contains(kind) ? "-999.9" : "-999"
      let found = try ImportedTable.imported(
        at: folder.path + "/in.h5", into: folder.path + "/out", change: drop(marker))
      #expect(found.summary.rows == 36 && found.codes.isEmpty)
    }
  }
}
