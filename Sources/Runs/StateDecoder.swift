/// Decodes what ``StateEncoder`` encoded.
package enum StateDecoder {
  /// - Throws: ``MalformedState`` when the bytes hold no state, `DecodingError` when they hold one of another type.
  package static func decode<Value: Decodable>(_: Value.Type = Value.self, from bytes: [UInt8]) throws -> Value {
    try decode(Value.self, StateValue(bytes: bytes), at: [])
  }

  fileprivate static func decode<Value: Decodable>(
    _ type: Value.Type, _ value: StateValue, at path: [any CodingKey]
  ) throws -> Value {
    if let leaf: Value = try leaf(value, at: path) { return leaf }
    return try Value(from: ValueDecoder(value: value, codingPath: path))
  }

  /// Nil for types that have a way of decoding of their own.
  private static func leaf<Value: Decodable>(_ value: StateValue, at path: [any CodingKey]) throws -> Value? {
    func cast<Leaf>(_ leaf: Leaf?) throws -> Value {
      guard let leaf else { throw mismatch(Value.self, value, at: path) }
      return leaf as! Value
    }
    if Value.self == Double.self { return try cast(value.double) }
    if Value.self == [Double].self, case .numbers(let numbers) = value { return try cast(numbers) }
    if Value.self == Bool.self { return try cast(value.bool) }
    if Value.self == String.self { return try cast(value.string) }
    if Value.self == Float.self { return try cast(value.double.map(Float.init)) }
    if let type = Value.self as? any FixedWidthInteger.Type { return try cast(integer(value, type)) }
    return nil
  }

  private static func integer<Integer: FixedWidthInteger>(_ value: StateValue, _: Integer.Type) -> Integer? {
    switch value {
    case .integer(let integer): Integer(exactly: integer)
    case .unsigned(let integer): Integer(exactly: integer)
    default: nil
    }
  }

  fileprivate static func mismatch(_ type: Any.Type, _ value: StateValue, at path: [any CodingKey]) -> DecodingError {
    .typeMismatch(type, DecodingError.Context(codingPath: path, debugDescription: "the state holds another kind"))
  }
}

extension StateValue {
  fileprivate var double: Double? { if case .number(let number) = self { number } else { nil } }
  fileprivate var bool: Bool? { if case .flag(let flag) = self { flag } else { nil } }
  fileprivate var string: String? { if case .text(let text) = self { text } else { nil } }
}

private struct ValueDecoder: Decoder {
  let value: StateValue
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy _: Key.Type) throws -> KeyedDecodingContainer<Key> {
    guard case .record(let fields) = value else {
      throw StateDecoder.mismatch([String: Any].self, value, at: codingPath)
    }
    return KeyedDecodingContainer(RecordContainer(fields: fields, codingPath: codingPath))
  }

  func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
    switch value {
    case .list(let values): return ListContainer(values: values, codingPath: codingPath)
    case .numbers(let numbers): return ListContainer(values: numbers.map(StateValue.number), codingPath: codingPath)
    default: throw StateDecoder.mismatch([Any].self, value, at: codingPath)
    }
  }

  func singleValueContainer() -> any SingleValueDecodingContainer {
    LeafContainer(value: value, codingPath: codingPath)
  }
}

private struct RecordContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
  let fields: [String: StateValue]
  let codingPath: [any CodingKey]
  var allKeys: [Key] { fields.keys.sorted().compactMap(Key.init) }

  func contains(_ key: Key) -> Bool { fields[key.stringValue] != nil }
  func decodeNil(forKey key: Key) throws -> Bool { try field(key) == .null }

  func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
    try StateDecoder.decode(type, field(key), at: codingPath + [key])
  }

  private func field(_ key: any CodingKey) throws -> StateValue {
    guard let value = fields[key.stringValue] else {
      throw DecodingError.keyNotFound(
        key, DecodingError.Context(codingPath: codingPath, debugDescription: "the state has no such field"))
    }
    return value
  }

  private func nested(_ key: any CodingKey) throws -> ValueDecoder {
    ValueDecoder(value: try field(key), codingPath: codingPath + [key])
  }

  func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type, forKey key: Key
  ) throws -> KeyedDecodingContainer<Nested> {
    try nested(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
    try nested(key).unkeyedContainer()
  }

  func superDecoder() throws -> any Decoder { try nested(SuperKey()) }
  func superDecoder(forKey key: Key) throws -> any Decoder { try nested(key) }
}

private struct ListContainer: UnkeyedDecodingContainer {
  let values: [StateValue]
  let codingPath: [any CodingKey]
  var currentIndex = 0
  var count: Int? { values.count }
  var isAtEnd: Bool { currentIndex == values.count }

  private mutating func next() throws -> StateValue {
    guard !isAtEnd else {
      throw DecodingError.valueNotFound(
        Any.self, DecodingError.Context(codingPath: codingPath, debugDescription: "the state has no more elements"))
    }
    defer { currentIndex += 1 }
    return values[currentIndex]
  }

  mutating func decodeNil() throws -> Bool {
    guard !isAtEnd, values[currentIndex] == .null else { return false }
    currentIndex += 1
    return true
  }

  mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try StateDecoder.decode(type, next(), at: codingPath)
  }

  private mutating func nested() throws -> ValueDecoder { ValueDecoder(value: try next(), codingPath: codingPath) }

  mutating func nestedContainer<Nested: CodingKey>(
    keyedBy type: Nested.Type
  ) throws -> KeyedDecodingContainer<Nested> {
    try nested().container(keyedBy: type)
  }

  mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try nested().unkeyedContainer() }
  mutating func superDecoder() throws -> any Decoder { try nested() }
}

private struct LeafContainer: SingleValueDecodingContainer {
  let value: StateValue
  let codingPath: [any CodingKey]

  func decodeNil() -> Bool { value == .null }
  func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try StateDecoder.decode(type, value, at: codingPath)
  }
}
