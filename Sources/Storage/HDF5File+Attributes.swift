internal import CHDF5
import Diagnostics

/// The value of an attribute.
public enum HDF5Attribute: Sendable, Equatable {
  case string(String)
  case strings([String])
  case integer(Int64)
  case integers([Int64])
  case number(Double)
  case numbers([Double])
}

extension HDF5File {
  /// Attaches an attribute to the file's root, or to a group or dataset of it.
  public func setAttribute(_ name: String, _ value: HDF5Attribute, of object: String = "/") throws {
    switch value {
    case .string(let string): try setStrings(name, [string], isScalar: true, of: object)
    case .strings(let strings): try setStrings(name, strings, isScalar: false, of: object)
    case .integer(let integer): try setNumbers(name, [integer], isScalar: true, of: object)
    case .integers(let integers): try setNumbers(name, integers, isScalar: false, of: object)
    case .number(let number): try setNumbers(name, [number], isScalar: true, of: object)
    case .numbers(let numbers): try setNumbers(name, numbers, isScalar: false, of: object)
    }
  }

  /// Reads an attribute; nil when there is none of that name or it is neither a number nor a string.
  ///
  /// Strings of variable length are not protected by a checksum: see ``setRecord(_:)``.
  public func attribute(_ name: String, of object: String = "/") throws -> HDF5Attribute? {
    try attribute(name, of: object, fixedLengthOnly: false)
  }

  /// More than this no attribute holds.
  private static let mostBytes = 1 << 28

  /// - Parameter fixedLengthOnly: whether strings of variable length are passed over.
  func attribute(_ name: String, of object: String = "/", fixedLengthOnly: Bool) throws -> HDF5Attribute? {
    let location = "\(path): attribute '\(name)'"
    guard
      try HDF5Library.check(
        "H5Aexists_by_name", on: location, exitCode,
        { H5Aexists_by_name(handle.id, object, name, giv_h5p_default()) }) > 0
    else { return nil }
    let attribute = try HDF5Handle("H5Aopen_by_name", on: location, exitCode, closedBy: H5Aclose) {
      H5Aopen_by_name(handle.id, object, name, giv_h5p_default(), giv_h5p_default())
    }
    let space = try HDF5Handle("H5Aget_space", on: location, exitCode, closedBy: H5Sclose) {
      H5Aget_space(attribute.id)
    }
    let type = try HDF5Handle("H5Aget_type", on: location, exitCode, closedBy: H5Tclose) { H5Aget_type(attribute.id) }
    let count = Int(
      try HDF5Library.check("H5Sget_simple_extent_npoints", on: location, exitCode) {
        H5Sget_simple_extent_npoints(space.id)
      })
    guard count <= Self.mostBytes / max(1, HDF5Library.locked { H5Tget_size(type.id) }) else {
      throw Failure(exitCode, "\(location) has \(count) elements; the file is damaged: copy or write it again")
    }
    let isScalar = HDF5Library.locked { H5Sget_simple_extent_type(space.id) } == H5S_SCALAR
    switch HDF5Library.locked({ H5Tget_class(type.id) }) {
    case H5T_STRING:
      if fixedLengthOnly && HDF5Library.locked({ H5Tis_variable_str(type.id) }) > 0 { return nil }
      let strings = try readStrings(attribute.id, type: type.id, space: space.id, count: count, location)
      return isScalar ? .string(strings[0]) : .strings(strings)
    case H5T_INTEGER where HDF5Library.locked({ H5Tget_size(type.id) < 8 || H5Tget_sign(type.id) == H5T_SGN_2 }):
      let integers = try readNumbers(Int64.self, attribute.id, count: count, location)
      return isScalar ? .integer(integers[0]) : .integers(integers)
    case H5T_FLOAT, H5T_INTEGER:
      let numbers = try readNumbers(Double.self, attribute.id, count: count, location)
      return isScalar ? .number(numbers[0]) : .numbers(numbers)
    default: return nil
    }
  }

  private func setNumbers<Element: HDF5Element>(
    _ name: String, _ values: [Element], isScalar: Bool, of object: String
  ) throws {
    let type = HDF5Library.locked { Element.number.fileType }
    try setAttribute(name, type: type, isScalar ? nil : values.count, of: object) { attribute in
      H5Awrite(attribute, Element.number.memoryType, values)
    }
  }

  private func setStrings(_ name: String, _ values: [String], isScalar: Bool, of object: String) throws {
    let type = try HDF5Handle.stringType(width: nil, on: "\(path): attribute '\(name)'", exitCode)
    // One buffer holds all strings, each ended by a zero.
    let characters = values.flatMap { $0.utf8CString }
    try characters.withUnsafeBufferPointer { buffer in
      var pointers: [UnsafePointer<CChar>?] = []
      var offset = 0
      for value in values {
        pointers.append(buffer.baseAddress! + offset)
        offset += value.utf8.count + 1
      }
      try setAttribute(name, type: type.id, isScalar ? nil : values.count, of: object) { attribute in
        H5Awrite(attribute, type.id, pointers)
      }
    }
  }

  /// Creates an attribute, a scalar or of `count` elements, and writes it.
  func setAttribute(
    _ name: String, type: hid_t, _ count: Int?, of object: String, _ write: (hid_t) -> herr_t
  ) throws {
    let location = "\(path): attribute '\(name)'"
    let space = try HDF5Handle("H5Screate", on: location, exitCode, closedBy: H5Sclose) {
      count.map { H5Screate_simple(1, [hsize_t($0)], nil) } ?? H5Screate(H5S_SCALAR)
    }
    let attribute = try HDF5Handle("H5Acreate_by_name", on: location, exitCode, closedBy: H5Aclose) {
      H5Acreate_by_name(
        handle.id, object, name, type, space.id, giv_h5p_default(), giv_h5p_default(), giv_h5p_default())
    }
    try HDF5Library.check("H5Awrite", on: location, exitCode) { write(attribute.id) }
  }

  private func readNumbers<Element: HDF5Element>(
    _: Element.Type, _ attribute: hid_t, count: Int, _ location: String
  ) throws -> [Element] {
    var values = [Element](repeating: .zero, count: count)
    try HDF5Library.check("H5Aread", on: location, exitCode) { H5Aread(attribute, Element.number.memoryType, &values) }
    return values
  }

  private func readStrings(
    _ attribute: hid_t, type: hid_t, space: hid_t, count: Int, _ location: String
  ) throws -> [String] {
    guard HDF5Library.locked({ H5Tis_variable_str(type) }) > 0 else {
      let width = HDF5Library.locked { H5Tget_size(type) }
      var bytes = [UInt8](repeating: 0, count: count * width)
      try HDF5Library.check("H5Aread", on: location, exitCode) { H5Aread(attribute, type, &bytes) }
      let padding = HDF5Library.locked { HDF5StringPadding(type) }
      return try (0..<count).map { index in
        try HDF5Text.string(padding.content(of: bytes[index * width..<(index + 1) * width])) {
          "\(location), text \(index)"
        }
      }
    }
    var pointers = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
    try HDF5Library.check("H5Aread", on: location, exitCode) { H5Aread(attribute, type, &pointers) }
    defer { HDF5Library.locked { _ = H5Dvlen_reclaim(type, space, giv_h5p_default(), &pointers) } }
    return try pointers.enumerated().map { index, pointer in
      try HDF5Text.string(at: pointer) { "\(location), text \(index)" }
    }
  }
}
