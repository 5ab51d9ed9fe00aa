/// One pass over the rows, or round of a loop, as it goes into the metrics of a run: one JSON object with `phase`,
/// `pass`, `seconds` and what the estimator tells by names of its own.
public struct PassRecord: Sendable, Encodable {
  /// What an estimator tells of a pass.
  public enum Value: Sendable, Equatable, Encodable {
    case integer(Int)
    /// A number, which is null in JSON when it is not finite.
    case number(Double)
    case flag(Bool)

    public func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .integer(let integer): try container.encode(integer)
      case .number(let number) where !number.isFinite: try container.encodeNil()
      case .number(let number): try container.encode(number)
      case .flag(let flag): try container.encode(flag)
      }
    }
  }

  /// The name of the phase that the pass was part of, within that of the step and of the cell.
  public package(set) var phase: String
  /// The number of the pass in its phase, counted from zero; of a round, that of the round.
  public let pass: Int
  /// The seconds since the run began.
  public package(set) var seconds: Double
  public let values: [String: Value]
  /// What the phase has before it; nil where its state does not tell. No part of the metrics.
  public let remaining: RemainingPasses?

  /// - Precondition: none of the values is named `phase`, `pass` or `seconds`.
  public init(
    phase: String, pass: Int, seconds: Double, values: [String: Value], remaining: RemainingPasses? = nil
  ) {
    precondition(!["phase", "pass", "seconds"].contains { values[$0] != nil }, "a record has these fields itself")
    self.phase = phase
    self.pass = pass
    self.seconds = seconds
    self.values = values
    self.remaining = remaining
  }

  /// The integer of a name; nil when there is none.
  public func integer(_ name: String) -> Int? { if case .integer(let value)? = values[name] { value } else { nil } }
  /// The finite number of a name; nil when there is none.
  public func number(_ name: String) -> Double? {
    if case .number(let value)? = values[name], value.isFinite { value } else { nil }
  }
  /// The flag of a name; nil when there is none.
  public func flag(_ name: String) -> Bool? { if case .flag(let value)? = values[name] { value } else { nil } }

  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { nil }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(phase, forKey: Key("phase"))
    try container.encode(pass, forKey: Key("pass"))
    try container.encode(seconds, forKey: Key("seconds"))
    for (name, value) in values { try container.encode(value, forKey: Key(name)) }
  }
}
