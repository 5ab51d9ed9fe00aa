import ArgumentParser
import Import

/// How values are written in the tables that a command reads.
struct TextFormatOptions: ParsableArguments {
  @Option(
    help: """
      The texts that mean missing, separated by commas; nothing between two commas is the empty text. A number means \
      missing however it is written, in HDF5 too.
      """)
  var missingMarkers: String = TextFormat.defaultMissingMarkers.joined(separator: ",")

  @Option(
    help: """
      What separates the fields of a CSV file: one character, or 'tab'. (default: what a first line such as 'sep=;' says, \
      or the one of comma, ';', tab and '|' that makes as many fields of all first rows as of the header)
      """)
  var delimiter: String?

  @Option(help: "Skip lines of a CSV file that begin with this text, such as '#'.")
  var comment: String?

  @Option(
    help: """
      The character before the decimals of numbers in texts. (default: a point; or a comma where fields are separated by \
      another character and the numbers leave no doubt)
      """)
  var decimalMark: String?

  @Option(help: "The character between groups of digits in numbers, such as ',' in 1,034; 'space' for blanks.")
  var thousandsMark: String?

  @Option(
    help: """
      Texts before or after numbers that are no part of them, separated by commas: '$,%,*' reads $5 as 5, 34% as 34 and \
      12.3* as 12.3; '<' reads <0.5 as 0.5.
      """)
  var affixes: String?

  /// - Throws: ``Failure`` `usage` when a list does not close its quotes.
  func format() throws -> TextFormat {
    var format = TextFormat()
    format.missingMarkers = try ImportPlan.list(missingMarkers, option: "--missing-markers")
    format.delimiter = delimiter.map { ["tab", "\\t"].contains($0) ? "\t" : $0 }
    format.comment = comment
    format.numbers = NumberFormat(
      decimalMark: decimalMark ?? ".", thousandsMark: thousandsMark, affixes: try columnNames(affixes, "--affixes"))
    format.isDecimalMarkSaid = decimalMark != nil
    return format
  }
}

/// The names in a list, those between two commas left out.
func columnNames(_ text: String?, _ option: String) throws -> [String] {
  try text.map { try ImportPlan.list($0, option: option).filter { !$0.isEmpty } } ?? []
}
