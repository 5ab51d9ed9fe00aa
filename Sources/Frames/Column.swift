/// What the values of a column are.
public enum ColumnKind: Sendable, Equatable {
  case real
  case integer
  /// Codes 0, 1, … of the levels.
  case categorical(levels: [String])
  /// Strings, which a frame does not hold: they stay in the files.
  case text
  /// Real numbers, so many in each row: an image, an embedding.
  case vector(width: Int)

  /// Whether values are codes, integers of 64 bits, rather than real numbers.
  public var holdsCodes: Bool {
    switch self {
    case .integer, .categorical: true
    case .real, .text, .vector: false
    }
  }

  /// The levels of a categorical column.
  public var levels: [String]? { if case .categorical(let levels) = self { levels } else { nil } }

  /// The code of a missing value: the least integer, or -1 for a category; nil for real numbers, where NaN is missing.
  public var missingCode: Int64? {
    switch self {
    case .integer: .min
    case .categorical: -1
    case .real, .text, .vector: nil
    }
  }

  /// The kind without what belongs to it: `real`, `integer`, `categorical`, `text`, `vector`.
  public var word: String {
    switch self {
    case .real: "real"
    case .integer: "integer"
    case .categorical: "categorical"
    case .text: "text"
    case .vector: "vector"
    }
  }

  /// Places of eight bytes that a value takes in memory.
  package var slotCount: Int {
    switch self {
    case .real, .integer, .categorical: 1
    case .text: 0
    case .vector(let width): width
    }
  }
}

/// A column of rows: its name, its part in the analysis and what its values are.
public struct Column: Sendable, Equatable {
  public var name: String
  public var role: Role
  public var kind: ColumnKind
  /// Whether values may be missing; see ``ColumnKind/missingCode``. Elsewhere a missing value is refused.
  public var allowsMissing: Bool

  public init(_ name: String, _ role: Role, _ kind: ColumnKind = .real, allowsMissing: Bool = false) {
    self.name = name
    self.role = role
    self.kind = kind
    self.allowsMissing = allowsMissing
  }
}

extension Column: Codable {
  private enum Key: String, CodingKey { case name, role, kind, levels, width, allowsMissing }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(name, forKey: .name)
    try container.encode(role, forKey: .role)
    try container.encode(kind.word, forKey: .kind)
    try container.encodeIfPresent(kind.levels, forKey: .levels)
    if case .vector(let width) = kind { try container.encode(width, forKey: .width) }
    if allowsMissing { try container.encode(true, forKey: .allowsMissing) }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    name = try container.decode(String.self, forKey: .name)
    role = try container.decode(Role.self, forKey: .role)
    allowsMissing = try container.decodeIfPresent(Bool.self, forKey: .allowsMissing) ?? false
    switch try container.decode(String.self, forKey: .kind) {
    case "real": kind = .real
    case "integer": kind = .integer
    case "categorical": kind = .categorical(levels: try container.decode([String].self, forKey: .levels))
    case "text": kind = .text
    case "vector": kind = .vector(width: try container.decode(Int.self, forKey: .width))
    case let word:
      throw DecodingError.dataCorruptedError(forKey: .kind, in: container, debugDescription: "no kind '\(word)'")
    }
  }
}
