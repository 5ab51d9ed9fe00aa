internal import CHDF5
import Diagnostics

// Policy: strings of datasets are written with a fixed length, because the payload of variable-length strings lies
// outside of the chunks and carries no checksum. h5py reads both alike, with `.asstr()`.

extension HDF5File {
  /// Creates a dataset of UTF-8 strings and fills it.
  public func write(_ strings: [String], to name: String) throws {
    let width = strings.reduce(1) { max($0, $1.utf8.count) }
    try createStringDataset(
      name, width: width, rowCount: strings.count, chunkRows: Self.chunkRows(columns: (width + 7) / 8),
      isExtendible: false
    ).write(strings)
  }

  /// Creates a dataset of UTF-8 strings of at most `width` bytes each.
  @discardableResult
  package func createStringDataset(
    _ name: String, width: Int, rowCount: Int, chunkRows: Int, isExtendible: Bool
  ) throws -> HDF5Dataset {
    let type = try HDF5Handle.stringType(width: width, on: "\(path): dataset '\(name)'", exitCode)
    return try createDataset(
      name, type: type.id, shape: [rowCount], chunkRows: chunkRows, isExtendible: isExtendible)
  }
}

extension HDF5Dataset {
  /// Reads rows of strings, of fixed or variable length.
  public func readStrings(rows: Range<Int>) throws -> [String] {
    let kind = try elementKind()
    guard kind == .string else { throw Failure(.data, "\(location) holds \(kind.description), not strings") }
    let type = try openType()
    let isVariable = HDF5Library.locked { H5Tis_variable_str(type.id) > 0 }
    return try isVariable ? readVariable(rows: rows) : readFixed(rows: rows, width: stringWidth())
  }

  /// The bytes of each string of fixed length.
  package func stringWidth() throws -> Int {
    let type = try openType()
    return HDF5Library.locked { H5Tget_size(type.id) }
  }

  /// Writes strings that fit the dataset's width, inside the dataset.
  package func write(_ strings: [String], atRow row: Int = 0) throws {
    let width = try stringWidth()
    var bytes = [UInt8](repeating: 0, count: strings.count * width)
    for (index, string) in strings.enumerated() {
      precondition(string.utf8.count <= width, "a string is longer than the dataset's width")
      for (offset, byte) in string.utf8.enumerated() { bytes[index * width + offset] = byte }
    }
    let type = try HDF5Handle.stringType(width: width, on: location, exitCode)
    try transfer(rows: row..<row + strings.count, count: strings.count) { memory, file in
      try HDF5Library.check("H5Dwrite", on: location, exitCode) {
        H5Dwrite(handle.id, type.id, memory, file, giv_h5p_default(), bytes)
      }
    }
    try flush()
  }

  /// Makes an extendible dataset longer, and writes strings that fit its width.
  package func append(_ strings: [String]) throws {
    let start = try extend(by: strings.count)
    try write(strings, atRow: start)
  }

  private func readFixed(rows: Range<Int>, width: Int) throws -> [String] {
    var bytes = [UInt8](repeating: 0, count: rows.count * width)
    let type = try openType()
    try transfer(rows: rows, count: rows.count) { memory, file in
      try HDF5Library.check("H5Dread", on: location, exitCode) {
        H5Dread(handle.id, type.id, memory, file, giv_h5p_default(), &bytes)
      }
    }
    let padding = HDF5Library.locked { HDF5StringPadding(type.id) }
    return try (0..<rows.count).map { index in
      let content = padding.content(of: bytes[index * width..<(index + 1) * width])
      return try HDF5Text.string(content) { "\(location), row \(rows.lowerBound + index) (counted from 0)" }
    }
  }

  private func readVariable(rows: Range<Int>) throws -> [String] {
    // Of the file's own character set: the library does not convert ASCII, though it is a part of UTF-8.
    let type = try openType()
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: rows.count)
    var strings: [String] = []
    try transfer(rows: rows, count: rows.count) { memory, file in
      try HDF5Library.check("H5Dread", on: location, exitCode) {
        H5Dread(handle.id, type.id, memory, file, giv_h5p_default(), &pointers)
      }
      defer { HDF5Library.locked { _ = H5Dvlen_reclaim(type.id, memory, giv_h5p_default(), &pointers) } }
      strings = try pointers.enumerated().map { index, pointer in
        try HDF5Text.string(at: pointer) { "\(location), row \(rows.lowerBound + index) (counted from 0)" }
      }
    }
    return strings
  }
}

extension HDF5Handle {
  /// A UTF-8 string type: `width` bytes padded with zeros, or of variable length.
  static func stringType(width: Int?, on subject: String, _ exitCode: ExitCode) throws -> HDF5Handle {
    let type = try HDF5Handle("H5Tcopy", on: subject, exitCode, closedBy: H5Tclose) { H5Tcopy(giv_h5t_c_s1()) }
    try HDF5Library.check("H5Tset_size", on: subject, exitCode) { H5Tset_size(type.id, width ?? giv_h5t_variable()) }
    try HDF5Library.check("H5Tset_cset", on: subject, exitCode) { H5Tset_cset(type.id, H5T_CSET_UTF8) }
    if width != nil {
      try HDF5Library.check("H5Tset_strpad", on: subject, exitCode) { H5Tset_strpad(type.id, H5T_STR_NULLPAD) }
    }
    return type
  }
}

extension HDF5File {
  /// Replaces a dataset of strings by one that holds longer strings.
  package func widenStrings(of name: String, to width: Int, chunkRows: Int) throws {
    let wider = name + ".wider"
    let rowCount = try dataset(name).rowCount()
    try createStringDataset(wider, width: width, rowCount: 0, chunkRows: chunkRows, isExtendible: true)
    for start in stride(from: 0, to: rowCount, by: chunkRows) {
      let strings = try dataset(name).readStrings(rows: start..<min(start + chunkRows, rowCount))
      try dataset(wider).append(strings)
    }
    try HDF5Library.check("H5Ldelete", on: path, exitCode) { H5Ldelete(handle.id, name, giv_h5p_default()) }
    try HDF5Library.check("H5Lmove", on: path, exitCode) {
      H5Lmove(handle.id, wider, handle.id, name, giv_h5p_default(), giv_h5p_default())
    }
  }
}
