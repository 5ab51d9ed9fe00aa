/// Reads texts as numbers of a format.
package struct NumberParser {
  /// The decimal mark when it is one byte, else one that no text has.
  private let mark: UInt8
  private let decimalMark: Unicode.Scalar
  private let thousandsMark: Unicode.Scalar?
  private let groupsByBlanks: Bool
  /// Longer ones first, so that `US$` is not taken for `$`.
  private let affixes: [[Unicode.Scalar]]
  private let isPlain: Bool

  package init(_ format: NumberFormat) {
    decimalMark = format.decimalMark.unicodeScalars.first ?? "."
    mark = decimalMark.isASCII ? UInt8(decimalMark.value) : 0
    groupsByBlanks = format.thousandsMark == "space"
    thousandsMark = groupsByBlanks ? nil : format.thousandsMark?.unicodeScalars.first
    affixes = format.affixes.map { Array($0.unicodeScalars) }.sorted { $0.count > $1.count }
    isPlain = mark != 0 && format.thousandsMark == nil && affixes.isEmpty
  }

  /// Texts that are plain numbers but for the decimal mark take the fast way.
  func parse(_ text: UnsafeBufferPointer<UInt8>) -> ParsedNumber {
    let parsed = parseNumber(text, decimalMark: mark)
    guard case .notANumber = parsed, !text.isEmpty, !isPlain || text.contains(where: { $0 >= 0x80 }) else {
      return parsed
    }
    return parse(scalars: Array(String(decoding: text, as: UTF8.self).unicodeScalars))
  }

  package func parse(_ text: String) -> ParsedNumber {
    var text = text
    return text.withUTF8 { parse($0) }
  }

  private func parse(scalars: [Unicode.Scalar]) -> ParsedNumber {
    var body = trimmed(scalars[...])
    let sign = takeSign(&body)
    takePrefix(&body)
    let innerSign = sign == nil ? takeSign(&body) : nil
    while takeSuffix(&body) {}
    guard var bytes = plainDigits(body) else { return .notANumber }
    if let sign = sign ?? innerSign { bytes.insert(sign, at: 0) }
    return bytes.withUnsafeBufferPointer { parseNumber($0) }
  }

  // MARK: What stands around the digits

  private func trimmed(_ text: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
    var text = text.drop(while: \.isBlank)
    while text.last?.isBlank == true { text.removeLast() }
    return text
  }

  private func takeSign(_ text: inout ArraySlice<Unicode.Scalar>) -> UInt8? {
    guard let sign = text.first?.asciiSign else { return nil }
    text = text.dropFirst()
    return sign
  }

  private func takePrefix(_ text: inout ArraySlice<Unicode.Scalar>) {
    guard let affix = affixes.first(where: { text.starts(with: $0) }) else { return }
    text = trimmed(text.dropFirst(affix.count))
  }

  private func takeSuffix(_ text: inout ArraySlice<Unicode.Scalar>) -> Bool {
    guard let affix = affixes.first(where: { text.count > $0.count && text.suffix($0.count).elementsEqual($0) })
    else { return false }
    text = trimmed(text.dropLast(affix.count))
    return true
  }

  // MARK: Digits

  /// The digits, point and exponent in ASCII; nil for anything else, and where groups of digits are not of three (or,
  /// before the last, two, as in India).
  private func plainDigits(_ text: ArraySlice<Unicode.Scalar>) -> [UInt8]? {
    var bytes: [UInt8] = []
    var groups = [0]
    var isInteger = true
    for scalar in text {
      if let digit = scalar.decimalDigit {
        bytes.append(Byte.zero + digit)
        if isInteger { groups[groups.count - 1] += 1 }
      } else if isInteger, isThousandsMark(scalar) {
        groups.append(0)
      } else if isDecimalMark(scalar), isInteger {
        isInteger = false
        bytes.append(Byte.point)
      } else if let sign = scalar.asciiSign, bytes.last.map({ $0 | 0x20 == UInt8(ascii: "e") }) == true {
        bytes.append(sign)
      } else if scalar == "e" || scalar == "E", !bytes.isEmpty {
        isInteger = false
        bytes.append(UInt8(ascii: "e"))
      } else {
        return nil
      }
    }
    return areValid(groups, firstDigit: bytes.first) ? bytes : nil
  }

  private func areValid(_ groups: [Int], firstDigit: UInt8?) -> Bool {
    guard groups.count > 1 else { return true }
    let (first, last) = (groups[0], groups[groups.count - 1])
    return (1...3).contains(first) && last == 3 && firstDigit != Byte.zero
      && groups.dropFirst().dropLast().allSatisfy { $0 == 3 || $0 == 2 }
  }

  private func isThousandsMark(_ scalar: Unicode.Scalar) -> Bool {
    if groupsByBlanks { return scalar.isBlank }
    return scalar == thousandsMark || thousandsMark == "'" && scalar == "\u{2019}"
  }

  private func isDecimalMark(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case decimalMark: true
    // The wide point and comma, and the decimal mark of Arabic digits.
    case "\u{FF0E}": decimalMark == "."
    case "\u{FF0C}": decimalMark == ","
    case "\u{066B}": true
    default: false
    }
  }
}

extension Unicode.Scalar {
  /// Blanks of all kinds, and marks without width.
  var isBlank: Bool {
    if isASCII { return self == " " || (9...13).contains(value) }
    return properties.isWhitespace || self == "\u{FEFF}" || self == "\u{200B}" || self == "\u{200E}"
  }

  /// The value of a decimal digit of any script.
  fileprivate var decimalDigit: UInt8? {
    guard properties.numericType == .decimal, let value = properties.numericValue else { return nil }
    return UInt8(value)
  }

  /// `+` or `-`, for the signs of all widths and the minus sign of typography.
  fileprivate var asciiSign: UInt8? {
    switch self {
    case "-", "\u{2212}", "\u{FF0D}", "\u{FE63}": Byte.minus
    case "+", "\u{FF0B}": Byte.plus
    default: nil
    }
  }
}

/// A text without blanks of any kind around it.
func trimmedBlanks(_ text: String) -> String {
  guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last, first.isBlank || last.isBlank else {
    return text
  }
  var scalars = Substring(text).unicodeScalars
  while scalars.first?.isBlank == true { scalars.removeFirst() }
  while scalars.last?.isBlank == true { scalars.removeLast() }
  return String(scalars)
}
