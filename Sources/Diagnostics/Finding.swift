/// What a reader of a result should know before trusting it: what was found, how grave it is, and with which values.
///
/// A finding has no words of its own: they are made in one place, by the reports, so that programs and tests read codes
/// and values.
public struct Finding: Sendable, Equatable, Codable {
  public let code: Code
  public let severity: Severity
  /// The values that the code is about; each code has its own.
  public let values: [Key: Value]

  public init(_ code: Code, _ values: [Key: Value] = [:], severity: Severity = .warning) {
    self.code = code
    self.severity = severity
    self.values = values
  }

  /// What was done on the way, or a fact that bears on how the result is read.
  public static func note(_ code: Code, _ values: [Key: Value] = [:]) -> Finding {
    Finding(code, values, severity: .note)
  }

  /// How grave a finding is.
  public enum Severity: String, Sendable, Codable, CaseIterable {
    /// What was done on the way, or a fact that bears on how the result is read.
    case note
    /// A reason to doubt the result.
    case warning
    /// The result, or the named part of it, means nothing.
    case invalid
  }

  /// Whether it is a reason to doubt the result, or worse.
  public var isDoubt: Bool { severity != .note }

  /// The same finding where it weighs more, or less.
  public func with(severity: Severity) -> Finding { Finding(code, values, severity: severity) }
}

extension Finding {
  /// The values by name; a name that the code does not have gives zero, or nothing.
  public func count(_ key: Key) -> Int {
    if case .count(let value) = values[key] { value } else { 0 }
  }

  /// Counts are numbers too.
  public func number(_ key: Key) -> Double {
    switch values[key] {
    case .number(let value): value
    case .count(let value): Double(value)
    default: 0
    }
  }

  public func name(_ key: Key) -> String {
    if case .name(let value) = values[key] { value } else { "" }
  }

  public func names(_ key: Key) -> [String] {
    if case .names(let value) = values[key] { value } else { [] }
  }

  public func counts(_ key: Key) -> [Int] {
    if case .counts(let value) = values[key] { value } else { [] }
  }

  /// The value that a finding is about, a whole number without a point.
  public var valueWords: String {
    let value = number(.value)
    return Int(exactly: value).map(String.init) ?? "\(value)"
  }

  /// The row that a finding is about, and the file that it lies in.
  public var rowWords: String {
    let (row, file) = (count(.row), name(.file))
    if file.isEmpty { return "row \(row) (counted from 0)" }
    if row == count(.fileRow) { return "row \(row) of \(file) (counted from 0)" }
    return "row \(row) (row \(count(.fileRow)) of \(file), both counted from 0)"
  }

  /// Of a test's statistic, degrees of freedom and p value, the last.
  public var pValue: Double {
    if case .test(_, _, let pValue) = values[.test] { pValue } else { 0 }
  }
}
