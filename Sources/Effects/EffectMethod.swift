import NonparametricIV

/// A way to the effect that is set beside the others: least squares, the k-class, or a nonparametric regression.
public enum EffectMethod: Sendable, Hashable {
  /// Ordinary regression on the functions of t and the controls.
  case ordinary
  /// Two-stage least squares with an effect that is linear in t.
  case linearTwoStage
  /// The estimator that is asked for, on the functions of t that the rows choose.
  case sieve
  /// LIML on the same functions.
  case limitedInformation
  /// The residuals of t beside the same functions; see ``ResidualInclusion``.
  case control
  case nonparametric(NonparametricMethod)

  /// In the order in which they stand side by side.
  public static let all: [EffectMethod] =
    [.ordinary, .linearTwoStage, .sieve, .limitedInformation, .control]
    + NonparametricMethod.allCases.map { .nonparametric($0) }

  /// The name under which it is asked for.
  public var name: String {
    switch self {
    case .ordinary: "ols"
    case .linearTwoStage: "2sls"
    case .sieve: "sieve2sls"
    case .limitedInformation: "liml"
    case .control: "control"
    case .nonparametric(let method): method.rawValue
    }
  }

  /// The method of a name; nil for another text.
  public init?(name: String) {
    guard let method = Self.all.first(where: { $0.name == name }) else { return nil }
    self = method
  }

  /// The one that the others are held against.
  public static func first(hasInstrument: Bool) -> EffectMethod { hasInstrument ? .sieve : .ordinary }

  /// Whether it finds nothing with the covariates alone.
  var needsInstrument: Bool {
    switch self {
    case .linearTwoStage, .sieve, .limitedInformation, .control: true
    case .ordinary, .nonparametric: false
    }
  }

  /// See ``NonparametricMethod/isPlugIn``.
  public var isPlugIn: Bool { if case .nonparametric(let method) = self { method.isPlugIn } else { false } }
}

extension EffectMethod: Codable {
  public init(from decoder: any Decoder) throws {
    let name = try decoder.singleValueContainer().decode(String.self)
    guard let method = EffectMethod(name: name) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "'\(name)' is no method of an effect"))
    }
    self = method
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(name)
  }
}
