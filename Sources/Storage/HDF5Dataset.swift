internal import CHDF5
import Diagnostics

/// What the elements of a dataset are.
public enum HDF5ElementKind: Sendable, Equatable {
  case float
  case integer
  case string
  /// Anything that we do not read; the word for it.
  case other(String)

  /// The word for a message.
  package var description: String {
    switch self {
    case .float: "floating-point numbers"
    case .integer: "integers"
    case .string: "strings"
    case .other(let name): name
    }
  }
}

/// An open dataset of an ``HDF5File``; closes when it goes out of scope.
public struct HDF5Dataset: ~Copyable {
  package let path: String
  package let name: String
  let exitCode: ExitCode
  let handle: HDF5Handle

  /// The file and the dataset, for messages.
  public var location: String { "\(path): dataset '\(name)'" }

  /// The file that holds the values' description: another one than ``path`` where a link leads there.
  func containingFile() throws -> String {
    let (id, subject, code) = (handle.id, location, exitCode)
    return try HDF5Text.name("H5Fget_name", on: subject, code) { H5Fget_name(id, $0, $1) }
  }

  /// The path of the dataset within that file.
  func pathInFile() throws -> String {
    let (id, subject, code) = (handle.id, location, exitCode)
    return try HDF5Text.name("H5Iget_name", on: subject, code) { H5Iget_name(id, $0, $1) }
  }

  /// The extent of each dimension; empty for a single number.
  public func shape() throws -> [Int] {
    let space = try openSpace()
    let rank = try HDF5Library.check("H5Sget_simple_extent_ndims", on: location, exitCode) {
      H5Sget_simple_extent_ndims(space.id)
    }
    var extents = [hsize_t](repeating: 0, count: Int(rank))
    try HDF5Library.check("H5Sget_simple_extent_dims", on: location, exitCode) {
      H5Sget_simple_extent_dims(space.id, &extents, nil)
    }
    return extents.map { Int(clamping: $0) }
  }

  /// What the elements are.
  public func elementKind() throws -> HDF5ElementKind {
    let type = try openType()
    switch HDF5Library.locked({ H5Tget_class(type.id) }) {
    case H5T_FLOAT: return .float
    case H5T_INTEGER: return .integer
    case H5T_STRING: return .string
    case H5T_ENUM: return HDF5Library.locked({ Self.isBoolean(type.id) }) ? .integer : .other("an enumeration")
    case H5T_BITFIELD: return .other("bit fields (Booleans, as Julia writes them)")
    case H5T_COMPOUND: return .other("compound records")
    case H5T_REFERENCE: return .other("references")
    case H5T_ARRAY, H5T_VLEN: return .other("arrays")
    default: return .other("opaque bytes")
    }
  }

  /// Whether an enumeration is that of 0 and 1 by which h5py and R store truth values.
  private static func isBoolean(_ type: hid_t) -> Bool {
    let count = H5Tget_nmembers(type)
    return count == 2
      && (0..<UInt32(2)).allSatisfy { index in
        var value: Int64 = 0
        let native = giv_h5t_native_int64()
        guard let name = H5Tget_member_name(type, index) else { return false }
        defer { H5free_memory(name) }
        let parent = H5Tget_super(type)
        defer { H5Tclose(parent) }
        guard H5Tget_size(type) <= 8, H5Tget_member_value(type, index, &value) >= 0,
          H5Tconvert(parent, native, 1, &value, nil, giv_h5p_default()) >= 0
        else { return false }
        return String(cString: name).uppercased() == (value == 0 ? "FALSE" : value == 1 ? "TRUE" : nil)
      }
  }

  /// What the elements are, with their size.
  func typeWords() throws -> String {
    let type = try openType()
    let bits = HDF5Library.locked { 8 * H5Tget_size(type.id) }
    let kind = try elementKind()
    return kind == .string ? kind.description : "\(kind.description) of \(bits) bits"
  }

  /// Reads rows, converted from whatever size of number the file holds.
  ///
  /// Only integers are read as integers; numbers that do not fit are refused.
  /// - Parameters:
  ///   - rows: the rows, inside the first dimension.
  ///   - buffer: receives them in row-major order; its count is that of the rows times the columns.
  public func read<Element: HDF5Element>(rows: Range<Int>, into buffer: UnsafeMutableBufferPointer<Element>) throws {
    if Element.number != .float64 { try requireIntegers() }
    // Unsigned integers of 64 bits would be cut to the largest signed one: they are read as they are.
    let isUnsigned = try Element.number == .int64 && holdsUnsigned64()
    try transfer(rows: rows, count: buffer.count) { memory, file in
      try HDF5Library.check("H5Dread", on: location, exitCode) {
        H5Dread(
          handle.id, (isUnsigned ? HDF5Number.uint64 : Element.number).memoryType, memory, file, giv_h5p_default(),
          UnsafeMutableRawPointer(buffer.baseAddress))
      }
    }
    guard isUnsigned else { return }
    try buffer.withMemoryRebound(to: UInt64.self) { values in
      guard let index = values.firstIndex(where: { $0 > Int64.max }) else { return }
      let row = rows.lowerBound + index / max(1, buffer.count / max(1, rows.count))
      throw Failure(
        .data,
        "\(location), row \(row) (counted from 0): \(values[index]) does not fit 64 bits with a sign; write such numbers "
          + "as strings")
    }
  }

  /// Reads rows into a new array.
  public func read<Element: HDF5Element>(_: Element.Type = Element.self, rows: Range<Int>) throws -> [Element] {
    let count = try rows.count * columnCount()
    return try [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
      try read(rows: rows, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
      initialized = count
    }
  }

  /// Reads everything, in row-major order.
  public func read<Element: HDF5Element>(_: Element.Type = Element.self) throws -> [Element] {
    try read(Element.self, rows: 0..<rowCount())
  }

  /// The extent of the first dimension; 1 for a single number.
  public func rowCount() throws -> Int { try shape().first ?? 1 }

  /// The number of elements in a row.
  public func columnCount() throws -> Int { try shape().dropFirst().reduce(1, *) }

  /// Writes whole rows that lie inside the dataset.
  public func write<Element: HDF5Element>(_ values: [Element], atRow row: Int = 0) throws {
    let rows = try row..<row + values.count / max(1, columnCount())
    try transfer(rows: rows, count: values.count) { memory, file in
      try HDF5Library.check("H5Dwrite", on: location, exitCode) {
        H5Dwrite(handle.id, Element.number.memoryType, memory, file, giv_h5p_default(), values)
      }
    }
    try flush()
  }

  /// Hands what the library holds back to the system. Closing would do so too, but a failure, as on a full disk, would
  /// be lost.
  func flush() throws { try HDF5Library.check("H5Dflush", on: location, exitCode) { H5Dflush(handle.id) } }

  /// Makes an extendible dataset longer by whole rows, and writes them.
  public func append<Element: HDF5Element>(_ values: [Element]) throws {
    let start = try extend(by: values.count / max(1, columnCount()))
    try write(values, atRow: start)
  }

  /// Makes an extendible dataset longer; returns the number of rows that it had.
  func extend(by rows: Int) throws -> Int {
    var extents = try shape().map { hsize_t($0) }
    let start = Int(extents[0])
    extents[0] += hsize_t(rows)
    try HDF5Library.check("H5Dset_extent", on: location, exitCode) { H5Dset_extent(handle.id, extents) }
    return start
  }

  /// Calls `body` with the data spaces in memory and in the file of consecutive rows.
  func transfer(rows: Range<Int>, count: Int, _ body: (_ memory: hid_t, _ file: hid_t) throws -> Void) throws {
    guard count > 0 else { return }
    let file = try openSpace()
    var extents = try shape().map { hsize_t($0) }
    precondition(extents.isEmpty || rows.upperBound <= Int(extents[0]), "rows outside of the dataset")
    if !extents.isEmpty {
      var start = extents.map { _ in hsize_t(0) }
      start[0] = hsize_t(rows.lowerBound)
      extents[0] = hsize_t(rows.count)
      try HDF5Library.check("H5Sselect_hyperslab", on: location, exitCode) {
        H5Sselect_hyperslab(file.id, H5S_SELECT_SET, start, nil, extents, nil)
      }
    }
    precondition(extents.reduce(1, *) == hsize_t(count), "the buffer does not fit the rows")
    // Of the same shape as the selection in the file: else the library goes element by element, ten times as slow.
    let memory = try HDF5Handle("H5Screate_simple", on: location, exitCode, closedBy: H5Sclose) {
      H5Screate_simple(Int32(extents.count), extents, nil)
    }
    try body(memory.id, file.id)
  }

  func openType() throws -> HDF5Handle {
    try HDF5Handle("H5Dget_type", on: location, exitCode, closedBy: H5Tclose) { H5Dget_type(handle.id) }
  }

  func openSpace() throws -> HDF5Handle {
    try HDF5Handle("H5Dget_space", on: location, exitCode, closedBy: H5Sclose) { H5Dget_space(handle.id) }
  }

  private func requireIntegers() throws {
    let kind = try elementKind()
    guard kind == .integer else {
      throw Failure(.data, "\(location) holds \(kind.description), not integers")
    }
  }

  /// Whether integers may be too large for 64 bits with a sign.
  package func holdsUnsigned64() throws -> Bool {
    let type = try openType()
    return HDF5Library.locked { H5Tget_size(type.id) >= 8 && H5Tget_sign(type.id) == H5T_SGN_NONE }
  }
}
