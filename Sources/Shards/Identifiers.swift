import Frames

/// The identifiers of rows: all integers or all strings.
public enum Identifiers: Sendable, Equatable {
  case integers([Int64])
  case strings([String])

  public var count: Int {
    switch self {
    case .integers(let integers): integers.count
    case .strings(let strings): strings.count
    }
  }

  /// Joins identifiers of one kind.
  ///
  /// - Precondition: both are of the same kind, or this one is empty.
  package mutating func append(_ others: Identifiers) {
    switch (self, others) {
    case (.integers(let first), .integers(let second)): self = .integers(first + second)
    case (.strings(let first), .strings(let second)): self = .strings(first + second)
    default:
      precondition(count == 0, "identifiers are either all integers or all strings")
      self = others
    }
  }

  /// Each as text.
  public var texts: [String] {
    switch self {
    case .integers(let integers): integers.map(String.init)
    case .strings(let strings): strings
    }
  }

  /// Those of some rows.
  package subscript(rows: Range<Int>) -> Identifiers {
    switch self {
    case .integers(let integers): .integers(Array(integers[rows]))
    case .strings(let strings): .strings(Array(strings[rows]))
    }
  }

  var values: ColumnValues {
    switch self {
    case .integers(let integers): .codes(integers)
    case .strings(let strings): .texts(strings)
    }
  }
}

/// A list of numbers, or of texts.
extension Identifiers: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    self =
      try (try? container.decode([Int64].self)).map(Identifiers.integers) ?? .strings(container.decode([String].self))
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .integers(let integers): try container.encode(integers)
    case .strings(let strings): try container.encode(strings)
    }
  }
}
