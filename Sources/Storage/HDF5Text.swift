internal import CHDF5
import Diagnostics
import Glibc

/// How strings of fixed length are filled up.
enum HDF5StringPadding {
  /// The string ends at the first zero, and what follows means nothing.
  case terminated
  case zeros
  case blanks

  /// The padding of a type of strings. The lock is held.
  init(_ type: hid_t) {
    switch H5Tget_strpad(type) {
    case H5T_STR_SPACEPAD: self = .blanks
    case H5T_STR_NULLPAD: self = .zeros
    default: self = .terminated
    }
  }

  /// The bytes without the padding.
  func content(of bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    if case .terminated = self { return bytes.prefix { $0 != 0 } }
    let isBlank = if case .blanks = self { true } else { false }
    let end = bytes.lastIndex { $0 != 0 && !(isBlank && $0 == 32) }
    return bytes[..<(end.map { $0 + 1 } ?? bytes.startIndex)]
  }
}

/// Bytes of strings as text: UTF-8, of which ASCII is a part.
enum HDF5Text {
  /// - Throws: ``Failure`` `data` when the bytes are not UTF-8, or hold a zero, which other programs would cut at.
  static func string(_ bytes: some Collection<UInt8>, at location: () -> String) throws -> String {
    guard let string = String(validating: bytes, as: UTF8.self) else {
      throw Failure(
        .data,
        "\(location()): '\(shown(bytes))' is not UTF-8; write it again in UTF-8 (if it is Latin-1, in Python "
          + "value.decode('latin-1'))")
    }
    guard !bytes.contains(0) else {
      throw Failure(.data, "\(location()): '\(shown(bytes))' holds a zero byte within its text; write it without")
    }
    return string
  }

  /// A string that ends at a zero; nothing at all is the empty text.
  static func string(at pointer: UnsafePointer<CChar>?, location: () -> String) throws -> String {
    guard let pointer else { return "" }
    let length = strlen(pointer)
    return try pointer.withMemoryRebound(to: UInt8.self, capacity: length) {
      try string(UnsafeBufferPointer(start: $0, count: length), at: location)
    }
  }

  /// A name that a call writes into a buffer; it returns the length.
  static func name(
    _ call: String, on subject: String, _ exitCode: ExitCode, _ read: (UnsafeMutablePointer<CChar>?, Int) -> Int
  ) throws -> String {
    let length = try HDF5Library.check(call, on: subject, exitCode) { read(nil, 0) }
    var characters = [CChar](repeating: 0, count: length + 1)
    try HDF5Library.check(call, on: subject, exitCode) { read(&characters, characters.count) }
    return name(in: characters)
  }

  /// The text of a name that the library wrote into a buffer.
  static func name(in characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Bytes for a message: other than ASCII as `\\xNN`.
  private static func shown(_ bytes: some Collection<UInt8>) -> String {
    bytes.prefix(40).map { byte in
      (32..<127).contains(byte)
        ? String(UnicodeScalar(byte)) : "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined() + (bytes.count > 40 ? "…" : "")
  }
}
