import Diagnostics

/// The laws of rows with an unobserved class and proxies of it.
public enum ProxyLaw: String, Sendable, Codable, CaseIterable {
  /// Two classes, two binary proxies on each side, a binary outcome.
  case binary
  /// Three classes, a proxy of four values on each side, a normal outcome.
  case threeClass = "three-class"
  /// Two classes, two real proxies on each side, a normal outcome.
  case continuous
  /// Two classes, a binary proxy on each side, a binary outcome: the main law of Mazaheri, Squires and Uhler (2025).
  case levels
  /// As ``threeClass``, with the same effect in all classes.
  case equalEffects = "equal-effects"
}

/// What a simulation of proxies is made of.
public struct ProxyParameters: Sendable, Codable, Equatable {
  public var law = ProxyLaw.binary
  public var rows = 10_000
  public var seed: UInt64 = 0
  /// The arrow from the outcome's proxies to the outcome: b of `levels`, and in `binary` what is added to Pr(Y = 1) as
  /// s (x_0 - 1/2) (2u - 1).
  public var proxyToOutcome = 0.0
  /// The arrow from the treatment's proxies to the outcome: s (z_0 - 1/2) is added to Pr(Y = 1).
  public var treatmentProxyToOutcome = 0.0
  /// The arrow from the treatment to the outcome's proxies: x_0 is t with this probability.
  public var treatmentToProxy = 0.0
  /// The arrow from the treatment's proxies to the treatment: a of `levels`.
  public var proxyToTreatment = 0.0

  public init() {}

  /// Checks the parameters.
  ///
  /// - Throws: ``Failure`` (usage) that names the first option that is out of range, or that the law does not know.
  public func validate() throws {
    try check(rows >= 1, "--rows is \(rows); give at least 1")
    let most = law == .levels ? 1.0 : 0.5
    let arrows: [(String, Double, ClosedRange<Double>, [ProxyLaw])] = [
      ("--x-to-y", proxyToOutcome, 0...most, [.binary, .levels]),
      ("--z-to-y", treatmentProxyToOutcome, 0...0.5, [.binary]),
      ("--t-to-x", treatmentToProxy, 0...1, [.binary]), ("--z-to-t", proxyToTreatment, 0...1, [.levels]),
    ]
    for (option, value, range, laws) in arrows where value != 0 {
      try check(
        laws.contains(law),
        "\(option) goes with --law \(laws.map(\.rawValue).joined(separator: " or ")); leave it out, or choose that")
      try check(
        range.contains(value), "\(option) is \(value); give a number from \(range.lowerBound) to \(range.upperBound)")
    }
    try check(
      law != .binary || proxyToOutcome + treatmentProxyToOutcome <= 0.5,
      "--x-to-y and --z-to-y add up to \(proxyToOutcome + treatmentProxyToOutcome); probabilities allow 0.5 at most")
  }

  private func check(_ holds: Bool, _ message: String) throws {
    guard holds else { throw Failure(.usage, message) }
  }
}
