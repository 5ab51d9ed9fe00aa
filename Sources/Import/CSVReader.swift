import Diagnostics
import Glibc
import Storage

/// A cursor over the records of a CSV file, in one buffer of bytes whatever the length of the file.
///
/// A byte order mark, lines without any visible character, lines that begin with the `comment`, and a first line `sep=;`,
/// by which spreadsheets name their delimiter, are skipped. Blanks around an unquoted field are not part of it.
///
/// - Throws: ``Failure`` with the path and line: `.noInput` when the file cannot be opened, `.inputOutput` when reading
///   fails, `.data` when it is not CSV.
package final class CSVReader {
  /// A longer record is taken for a quote that is never closed.
  package static let longestRecord = 16 << 20

  package let path: String
  /// The line on which the current record starts, from 1.
  package private(set) var line = 0
  /// The fields that each record must have; nil until a header says so.
  var expectedFields: Int?

  private let source: any ByteSource
  private let comment: [UInt8]
  private var tokenizer: CSVTokenizer
  private var buffer: UnsafeMutableBufferPointer<UInt8>
  private var recordStart = 0
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  private var nextLine = 1
  private var isPeeked = false
  /// A byte that no text has, among those that are read.
  private var firstNull: Int?

  /// - Parameters:
  ///   - delimiter: nil for a comma, unless the file names another.
  ///   - comment: what lines begin with that are skipped.
  package init(
    _ input: InputFile, delimiter: UInt8? = nil, comment: String? = nil, bufferSize: Int = 1 << 20
  ) throws {
    path = input.path
    self.comment = Array((comment ?? "").utf8)
    source = try openText(input)
    tokenizer = CSVTokenizer(delimiter: delimiter ?? UInt8(ascii: ","))
    buffer = .allocate(capacity: bufferSize)
    try fill()
    if buffer[..<end].starts(with: [0xEF, 0xBB, 0xBF]) { start = 3 }
    try takeSeparatorLine(given: delimiter)
  }

  deinit { buffer.deallocate() }

  package var delimiter: UInt8 { tokenizer.delimiter }

  /// Moves to the next record; false after the last one.
  package func next() throws -> Bool {
    if isPeeked {
      isPeeked = false
      return true
    }
    while true {
      if start == end && isAtEnd { return false }
      if try skipComment() { continue }
      let bytes = UnsafeBufferPointer(rebasing: buffer[..<end])
      switch tokenizer.scan(bytes, from: start, isLast: isAtEnd) {
      case .record(let end):
        if let firstNull, firstNull < end { throw nullByte() }
        line = nextLine
        nextLine += tokenizer.lineBreaks
        recordStart = start
        start = end
        if isBlank { continue }
        try checkFieldCount()
        return true
      case .incomplete: try fill()
      case .unclosedQuote:
        throw Failure(
          .data,
          "\(path): line \(nextLine): a quote is opened in this record and never closed; close it, or double the quotes "
            + "inside a quoted field")
      case .textAfterQuote:
        throw Failure(
          .data,
          "\(path): line \(nextLine): text follows a closing quote; double the quotes inside a quoted field, or name "
            + "what separates the fields with --delimiter")
      }
    }
  }

  /// Moves to the next record without leaving the place before it: ``next()`` gives it once more.
  func peek() throws -> Bool {
    isPeeked = try next()
    return isPeeked
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
      throw Failure(
        .data,
        "\(path): line \(line): not UTF-8, '\(quoted(text))'; convert the file, for example with "
          + "'iconv -f WINDOWS-1252 -t UTF-8'")
    }
    return text
  }

  /// The current record as it stands in the file, for messages.
  var recordText: String {
    let line = buffer[recordStart..<start].prefix { $0 != Byte.lineFeed && $0 != Byte.carriageReturn }
    return String(decoding: line, as: UTF8.self)
  }

  /// Only blanks, or the mark that old systems end files with.
  private var isBlank: Bool {
    guard tokenizer.fields.count == 1, let field = tokenizer.fields.first, !field.isQuoted else { return false }
    return buffer[field.start..<field.start + field.count].allSatisfy {
      $0 == Byte.space || $0 == Byte.tab || $0 == Byte.endOfFile
    }
  }

  private func checkFieldCount() throws {
    guard let expectedFields, fieldCount != expectedFields else { return }
    let remedy =
      recordText.hasPrefix("#")
      ? "skip comments with --comment '#'"
      : "quote fields that hold the delimiter, or remove the line if it is none of the table"
    throw Failure(
      .data,
      "\(path): line \(line) has \(fieldCount) \(fieldCount == 1 ? "field" : "fields") where the header has \(expectedFields): "
        + "'\(quoted(recordText))'; \(remedy)")
  }

  private func nullByte() -> Failure {
    Failure(.data, "\(path): line \(nextLine): a byte is zero, which no text has; the file is damaged or is no CSV")
  }
}

// MARK: Lines that are no records

extension CSVReader {
  /// Moves past a line that begins with the comment.
  private func skipComment() throws -> Bool {
    guard !comment.isEmpty else { return false }
    while end - start < comment.count && !isAtEnd { try fill() }
    guard buffer[start..<end].starts(with: comment) else { return false }
    var position = start
    while true {
      while position < end, buffer[position] != Byte.lineFeed, buffer[position] != Byte.carriageReturn { position += 1 }
      // CR LF is one line end.
      if position + 1 < end || isAtEnd { break }
      position -= start
      try fill()
      position += start
    }
    if position < end { position += buffer[position...].starts(with: [Byte.carriageReturn, Byte.lineFeed]) ? 2 : 1 }
    start = min(position, end)
    nextLine += 1
    return true
  }

  /// Takes the delimiter from a first line `sep=;`.
  private func takeSeparatorLine(given: UInt8?) throws {
    let head = buffer[start..<end].prefix(16)
    let line = head.prefix { $0 != Byte.lineFeed && $0 != Byte.carriageReturn }
    let words = line.filter { $0 != Byte.quote }
    guard line.count < head.count, words.count == 5,
      String(decoding: words.prefix(4), as: UTF8.self).lowercased() == "sep="
    else { return }
    if let given, given != words[4] {
      throw Failure(
        .usage,
        "\(path): line 1 says '\(String(decoding: line, as: UTF8.self))', and --delimiter another; leave out --delimiter, or "
          + "remove the line")
    }
    tokenizer = CSVTokenizer(delimiter: words[4])
    start += line.count
    start += buffer[start..<end].starts(with: [Byte.carriageReturn, Byte.lineFeed]) ? 2 : 1
    nextLine = 2
  }
}

// MARK: The buffer

extension CSVReader {
  /// Moves the record in progress to the front of the buffer and reads on behind it.
  private func fill() throws {
    if start > 0 {
      buffer.baseAddress!.update(from: buffer.baseAddress! + start, count: end - start)
      firstNull = firstNull.map { $0 - start }
      (start, end) = (0, end - start)
    }
    if buffer.count - end < 4 { try grow() }
    let free = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[end...])
    let count = try source.read(into: free)
    isAtEnd = count == 0
    if isAtEnd {
      while end > start, buffer[end - 1] == Byte.endOfFile { end -= 1 }
    } else if firstNull == nil, let null = memchr(free.baseAddress!, 0, count) {
      firstNull = end + (UnsafeRawPointer(null) - UnsafeRawPointer(free.baseAddress!))
    }
    end += count
  }

  private func grow() throws {
    guard buffer.count < Self.longestRecord else {
      throw Failure(
        .data,
        "\(path): line \(nextLine): the record that starts here is longer than \(Self.longestRecord >> 20) MiB; "
          + "is a quote never closed?")
    }
    let larger = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: max(2 * buffer.count, 8))
    _ = larger.update(fromContentsOf: buffer)
    buffer.deallocate()
    buffer = larger
  }
}

/// A text cut for a message.
func quoted(_ text: some StringProtocol) -> String { text.count > 40 ? text.prefix(40) + "…" : String(text) }
