import Diagnostics
import Foundation
import Storage
import TestSupport
import Testing

@Suite struct FileSignatureTests {
  /// Files as Python's own library, numpy and h5py write them, by the name of their format.
  private static let script = """
    import bz2, gzip, io, json, lzma, os, pickle, sqlite3, sys, tarfile, zipfile
    import h5py, numpy as np
    os.chdir(sys.argv[1])
    text = b"t,y\\n" + b"1,2\\n" * 300
    def zipped(name, **entries):
        with zipfile.ZipFile(name, "w") as z:
            for entry, data in entries.items(): z.writestr(entry.replace("__", "/").replace("_DOT_", "."), data)
    open("table.csv", "wb").write(text)
    open("bzip2", "wb").write(bz2.compress(text))
    open("xz", "wb").write(lzma.compress(text))
    open("gzip", "wb").write(gzip.compress(text))
    zipped("zip", table_DOT_csv=text)
    zipped("excel", **{"[Content_Types].xml": "<Types/>", "xl__workbook_DOT_xml": "<workbook/>"})
    zipped("openDocument", mimetype="application/vnd.oasis.opendocument.spreadsheet")
    with tarfile.open("tar", "w") as t: t.add("table.csv")
    np.save("numpy.npy", np.arange(9.)); os.rename("numpy.npy", "numpy")
    pickle.dump({"a": list(range(99))}, open("pickle", "wb"))
    json.dump([{"t": 1, "y": 2}], open("json", "w"), indent=1)
    c = sqlite3.connect("sqlite"); c.execute("create table a (b)"); c.commit(); c.close()
    with h5py.File("hdf5", "w") as f: f["x"] = np.arange(3)
    """

  /// The first bytes of formats that nothing here can write.
  private static let heads: [(FileSignature, [UInt8])] = [
    (.zstd, [0x28, 0xB5, 0x2F, 0xFD]), (.oldExcel, [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]),
    (.parquet, Array("PAR1".utf8)), (.arrow, Array("ARROW1\0\0".utf8)), (.arrow, Array("FEA1".utf8)),
    (.rds, Array("X\n\0\0\0\u{3}".utf8)), (.rData, Array("RDX3\nX\n".utf8)),
    (.sas, [UInt8](repeating: 0, count: 12) + [0xC2, 0xEA, 0x81, 0x60, 0xB3, 0x14, 0x11, 0xCF]),
    (.sasTransport, Array("HEADER RECORD*******LIBRARY HEADER RECORD!!!!!!!".utf8)),
    (.stata, Array("<stata_dta><header><release>118".utf8)),
    (.stata, [0x73, 2, 1, 0] + [UInt8](repeating: 0, count: 20)),
    (.spss, Array("$FL2@(#) SPSS DATA FILE".utf8)), (.matlab, Array("MATLAB 5.0 MAT-file, Platform: GLNXA64".utf8)),
    (.netCDF, Array("CDF\u{1}".utf8)), (.pdf, Array("%PDF-1.7".utf8)),
    (.html, Array("\n <!DOCTYPE html>\n<html>".utf8)),
    (.html, Array("<table><tr>".utf8)), (.xml, Array("<?xml version=\"1.0\"?>".utf8)),
    (.json, Array("{\n \"t\": [1]}".utf8)),
    (.rtf, Array("{\\rtf1".utf8)), (.gitLFS, Array("version https://git-lfs.github.com/spec/v1".utf8)),
    (.image, [0x89] + Array("PNG\r\n".utf8)), (.executable, [0x7F] + Array("ELF".utf8)),
  ]

  @Test func `files of other formats are known by their first bytes, and refused by name`() throws {
    let scratch = try ScratchFolder()
    let made = try python(["-c", Self.script, scratch.path])
    try #require(made.exitCode == 0, "\(made.error)")
    for (index, head) in Self.heads.enumerated() {
      try Data(head.1).write(to: URL(fileURLWithPath: scratch.file("\(head.0.rawValue)-\(index)")))
    }
    for name in try scratch.contents where name != "table.csv" {
      let format = String(name.prefix { $0 != "-" })
      let signature = try FileSignature(Array(Data(contentsOf: URL(fileURLWithPath: scratch.file(name)))))
      #expect(signature?.rawValue == format)
      if format == "gzip" { continue }
      let failure = failure { _ = try openText(InputFile(scratch.file(name))) }
      #expect(failure?.exitCode == .data)
      #expect(failure?.message.contains(signature?.words ?? "none") == true, "\(failure?.message ?? "")")
    }
  }

  @Test(arguments: [
    "t,y\n1,2\n", "{a},[b]\n1,2\n", "#N,y\n", "X,Y\n1,2\n", "A,B\n", "\"t\";\"y\"\n", "BZ,a\n", "<5,y\n",
    "sep=,\nt,y\n", "",
    "RDX,y\n", "[x],y\n1,2\n",
  ])
  func `tables are none of them`(text: String) { #expect(FileSignature(Array(text.utf8)) == nil) }
}
