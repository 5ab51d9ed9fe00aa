import Diagnostics

/// How numbers are written in texts, where they are not written as `-1234.5e3`.
///
/// A minus sign, digits and marks of other scripts (`−12`, `１２`, `١٢`) need no option: they have one meaning.
public struct NumberFormat: Sendable, Codable, Equatable, Hashable {
  /// One character.
  public var decimalMark = "."
  /// What stands between groups of digits: one character, or `space` for all kinds of blanks; nil for nothing.
  public var thousandsMark: String?
  /// Texts before or after a number that are no part of it, such as `$`, `%` and `*`.
  public var affixes: [String] = []

  public init(decimalMark: String = ".", thousandsMark: String? = nil, affixes: [String] = []) {
    self.decimalMark = decimalMark
    self.thousandsMark = thousandsMark
    self.affixes = affixes
  }

  /// - Throws: ``Failure`` `usage` that names the option at fault.
  func validate() throws {
    guard Self.isMark(decimalMark) else {
      throw Failure(
        .usage, "--decimal-mark '\(decimalMark)' must be one character that is no digit, sign, letter or blank")
    }
    if let thousandsMark {
      guard Self.isMark(thousandsMark) || thousandsMark == "space" else {
        throw Failure(
          .usage,
          "--thousands-mark '\(thousandsMark)' must be one character that is no digit, sign or letter, or 'space'")
      }
      guard thousandsMark != decimalMark else {
        throw Failure(
          .usage,
          "--thousands-mark and --decimal-mark are both '\(decimalMark)'; name the decimal mark that the numbers have")
      }
    }
    for affix in affixes where affix.isEmpty || affix.contains(where: \.isNumber) || "+-".contains(affix) {
      throw Failure(.usage, "--affixes '\(affix)' must be texts without digits that are no sign, separated by commas")
    }
  }

  private static func isMark(_ text: String) -> Bool {
    guard let mark = text.first, text.count == 1 else { return false }
    return !(mark.isLetter || mark.isNumber || mark.isWhitespace || "+-\"".contains(mark))
  }

  /// What the format reads beyond another, and the options that say so: `decimal commas by --decimal-mark ','`.
  func words(beyond other: NumberFormat) -> String {
    var words: [String] = []
    if decimalMark != other.decimalMark {
      let name = decimalMark == "," ? "decimal commas" : "'\(decimalMark)' before decimals"
      words.append("\(name) by --decimal-mark '\(decimalMark)'")
    }
    if let thousandsMark, thousandsMark != other.thousandsMark {
      let mark = thousandsMark == "space" ? "space" : thousandsMark == "'" ? "\"'\"" : "'\(thousandsMark)'"
      words.append("groups of digits by --thousands-mark \(mark)")
    }
    if affixes != other.affixes {
      words.append("what stands around the digits by --affixes '\(affixes.joined(separator: ","))'")
    }
    return words.joined(separator: " and ")
  }
}
