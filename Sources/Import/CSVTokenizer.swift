/// A field of a CSV record: where its bytes lie, without the quotes around them.
struct CSVField {
  var start: Int
  var count: Int
  var isQuoted: Bool
  /// The field holds `""`, which stands for one quote.
  var hasDoubledQuotes: Bool

  /// The bytes that the field stands for: doubled quotes made single; blanks cut off around what is not quoted.
  func content(of bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    let field = UnsafeBufferPointer(rebasing: bytes[start..<start + count])
    guard isQuoted else { return Array(trimmed(field)) }
    guard hasDoubledQuotes else { return Array(field) }
    var kept: [UInt8] = []
    var position = 0
    while position < count {
      kept.append(field[position])
      // Inside a quoted field every quote is followed by its double.
      position += field[position] == Byte.quote ? 2 : 1
    }
    return kept
  }
}

/// The bytes of a record, in the buffer that was scanned.
package struct CSVRecord {
  let bytes: UnsafeBufferPointer<UInt8>
  let fields: [CSVField]

  /// Whether no field has a character or quotes.
  var isEmpty: Bool { fields.indices.allSatisfy { !fields[$0].isQuoted && self[$0].isEmpty } }

  /// The bytes of a field, where quotes inside it are still doubled; blanks around an unquoted one are cut off.
  package subscript(index: Int) -> UnsafeBufferPointer<UInt8> {
    let field = fields[index]
    let content = UnsafeBufferPointer(rebasing: bytes[field.start..<field.start + field.count])
    return field.isQuoted ? content : trimmed(content)
  }
}

/// Cuts bytes into CSV records after RFC 4180.
///
/// Fields may be quoted, and then hold delimiters, doubled quotes and line breaks; blanks may stand around the quotes.
/// Lines end in LF, CRLF or CR. A quote inside an unquoted field is an ordinary character.
///
/// Policy: a tokenizer of our own, because SwiftCSV 0.10.0 reads the file into one `String` before its first row
/// (a 20 MB file took 178 MB and 2.6 s), so that a file larger than memory could not be read.
struct CSVTokenizer {
  let delimiter: UInt8
  /// The fields of the last record scanned.
  private(set) var fields: [CSVField] = []
  /// The line breaks in that record, with the one that ends it.
  private(set) var lineBreaks = 0

  init(delimiter: UInt8) {
    self.delimiter = delimiter
  }

  enum Step: Equatable {
    /// `fields` holds a record; the next one starts at `end`.
    case record(end: Int)
    /// The record goes on after the last byte.
    case incomplete
    /// The input ends inside a quoted field.
    case unclosedQuote
    /// A closing quote is followed by something else than a delimiter or a line break.
    case textAfterQuote
  }

  /// Scans the record that starts at `start`; `isLast` says that no bytes follow.
  mutating func scan(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool) -> Step {
    fields.removeAll(keepingCapacity: true)
    lineBreaks = 0
    var position = start
    while true {
      let first = isBlank(bytes, position) ? skipBlanks(bytes, from: position) : position
      if first < bytes.count, bytes[first] == Byte.quote {
        guard let end = scanQuoted(bytes, from: first + 1, isLast: isLast) else {
          return isLast ? .unclosedQuote : .incomplete
        }
        position = skipBlanks(bytes, from: end)
      } else {
        position = scanUnquoted(bytes, from: position)
      }
      guard position < bytes.count else { return isLast ? .record(end: position) : .incomplete }
      switch bytes[position] {
      case delimiter:
        position += 1
      case Byte.lineFeed:
        lineBreaks += 1
        return .record(end: position + 1)
      case Byte.carriageReturn:
        lineBreaks += 1
        guard position + 1 < bytes.count else { return isLast ? .record(end: position + 1) : .incomplete }
        return .record(end: position + (bytes[position + 1] == Byte.lineFeed ? 2 : 1))
      default:
        return .textAfterQuote
      }
    }
  }

  private func isBlank(_ bytes: UnsafeBufferPointer<UInt8>, _ position: Int) -> Bool {
    guard position < bytes.count else { return false }
    let byte = bytes[position]
    return (byte == Byte.space || byte == Byte.tab) && byte != delimiter
  }

  private func skipBlanks(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    var position = start
    while isBlank(bytes, position) { position += 1 }
    return position
  }

  /// Appends the field; returns the position after its last byte.
  private mutating func scanUnquoted(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let end = endOfField(bytes, from: start)
    fields.append(CSVField(start: start, count: end - start, isQuoted: false, hasDoubledQuotes: false))
    return end
  }

  /// The position of the next delimiter or line break, or the number of bytes; looks at eight bytes at a time.
  private func endOfField(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
    let raw = UnsafeRawBufferPointer(bytes)
    let delimiters = repeated(delimiter)
    var position = start
    while position + 8 <= bytes.count {
      let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
      let found =
        zeroBytes(word ^ delimiters) | zeroBytes(word ^ repeated(Byte.lineFeed))
        | zeroBytes(word ^ repeated(Byte.carriageReturn))
      if found != 0 { return position + found.trailingZeroBitCount / 8 }
      position += 8
    }
    while position < bytes.count {
      let byte = bytes[position]
      if byte == delimiter || byte == Byte.lineFeed || byte == Byte.carriageReturn { break }
      position += 1
    }
    return position
  }

  /// Appends the field; returns the position after its closing quote, or nil when the bytes end before it is certain.
  private mutating func scanQuoted(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, isLast: Bool) -> Int? {
    var position = start
    var hasDoubledQuotes = false
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == Byte.lineFeed {
        lineBreaks += 1
      } else if byte == Byte.quote {
        guard position < bytes.count || isLast else { return nil }
        if position < bytes.count, bytes[position] == Byte.quote {
          hasDoubledQuotes = true
          position += 1
        } else {
          let count = position - 1 - start
          fields.append(CSVField(start: start, count: count, isQuoted: true, hasDoubledQuotes: hasDoubledQuotes))
          return position
        }
      }
    }
    return nil
  }
}

private func repeated(_ byte: UInt8) -> UInt64 { UInt64(byte) &* 0x0101_0101_0101_0101 }

/// The top bit of bytes that are zero; the lowest that is set is that of the first such byte.
private func zeroBytes(_ word: UInt64) -> UInt64 {
  (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
}

/// The bytes that have a meaning in CSV and in numbers.
enum Byte {
  static let tab = UInt8(ascii: "\t")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")
  static let space = UInt8(ascii: " ")
  static let quote = UInt8(ascii: "\"")
  static let plus = UInt8(ascii: "+")
  static let minus = UInt8(ascii: "-")
  static let point = UInt8(ascii: ".")
  static let zero = UInt8(ascii: "0")
  /// Control-Z, with which old systems end files.
  static let endOfFile: UInt8 = 0x1A
}
