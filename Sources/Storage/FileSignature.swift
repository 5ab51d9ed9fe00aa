/// A format of files that its first bytes tell, and that is no text with separators.
package enum FileSignature: String, CaseIterable {
  case hdf5, gzip, bzip2, xz, zstd, lz4, sevenZip, rar, zip, excel, openDocument, oldExcel, parquet, arrow, orc, avro
  case rds, rData, sas, sasTransport, stata, spss, matlab, netCDF, sqlite, numpy, pickle, pdf, html, xml, json, rtf, tar
  case image, executable, gitLFS

  package init?(_ head: UnsafeRawBufferPointer) { self.init(Array(head.prefix(4096))) }

  package init?(_ head: [UInt8]) {
    let found = Self.magics.first { head.starts(with: $0.bytes) }?.format
    if found == .zip {
      self = Self.contentOfZip(head)
    } else if let format = found ?? Self.textual(head) ?? Self.further(head) {
      self = format
    } else {
      return nil
    }
  }

  private static let magics: [(format: FileSignature, bytes: [UInt8])] = [
    (.hdf5, [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]), (.gzip, [0x1F, 0x8B]), (.bzip2, Array("BZh".utf8)),
    (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]), (.zstd, [0x28, 0xB5, 0x2F, 0xFD]), (.lz4, [0x04, 0x22, 0x4D, 0x18]),
    (.sevenZip, [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C]), (.rar, Array("Rar!".utf8) + [0x1A]),
    (.zip, [0x50, 0x4B, 0x03, 0x04]), (.oldExcel, [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1]),
    (.parquet, Array("PAR1".utf8)), (.arrow, Array("ARROW1".utf8)), (.arrow, Array("FEA1".utf8)),
    (.orc, Array("ORC".utf8) + [0x0A]), (.avro, Array("Obj".utf8) + [0x01]), (.rData, Array("RDX2\n".utf8)),
    (.rData, Array("RDX3\n".utf8)), (.rds, Array("X\n\0\0\0".utf8)), (.rds, Array("A\n2\n".utf8)),
    (.rds, Array("A\n3\n".utf8)),
    (.sas, [UInt8](repeating: 0, count: 12) + [0xC2, 0xEA, 0x81, 0x60]),
    (.sasTransport, Array("HEADER RECORD*******".utf8)), (.stata, Array("<stata_dta>".utf8)),
    (.spss, Array("$FL2".utf8)), (.spss, Array("$FL3".utf8)), (.matlab, Array("MATLAB 5.0 MAT-file".utf8)),
    (.netCDF, Array("CDF\u{1}".utf8)), (.netCDF, Array("CDF\u{2}".utf8)), (.netCDF, Array("CDF\u{5}".utf8)),
    (.sqlite, Array("SQLite format 3\0".utf8)), (.numpy, [0x93] + Array("NUMPY".utf8)), (.pdf, Array("%PDF-".utf8)),
    (.rtf, Array("{\\rtf".utf8)), (.image, [0x89] + Array("PNG".utf8)), (.image, [0xFF, 0xD8, 0xFF]),
    (.executable, [0x7F] + Array("ELF".utf8)), (.gitLFS, Array("version https://git-lfs".utf8)),
  ]

  private static func contentOfZip(_ head: [UInt8]) -> FileSignature {
    let text = String(decoding: head, as: UTF8.self)
    if text.contains("application/vnd.oasis.opendocument") { return .openDocument }
    return text.contains("[Content_Types].xml") || text.contains("xl/") ? .excel : .zip
  }

  /// Markup and JSON, which may begin with a byte order mark and blanks.
  private static func textual(_ head: [UInt8]) -> FileSignature? {
    let body = head.starts(with: [0xEF, 0xBB, 0xBF]) ? head[3...] : head[...]
    let visible = String(decoding: body.drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }.prefix(200), as: UTF8.self)
    let start = visible.lowercased()
    if ["<!doctype html", "<html", "<head", "<body", "<table"].contains(where: start.hasPrefix) { return .html }
    if start.hasPrefix("<?xml") { return .xml }
    let compact = start.filter { !$0.isWhitespace }
    return ["{\"", "[{", "[[", "[\""].contains(where: compact.hasPrefix) ? .json : nil
  }

  /// What is told by bytes that have no fixed text.
  private static func further(_ head: [UInt8]) -> FileSignature? {
    guard head.count >= 16 else { return nil }
    if head.count >= 262, head[257..<262].elementsEqual("ustar".utf8) { return .tar }
    // Releases 8 to 12: the version, the byte order, the type of file.
    if (0x71...0x73).contains(head[0]), (1...2).contains(head[1]), head[2] == 1, head[3] == 0 { return .stata }
    return head[0] == 0x80 && (2...5).contains(head[1]) ? .pickle : nil
  }
}

extension FileSignature {
  /// What the format is called.
  package var words: String {
    switch self {
    case .hdf5: "an HDF5 file"
    case .gzip, .bzip2, .xz, .zstd, .lz4: "compressed by \(rawValue)"
    case .sevenZip: "a 7z archive"
    case .rar, .zip, .tar: "a \(rawValue) archive"
    case .excel: "an Excel workbook (xlsx)"
    case .openDocument: "an OpenDocument spreadsheet"
    case .oldExcel: "an old Excel workbook (xls)"
    case .parquet: "a Parquet file"
    case .arrow: "an Arrow (Feather) file"
    case .orc: "an ORC file"
    case .avro: "an Avro file"
    case .rds: "an object of R (RDS)"
    case .rData: "a workspace of R (RData)"
    case .sas: "a SAS data set (sas7bdat)"
    case .sasTransport: "a SAS transport file (xpt)"
    case .stata: "a Stata data set (dta)"
    case .spss: "an SPSS data set (sav)"
    case .matlab: "a MATLAB file before version 7.3"
    case .netCDF: "a classic netCDF file"
    case .sqlite: "an SQLite database"
    case .numpy: "a numpy array"
    case .pickle: "a Python pickle"
    case .pdf: "a PDF document"
    case .html: "an HTML page"
    case .xml: "an XML document"
    case .json: "a JSON document"
    case .rtf: "an RTF document"
    case .image: "an image"
    case .executable: "a program"
    case .gitLFS: "a pointer of Git LFS"
    }
  }

  /// What to do about it, for the end of a message.
  var remedy: String {
    switch self {
    case .bzip2, .xz, .zstd, .lz4: "; decompress it first, for example through a pipe: <(\(decompressor) -dc FILE)"
    case .gzip: "; decompress it first"
    case .sevenZip, .rar, .zip, .tar: "; unpack it, and name the tables in it"
    case .hdf5, .matlab, .netCDF: "; write it as an HDF5 file of its own, or as CSV"
    case .html: ", perhaps that of a login or an error, not the table; download the table again, as CSV"
    case .pdf, .image, .executable, .rtf: ", which holds no table; name a CSV or HDF5 file"
    case .gitLFS: ", not the file itself; fetch it with 'git lfs pull'"
    default: ", not CSV; save it as CSV with the program that wrote it"
    }
  }

  private var decompressor: String {
    switch self {
    case .bzip2: "bzip2"
    case .xz: "xz"
    case .zstd: "zstd"
    default: "lz4"
    }
  }
}
