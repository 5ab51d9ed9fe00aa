import Mixture

/// The law of what a row's treatment, and in `joint` its outcome, has besides the rule of its group.
public enum ErrorLaw: Sendable, Equatable, Codable, CustomStringConvertible {
  case normal
  /// Student's t, of degrees of freedom that are estimated where none are given.
  case student(degreesOfFreedom: Double?)

  /// `normal`, `t`, or `t:4` with the degrees of freedom; nil for other texts.
  public init?(_ text: String) {
    switch text {
    case "normal": self = .normal
    case "t": self = .student(degreesOfFreedom: nil)
    default:
      guard text.hasPrefix("t:"), let degrees = Double(text.dropFirst(2)), degrees >= 1, degrees <= 1000 else {
        return nil
      }
      self = .student(degreesOfFreedom: degrees)
    }
  }

  public var description: String {
    switch self {
    case .normal: "normal"
    case .student(nil): "t"
    case .student(let degrees?): "t:\(degrees)"
    }
  }

  public init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let law = ErrorLaw(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "no law of errors: \(text)"))
    }
    self = law
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  var student: StudentErrors? {
    if case .student(let degrees) = self { StudentErrors(degreesOfFreedom: degrees) } else { nil }
  }

  /// A start with these errors.
  func applied(to start: RegressionMixture) -> RegressionMixture {
    var start = start
    start.errors = student
    return start
  }
}
