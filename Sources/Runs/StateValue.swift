import Foundation

/// What an encodable value consists of: the tree between Swift's coders and the bytes of a checkpoint or the texts of a
/// fingerprint.
enum StateValue: Sendable, Equatable {
  case null
  case flag(Bool)
  case integer(Int64)
  /// An integer above those of 64 bits with a sign.
  case unsigned(UInt64)
  case number(Double)
  case text(String)
  /// An array of doubles, which is most of a state.
  case numbers([Double])
  case list([StateValue])
  case record([String: StateValue])
}

// MARK: - Bytes

extension StateValue {
  /// The value as bytes: a tag, then counts as LEB128, integers and the bits of doubles in little-endian order, texts in
  /// UTF-8. The keys of records come in sorted order, and a key that came before is the number of its first place.
  var bytes: [UInt8] {
    var writer = StateWriter()
    writer.write(self)
    return writer.bytes
  }

  /// The value that ``bytes`` wrote.
  ///
  /// - Throws: ``MalformedState`` when the bytes are not those of one value.
  init(bytes: [UInt8]) throws {
    var reader = StateReader(bytes)
    self = try reader.value()
    guard reader.isAtEnd else { throw MalformedState() }
  }
}

/// Bytes that hold no state.
struct MalformedState: Error {}

private enum Tag: UInt8 {
  case null, no, yes, integer, unsigned, number, text, numbers, list, record
}

private struct StateWriter {
  private(set) var bytes: [UInt8] = []
  private var keys: [String: Int] = [:]

  mutating func write(_ value: StateValue) {
    switch value {
    case .null: put(.null)
    case .flag(let flag): put(flag ? .yes : .no)
    case .integer(let integer): put(.integer, UInt64(bitPattern: integer))
    case .unsigned(let integer): put(.unsigned, integer)
    case .number(let number): put(.number, number.bitPattern)
    case .text(let text):
      put(.text)
      write(text)
    case .numbers(let numbers):
      put(.numbers)
      write(count: numbers.count)
      // The machine is little-endian, as are all that the program runs on.
      numbers.withUnsafeBytes { bytes.append(contentsOf: $0) }
    case .list(let values):
      put(.list)
      write(count: values.count)
      for value in values { write(value) }
    case .record(let fields):
      put(.record)
      write(count: fields.count)
      for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
        write(key: key)
        write(value)
      }
    }
  }

  private mutating func put(_ tag: Tag) { bytes.append(tag.rawValue) }

  private mutating func put(_ tag: Tag, _ word: UInt64) {
    put(tag)
    withUnsafeBytes(of: word.littleEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func write(count: Int) {
    var rest = UInt64(count)
    while rest >= 0x80 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func write(_ text: String) {
    write(count: text.utf8.count)
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func write(key: String) {
    let number = keys[key] ?? keys.count
    write(count: number)
    guard number == keys.count else { return }
    keys[key] = number
    write(key)
  }
}

private struct StateReader {
  private let bytes: [UInt8]
  private var position = 0
  private var keys: [String] = []

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var isAtEnd: Bool { position == bytes.count }

  mutating func value() throws -> StateValue {
    guard let byte = try take(1).first, let tag = Tag(rawValue: byte) else { throw MalformedState() }
    switch tag {
    case .null: return .null
    case .no: return .flag(false)
    case .yes: return .flag(true)
    case .integer: return .integer(Int64(bitPattern: try word()))
    case .unsigned: return .unsigned(try word())
    case .number: return .number(Double(bitPattern: try word()))
    case .text: return .text(try text())
    case .numbers: return .numbers(try numbers())
    case .list:
      let count = try count()
      return .list(try (0..<count).map { _ in try value() })
    case .record:
      var fields: [String: StateValue] = [:]
      for _ in 0..<(try count()) { fields[try key()] = try value() }
      return .record(fields)
    }
  }

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw MalformedState() }
    defer { position += count }
    return bytes[position..<position + count]
  }

  private mutating func word() throws -> UInt64 {
    try take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  /// A number of things that take a byte or more each.
  private mutating func count() throws -> Int {
    var (result, shift): (UInt64, UInt64) = (0, 0)
    while true {
      guard shift < 64, let byte = try take(1).first else { throw MalformedState() }
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { break }
      shift += 7
    }
    guard result <= UInt64(bytes.count) else { throw MalformedState() }
    return Int(result)
  }

  private mutating func text() throws -> String {
    guard let text = String(validating: try take(count()), as: UTF8.self) else { throw MalformedState() }
    return text
  }

  private mutating func numbers() throws -> [Double] {
    let count = try count()
    let slice = try take(count * MemoryLayout<Double>.stride)
    return [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
      slice.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
      initialized = count
    }
  }

  private mutating func key() throws -> String {
    let number = try count()
    guard number <= keys.count else { throw MalformedState() }
    if number == keys.count { keys.append(try text()) }
    return keys[number]
  }
}
