import Diagnostics
import Shards

/// How tables become shards: which column plays which part, how rows are cut into files, and what is missing.
///
/// Columns are named by the header of a CSV file or by the path of an HDF5 dataset.
public struct ImportPlan: Sendable, Codable, Equatable {
  public var treatment: String
  public var outcome: String
  /// A matrix of an HDF5 file stands for all its columns.
  public var covariates: [String]
  /// Integers are kept; anything else is coded 0, 1, … in sorted order.
  public var source: String?
  public var weight: String?
  /// Kept as strings, missing ones empty.
  public var identifier: String?
  /// One shard is written per value of this column.
  public var institution: String?
  /// Rows of a shard when there is no institution.
  public var rowsPerShard = 1_000_000
  public var missing = MissingPolicy.refuse
  /// The texts that stand for a missing value, quoted or not. NaN in HDF5 files is always missing.
  public var missingMarkers = Self.defaultMissingMarkers
  /// One byte; CSV only.
  public var delimiter = ","

  public static let defaultMissingMarkers = ["", "NA", "NaN", "nan", "."]

  public init(treatment: String, outcome: String, covariates: [String]) {
    self.treatment = treatment
    self.outcome = outcome
    self.covariates = covariates
  }

  /// The names in a list separated by commas, where a name may be quoted as in CSV.
  ///
  /// - Throws: ``Failure`` `usage` when a quote is not closed.
  public static func list(_ text: String, option: String) throws -> [String] {
    try Array(text.utf8).withUnsafeBufferPointer { bytes in
      var tokenizer = CSVTokenizer(delimiter: UInt8(ascii: ","))
      guard tokenizer.scan(bytes, from: 0, isLast: true) == .record(end: bytes.count) else {
        throw Failure(.usage, "\(option) '\(text)' is not a list separated by commas; close its quotes")
      }
      return tokenizer.fields.map { String(decoding: $0.content(of: bytes), as: UTF8.self) }
    }
  }

  /// - Throws: ``Failure`` `usage` that names the option at fault.
  func validate() throws {
    guard !covariates.isEmpty else {
      throw Failure(.usage, "--covariates names no column; name at least one, separated by commas")
    }
    guard rowsPerShard > 0 else { throw Failure(.usage, "--rows-per-shard must be at least 1") }
    guard delimiter.utf8.count == 1, !"\"\r\n".utf8.contains(delimiter.utf8.first!) else {
      throw Failure(.usage, "--delimiter must be one ASCII character other than a quote or a line break")
    }
    var parts: [String: String] = [:]
    let named =
      [("--treatment", treatment), ("--outcome", outcome)] + covariates.map { ("--covariates", $0) }
      + (weight.map { [("--weight", $0)] } ?? [])
    for (option, column) in named {
      if let other = parts.updateValue(option, forKey: column) {
        throw Failure(
          .usage,
          other == option
            ? "\(option) names the column '\(column)' twice; name it once"
            : "column '\(column)' is named by both \(other) and \(option); name it in one of them")
      }
    }
  }
}

/// The part that a column plays while rows are read, in the order of ``ImportRows/values``.
enum ImportRole: Equatable {
  case treatment, outcome, weight, source, institution, identifier, covariate

  /// Values must be numbers.
  var isNumeric: Bool { self == .treatment || self == .outcome || self == .weight }
}
