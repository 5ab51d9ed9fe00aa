/// What a column is in an analysis.
public enum Role: String, Sendable, CaseIterable, Codable, Comparable {
  case covariate
  case treatment
  case outcome
  /// Moves the treatment, and the outcome through it only.
  case instrument
  /// The true source of a row, when it is known; used in scores only.
  case source
  /// Who holds a row.
  case institution
  /// Rows that share it are not independent.
  case cluster
  /// How much a row counts: at least 0.
  case weight
  /// Names a row; it stays in the files.
  case identifier
  /// Stands for a confounder that is not observed.
  case proxy
  /// The arm of a trial, or the course of treatments, that a row belongs to.
  case arm
  /// A variable of a causal graph, whatever part it plays there.
  case variable
  /// The unit of a panel.
  case unit
  /// The period of a panel.
  case period
  /// 1 in rows that are kept for testing, 0 in others.
  case test
  /// Kept with the rows, and part of no analysis.
  case none

  /// Whether a schema may have more than one such column.
  public var mayRepeat: Bool {
    switch self {
    case .covariate, .instrument, .cluster, .proxy, .variable, .none: true
    default: false
    }
  }

  /// The order in which the roles are declared.
  public static func < (first: Role, second: Role) -> Bool {
    allCases.firstIndex(of: first)! < allCases.firstIndex(of: second)!
  }
}
