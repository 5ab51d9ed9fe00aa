import Diagnostics

/// How values are written in tables of text.
public struct TextFormat: Sendable, Codable, Equatable {
  /// The texts that stand for a missing value, quoted or not; one that is a number stands for it however it is written.
  /// NaN in HDF5 files is always missing.
  public var missingMarkers = Self.defaultMissingMarkers
  /// One byte; when nil what the tables show, or a comma. CSV only.
  public var delimiter: String?
  /// What lines begin with that are skipped; CSV only.
  public var comment: String?
  /// How numbers are written in texts.
  public var numbers = NumberFormat()
  /// Whether the point of ``numbers`` was said, so that no decimal commas are looked for.
  public var isDecimalMarkSaid = false

  public static let defaultMissingMarkers = ["", "NA", "NaN", "nan", "."]

  public init() {}

  /// - Throws: ``Failure`` `usage` that names the option at fault.
  func validate() throws {
    if let delimiter {
      guard delimiter.utf8.count == 1, !"\"\r\n".utf8.contains(delimiter.utf8.first!) else {
        throw Failure(.usage, "--delimiter must be one ASCII character other than a quote or a line break")
      }
    }
    guard comment.map({ !$0.isEmpty && !$0.contains(where: \.isNewline) }) ?? true else {
      throw Failure(.usage, "--comment must be the text that lines to skip begin with, such as '#'")
    }
    try numbers.validate()
  }
}
