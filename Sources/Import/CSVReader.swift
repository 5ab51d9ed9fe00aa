import Diagnostics
import Glibc

/// A cursor over the records of a CSV file, in one buffer of bytes whatever the length of the file.
///
/// A byte order mark and lines without any character are skipped. Every record must have as many fields as the first.
/// Blanks around an unquoted field are not part of it.
///
/// - Throws: ``Failure`` with the path and line: `.noInput` when the file cannot be opened, `.inputOutput` when reading
///   fails, `.data` when it is not CSV.
package final class CSVReader {
  /// A longer record is taken for a quote that is never closed.
  package static let longestRecord = 16 << 20

  package let path: String
  /// The line on which the current record starts, from 1.
  package private(set) var line = 0

  private let descriptor: Int32
  private var tokenizer: CSVTokenizer
  private var buffer: UnsafeMutableBufferPointer<UInt8>
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  private var nextLine = 1
  private var expectedFields: Int?

  package init(path: String, delimiter: UInt8 = UInt8(ascii: ","), bufferSize: Int = 1 << 20) throws {
    self.path = path
    descriptor = open(path, O_RDONLY)
    tokenizer = CSVTokenizer(delimiter: delimiter)
    buffer = .allocate(capacity: bufferSize)
    guard descriptor >= 0 else { throw Failure(.noInput, "\(path): \(String(cString: strerror(errno)))") }
    try fill()
    try checkEncoding()
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    buffer.deallocate()
  }

  /// Moves to the next record; false after the last one.
  package func next() throws -> Bool {
    while true {
      if start == end && isAtEnd { return false }
      let bytes = UnsafeBufferPointer(rebasing: buffer[..<end])
      switch tokenizer.scan(bytes, from: start, isLast: isAtEnd) {
      case .record(let end):
        line = nextLine
        nextLine += tokenizer.lineBreaks
        start = end
        if isBlank { continue }
        try checkFieldCount()
        return true
      case .incomplete:
        try fill()
      case .unclosedQuote:
        throw Failure(.data, "\(path): line \(nextLine): a quote is opened in this record and never closed")
      case .textAfterQuote:
        throw Failure(
          .data, "\(path): line \(nextLine): text follows a closing quote; double the quotes inside a quoted field")
      }
    }
  }

  /// The number of fields of the current record.
  package var fieldCount: Int { tokenizer.fields.count }

  /// The current record; its bytes are valid until the next one is read.
  package var record: CSVRecord { CSVRecord(bytes: UnsafeBufferPointer(buffer), fields: tokenizer.fields) }

  /// A field of the current record as a string.
  package func text(_ index: Int) throws -> String {
    let bytes = record.fields[index].content(of: record.bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    // Decoding repairs what is not UTF-8, and so changes it.
    guard text.utf8.elementsEqual(bytes) else {
      throw Failure(.data, "\(path): line \(line): not UTF-8; convert the file, for example with iconv")
    }
    return text
  }

  private var isBlank: Bool {
    guard tokenizer.fields.count == 1, let field = tokenizer.fields.first else { return false }
    return field.count == 0 && !field.isQuoted
  }

  private func checkFieldCount() throws {
    let expected = expectedFields ?? fieldCount
    expectedFields = expected
    guard fieldCount == expected else {
      throw Failure(.data, "\(path): line \(line) has \(fieldCount) fields where the header has \(expected)")
    }
  }
}

extension CSVReader {
  /// Moves the record in progress to the front of the buffer and reads on behind it.
  private func fill() throws {
    if start > 0 {
      buffer.baseAddress!.update(from: buffer.baseAddress! + start, count: end - start)
      (start, end) = (0, end - start)
    }
    if end == buffer.count { try grow() }
    while true {
      let count = read(descriptor, buffer.baseAddress! + end, buffer.count - end)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Failure(.inputOutput, "\(path): \(String(cString: strerror(errno)))") }
      isAtEnd = count == 0
      end += count
      return
    }
  }

  private func grow() throws {
    guard buffer.count < Self.longestRecord else {
      throw Failure(
        .data,
        "\(path): line \(nextLine): the record that starts here is longer than \(Self.longestRecord >> 20) MiB; "
          + "is a quote never closed?")
    }
    let larger = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 2 * buffer.count)
    _ = larger.update(fromContentsOf: buffer)
    buffer.deallocate()
    buffer = larger
  }

  private func checkEncoding() throws {
    let head = Array(buffer[..<min(end, 3)])
    if head == [0xEF, 0xBB, 0xBF] {
      start = 3
    } else if head.starts(with: [0x1F, 0x8B]) {
      throw Failure(.data, "\(path): compressed by gzip; decompress it first")
    } else if head.starts(with: [0xFF, 0xFE]) || head.starts(with: [0xFE, 0xFF]) {
      throw Failure(.data, "\(path): UTF-16; convert it to UTF-8, for example with iconv")
    }
  }
}
