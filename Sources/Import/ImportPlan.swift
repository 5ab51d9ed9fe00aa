import Diagnostics
import Frames
import Shards

/// How tables become shards: which column plays which part, how rows are cut into files, and what is missing.
///
/// Columns are named by the header of a CSV file or by the path of an HDF5 dataset.
public struct ImportPlan: Sendable, Codable, Equatable {
  /// Nil for rows of variables of a causal graph.
  public var treatment: String?
  /// Nil for rows whose outcome is not known yet.
  public var outcome: String?
  /// The roles of single columns, outcome or identifier, without which tables are taken that have none of the name.
  public var mayLack: Set<Role> = []
  /// A matrix of an HDF5 file stands for all its columns.
  public var covariates: [String]
  /// Integers are kept; anything else is coded 0, 1, … in sorted order.
  public var source: String?
  public var weight: String?
  /// Kept as strings, missing ones empty.
  public var identifier: String?
  /// Who holds a row; every value is a level, numbers too.
  public var institution: String?
  /// Whether one shard is written per institution.
  public var cutsByInstitution = false
  /// Rows that share a value are not independent; every value is a level, numbers too.
  public var cluster: String?
  /// Numbers or, with any text, categories; as the two that follow.
  public var instruments: [String] = []
  public var proxies: [String] = []
  /// Variables of a causal graph: all there is of such rows.
  public var variables: [String] = []
  /// The first and last columns of variables that are vectors, by name; a matrix of an HDF5 file is one without.
  public var vectors: [String: VectorColumns] = [:]
  /// Columns that are kept beside the analysis. They alone may miss values in rows that are kept.
  public var kept: [String] = []
  /// 1 in rows that are kept for testing, 0 in others.
  public var test: String?
  /// Rows of a shard that is not one institution's.
  public var rowsPerShard = 1_000_000
  /// Columns that are categories whatever their values look like.
  public var categorical: [CategoricalColumn] = []
  /// The levels of some columns; nil for those that are found.
  public var agreed: AgreedLevels?
  /// Whose encoding of covariates is taken; nil for one of these inputs' own.
  public var earlier: EarlierEncoding?
  public var missing = MissingPolicy.refuse
  /// How values are written.
  public var format = TextFormat()

  public init(treatment: String, outcome: String?, covariates: [String]) {
    self.treatment = treatment
    self.outcome = outcome
    self.covariates = covariates
  }

  /// Rows of variables of a causal graph.
  public init(variables: [String]) {
    covariates = []
    self.variables = variables
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
    guard !covariates.isEmpty || !variables.isEmpty else {
      throw Failure(.usage, "--covariates names no column; name at least one, separated by commas")
    }
    guard rowsPerShard > 0 else { throw Failure(.usage, "--rows-per-shard must be at least 1") }
    try format.validate()
    guard !cutsByInstitution || institution != nil else {
      throw Failure(.usage, "no column of institutions is named to cut shards by; name one with --by")
    }
    var parts: [String: String] = [:]
    let named =
      (treatment.map { [("--treatment", $0)] } ?? []) + variables.map { ("--columns", $0) }
      + (outcome.map { [("--outcome", $0)] } ?? [])
      + covariates.map { ("--covariates", $0) }
      + (weight.map { [("--weight", $0)] } ?? []) + (test.map { [("--test", $0)] } ?? [])
      + instruments.map { ("--instruments", $0) } + proxies.map { ("--proxies", $0) } + kept.map { ("--keep", $0) }
    for (option, column) in named {
      if let other = parts.updateValue(option, forKey: column) {
        throw Failure(
          .usage,
          other == option
            ? "\(option) names the column '\(column)' twice; name it once"
            : "column '\(column)' is named by both \(other) and \(option); name it in one of them")
      }
    }
    try validateLevels()
  }

  /// Levels can be decided on for columns that may hold categories or numbers, once for each.
  private func validateLevels() throws {
    guard earlier == nil || (agreed == nil && categorical.isEmpty) else {
      throw Failure(.usage, "--like takes levels from \(earlier!.path); leave out --levels and --categorical")
    }
    let columns = covariates + instruments + proxies + kept + variables
    let agreedOn = agreed.map { agreed in agreed.levels.keys.sorted().map { ("--levels \(agreed.path)", $0) } } ?? []
    var seen: [String: String] = [:]
    for (option, name) in categorical.map({ ("--categorical", $0.name) }) + agreedOn {
      guard columns.contains(name) else {
        throw Failure(
          .usage,
          "\(option) names '\(name)', which is "
            + (variables.isEmpty
              ? "in none of --covariates, --instruments, --proxies and --keep; " : "not among --columns; ")
            + suggestion(for: name, among: columns, owner: "they name"))
      }
      if let other = seen.updateValue(option, forKey: name) {
        throw Failure(
          .usage,
          other == option
            ? "\(option) names '\(name)' twice; name it once"
            : "'\(name)' is named by both \(other) and \(option), where its first level is its reference; name it in one"
        )
      }
    }
  }
}

/// The columns of a table that are the numbers of a vector: from one to another.
public struct VectorColumns: Sendable, Codable, Equatable {
  public let first: String
  public let last: String

  public init(first: String, last: String) {
    self.first = first
    self.last = last
  }
}

extension ImportPlan {
  /// Which columns become which role, in the order of ``ImportRows/values``: treatment, outcome, then weight, source,
  /// institution and identifier where planned, the other columns besides x, and the covariates.
  var roles: [(name: String, role: Role)] {
    let single: [(String?, Role)] = [
      (treatment, .treatment), (outcome, .outcome), (weight, .weight), (source, .source), (identifier, .identifier),
      (institution, .institution), (cluster, .cluster), (test, .test),
    ]
    return single.compactMap { name, role in name.map { ($0, role) } } + instruments.map { ($0, .instrument) }
      + proxies.map { ($0, .proxy) } + variables.map { ($0, .variable) } + kept.map { ($0, .none) }
      + covariates.map { ($0, .covariate) }
  }
}

extension Role {
  /// Whether values must be numbers while tables are read.
  var isNumeric: Bool { self == .treatment || self == .outcome || self == .weight || self == .test }

  /// Whether a matrix of an HDF5 file may stand for all its columns.
  var takesMatrix: Bool {
    switch self {
    case .covariate, .instrument, .proxy, .variable, .none: true
    default: false
    }
  }

  /// Whether a value that is infinite is refused, for the column may be one of numbers.
  var mayBeNumeric: Bool { isNumeric || takesMatrix }

  /// Whether the column is written beside x, t, y, z, weight and id.
  var isFurther: Bool {
    switch self {
    case .covariate, .treatment, .outcome, .source, .weight, .identifier: false
    default: true
    }
  }

  /// Whether every value is a level, whatever it looks like.
  var isAlwaysCategorical: Bool { self == .institution || self == .cluster }
}
