import Diagnostics
import Storage

extension TextFormat {
  /// The format with what tables leave no doubt about, where nothing was said of it: another delimiter than a comma, by which
  /// alone all records have as many fields as the header; and in tables of another delimiter decimal commas, where numbers
  /// such as `2,5` stand that can be nothing else.
  ///
  /// - Returns: the format, and a note of what was taken.
  /// - Throws: ``Failure`` `data` that names the options, when a table can be read in two ways.
  func recognized(in inputs: [InputFile]) throws -> (format: TextFormat, findings: [Finding]) {
    let tables = inputs.filter { !HDF5Table.isHDF5($0.location) }
    var format = self
    var (taken, options): ([String], [String]) = ([], [])
    if delimiter == nil, let found = try Self.delimiter(of: tables, self) {
      format.delimiter = String(UnicodeScalar(found))
      taken.append("\(found == Byte.tab ? "a tab" : "'\(format.delimiter!)'") between columns")
      options.append("--delimiter ,")
    }
    if !isDecimalMarkSaid, numbers == NumberFormat(affixes: numbers.affixes) {
      let refuses = delimiter == nil && format.delimiter == ";"
      if try DecimalMarkEvidence(tables, format).isComma(refusingAmbiguous: refuses) {
        format.numbers.decimalMark = ","
        taken.append("decimal commas")
        options.append("--decimal-mark .")
      }
    }
    guard !taken.isEmpty else { return (self, []) }
    let values: [Finding.Key: Finding.Value] = [
      .file: .name(tables[0].path), .names: .names(taken), .option: .name(options.joined(separator: " or ")),
    ]
    return (format, [.note(.formatRecognized, values)])
  }

  /// The delimiter that all tables have for certain, when it is no comma.
  private static func delimiter(of tables: [InputFile], _ format: TextFormat) throws -> UInt8? {
    let found = Set(try tables.map { try DelimiterEvidence($0, format).delimiter() })
    return found.count == 1 ? found.first! : nil
  }

  /// Records of a table that are looked at.
  fileprivate static let sampledRecords = 1000

  /// A reader of a table's first records; nil when it has none that are CSV.
  fileprivate func reader(_ input: InputFile, delimiter: UInt8?) -> CSVReader? {
    guard let reader = try? CSVReader(input, delimiter: delimiter, comment: comment, bufferSize: 1 << 16),
      (try? reader.next()) == true
    else { return nil }
    return reader
  }
}

/// By which characters the first records of a table have as many fields as its header.
private struct DelimiterEvidence {
  private static let comma = UInt8(ascii: ",")
  private static let candidates = [comma, UInt8(ascii: ";"), Byte.tab, UInt8(ascii: "|")]

  private let path: String
  /// Whether the first line says the delimiter.
  private let isStated: Bool
  /// The columns by each delimiter that makes some.
  private var columns: [UInt8: Int] = [:]

  init(_ input: InputFile, _ format: TextFormat) {
    path = input.path
    isStated = format.reader(input, delimiter: nil).map { $0.delimiter != Self.comma } ?? false
    for candidate in Self.candidates {
      columns[candidate] = format.reader(input, delimiter: candidate).flatMap(Self.columns)
    }
  }

  /// The delimiter when it is certain, and no comma.
  ///
  /// - Throws: ``Failure`` `data` when several are possible.
  func delimiter() throws -> UInt8? {
    guard !isStated, let first = columns.first else { return nil }
    guard columns.count == 1 else {
      let ways = Self.candidates.compactMap { mark in
        columns[mark].map { "\(Self.words(mark)) between \($0) columns" }
      }
      throw Failure(
        .data,
        "\(path) can be read with \(ways.joined(separator: ", or with ")); say which by --delimiter, and quote fields that "
          + "hold it")
    }
    return first.key == Self.comma ? nil : first.key
  }

  /// The fields of the header, when all records have as many, or one more for the names of rows.
  private static func columns(_ reader: CSVReader) -> Int? {
    let count = reader.fieldCount
    guard count > 1, (try? reader.next()) == true else { return nil }
    let width = reader.fieldCount
    guard width == count || width == count + 1 else { return nil }
    for _ in 1..<TextFormat.sampledRecords {
      guard let isThere = try? reader.next() else { return nil }
      guard isThere else { break }
      guard reader.fieldCount == width else { return nil }
    }
    return count
  }

  private static func words(_ mark: UInt8) -> String {
    mark == Byte.tab ? "a tab" : "'\(UnicodeScalar(mark))'"
  }
}

/// What the numbers in the first records of tables say of their decimal mark.
private struct DecimalMarkEvidence {
  /// Columns with numbers that only a decimal comma makes, and those with texts that it makes none.
  private var (commas, texts): (Set<Int>, Set<Int>) = ([], [])
  private var hasPoints = false
  /// The first number that may have decimals or groups of digits, such as `1.234`, and its place.
  private var ambiguous: (text: String, place: String)?

  private let markers: MissingMarkers
  private let (point, comma): (NumberParser, NumberParser)
  private let (groupsByComma, groupsByPoint): (NumberParser, NumberParser)

  init(_ tables: [InputFile], _ format: TextFormat) throws {
    func parser(_ mark: String, _ thousandsMark: String? = nil) -> NumberParser {
      NumberParser(NumberFormat(decimalMark: mark, thousandsMark: thousandsMark, affixes: format.numbers.affixes))
    }
    (point, comma) = (parser("."), parser(","))
    (groupsByComma, groupsByPoint) = (parser(".", ","), parser(",", "."))
    markers = MissingMarkers(format.missingMarkers, point)
    for table in tables {
      guard let reader = format.reader(table, delimiter: format.delimiter?.utf8.first),
        // Between commas a quoted `"1,3"` may be a list.
        reader.delimiter != UInt8(ascii: ",")
      else { continue }
      let names = try (0..<reader.fieldCount).map { try reader.text($0) }
      for _ in 0..<TextFormat.sampledRecords {
        guard try reader.next() else { break }
        for column in 0..<reader.fieldCount {
          note(reader.record[column], column) {
            // Rows may begin with a name that the header has none for.
            let name = column - reader.fieldCount + names.count
            return "\(reader.path): line \(reader.line)" + (name >= 0 ? ", column '\(names[name])'" : "")
          }
        }
      }
    }
  }

  private mutating func note(_ text: UnsafeBufferPointer<UInt8>, _ column: Int, _ place: () -> String) {
    let parsed = point.parse(text)
    guard markers.index(of: parsed, text) == nil else { return }
    if Self.isNumber(parsed) {
      guard text.contains(Byte.point) else { return }
      if !Self.isNumber(groupsByPoint.parse(text)) {
        hasPoints = true
      } else if ambiguous == nil {
        ambiguous = (String(decoding: text, as: UTF8.self), place())
      }
    } else if !Self.isNumber(comma.parse(text)) {
      texts.insert(column)
    } else if !Self.isNumber(groupsByComma.parse(text)) {
      commas.insert(column)
    }
  }

  private static func isNumber(_ parsed: ParsedNumber) -> Bool { if case .number = parsed { true } else { false } }

  /// Whether decimals stand behind commas, for certain.
  ///
  /// - Throws: ``Failure`` `data` when nothing tells whether points stand before decimals or between groups of digits.
  func isComma(refusingAmbiguous: Bool) throws -> Bool {
    if hasPoints { return false }
    if !commas.subtracting(texts).isEmpty { return true }
    guard refusingAmbiguous, let ambiguous else { return false }
    throw Failure(
      .data,
      "\(ambiguous.place): '\(ambiguous.text)' may have decimals or groups of digits; say --decimal-mark . for decimals, or "
        + "--decimal-mark , --thousands-mark . for groups")
  }
}
