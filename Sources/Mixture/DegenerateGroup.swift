/// The rows do not determine the parameters of a group, or of a regression of all rows.
public struct DegenerateGroup: Error, Sendable, Equatable, CustomStringConvertible {
  /// Whose parameters they are.
  public enum Subject: Sendable, Equatable {
    case group(Int)
    /// A regression of the rows of all groups, by its name.
    case pooled(String)
  }

  public enum Reason: Sendable, Equatable {
    /// There are fewer rows, or less weight of rows, than parameters.
    case tooFew(rows: Double, parameters: Int)
    /// The number of rows is not finite.
    case notFinite
    /// Columns depend linearly on each other.
    case singular
    /// Next to nothing is left of the variance of a column, counted from 0, given those before it.
    case collapsed(column: Int)
  }

  public let subject: Subject
  public let reason: Reason

  package init(_ subject: Subject, _ reason: Reason) {
    self.subject = subject
    self.reason = reason
  }

  /// The group whose parameters are not determined; nil where no group alone is at fault.
  public var group: Int? { if case .group(let group) = subject { group } else { nil } }

  public var description: String {
    switch (subject, reason) {
    case (.group(let group), .tooFew(let rows, let parameters)):
      "group \(group) emptied: \(rounded(rows)) rows for \(parameters) parameters"
    case (.group(let group), .notFinite): "group \(group) has a number of rows that is not finite"
    case (.group(let group), .singular): "group \(group) has a singular covariance"
    case (.group(let group), .collapsed(let column)):
      "group \(group) closes in on rows in which column \(column) does not vary, given those before it"
    case (.pooled(let name), .collapsed(let column)):
      "column \(column) of \(name) does not vary, given those before it"
    case (.pooled(let name), .tooFew(let rows, let parameters)):
      "\(name) has \(parameters) parameters for \(rounded(rows)) rows"
    case (.pooled(let name), .notFinite): "\(name) has a number of rows that is not finite"
    case (.pooled(let name), .singular): "the columns of \(name) depend linearly on each other"
    }
  }

  /// A weight of rows as people read it.
  private func rounded(_ rows: Double) -> Double { (rows * 1000).rounded() / 1000 }

  /// Refuses fewer rows than parameters.
  package static func require(
    _ count: Double, atLeast least: Int, _ subject: Subject
  ) throws(DegenerateGroup) {
    guard count.isFinite else { throw DegenerateGroup(subject, .notFinite) }
    guard count >= Double(least) else { throw DegenerateGroup(subject, .tooFew(rows: count, parameters: least)) }
  }
}
