/// Encodes states of phases in binary: every bit of every double, infinities and NaN included, and arrays of doubles as
/// they lie in memory.
package enum StateEncoder {
  package static func encode(_ value: some Encodable) throws -> [UInt8] { try tree(value).bytes }

  /// The tree of a value.
  static func tree(_ value: some Encodable) throws -> StateValue { try slot(of: value, at: []).value }

  /// The slot of a value: a leaf at once, everything else by its own way of encoding.
  fileprivate static func slot<Value: Encodable>(of value: Value, at path: [any CodingKey]) throws -> Slot {
    if let leaf = leaf(value) { return Slot(leaf) }
    let slot = Slot(.null)
    try value.encode(to: SlotEncoder(slot: slot, codingPath: path))
    return slot
  }

  private static func leaf<Value: Encodable>(_ value: Value) -> StateValue? {
    // Types are compared before values are cast: an array of another type would be converted element by element.
    if Value.self == Double.self { return .number(value as! Double) }
    if Value.self == [Double].self { return .numbers(value as! [Double]) }
    if Value.self == Bool.self { return .flag(value as! Bool) }
    if Value.self == String.self { return .text(value as! String) }
    if Value.self == Float.self { return .number(Double(value as! Float)) }
    guard let integer = value as? any FixedWidthInteger else { return nil }
    return Int64(exactly: integer).map(StateValue.integer) ?? UInt64(exactly: integer).map(StateValue.unsigned)
  }
}

/// The place of a value that is being encoded.
private final class Slot {
  private enum Content {
    case leaf(StateValue)
    case list([Slot])
    case record([String: Slot])
  }

  private var content: Content

  init(_ leaf: StateValue) { content = .leaf(leaf) }

  var count: Int { if case .list(let slots) = content { slots.count } else { 0 } }

  var value: StateValue {
    switch content {
    case .leaf(let value): value
    case .list(let slots): .list(slots.map(\.value))
    case .record(let slots): .record(slots.mapValues(\.value))
    }
  }

  func becomeList() { if case .list = content { return } else { content = .list([]) } }
  func becomeRecord() { if case .record = content { return } else { content = .record([:]) } }
  func become(_ other: Slot) { content = other.content }

  func append(_ slot: Slot) {
    guard case .list(var slots) = content else { return }
    // Emptied first, so that the array grows in place.
    content = .list([])
    slots.append(slot)
    content = .list(slots)
  }

  func set(_ slot: Slot, for key: any CodingKey) {
    guard case .record(var slots) = content else { return }
    content = .record([:])
    slots[key.stringValue] = slot
    content = .record(slots)
  }
}

private struct SlotEncoder: Encoder {
  let slot: Slot
  let codingPath: [any CodingKey]
  var userInfo: [CodingUserInfoKey: Any] { [:] }

  func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
    slot.becomeRecord()
    return KeyedEncodingContainer(RecordContainer(slot: slot, codingPath: codingPath))
  }

  func unkeyedContainer() -> any UnkeyedEncodingContainer {
    slot.becomeList()
    return ListContainer(slot: slot, codingPath: codingPath)
  }

  func singleValueContainer() -> any SingleValueEncodingContainer { LeafContainer(slot: slot, codingPath: codingPath) }
}

private struct RecordContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
  let slot: Slot
  let codingPath: [any CodingKey]

  func encodeNil(forKey key: Key) { slot.set(Slot(.null), for: key) }

  func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
    slot.set(try StateEncoder.slot(of: value, at: codingPath + [key]), for: key)
  }

  private func nested(_ key: any CodingKey) -> SlotEncoder {
    let nested = Slot(.null)
    slot.set(nested, for: key)
    return SlotEncoder(slot: nested, codingPath: codingPath + [key])
  }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type, forKey key: Key) -> KeyedEncodingContainer<Nested>
  {
    nested(key).container(keyedBy: type)
  }

  func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { nested(key).unkeyedContainer() }
  func superEncoder() -> any Encoder { nested(SuperKey()) }
  func superEncoder(forKey key: Key) -> any Encoder { nested(key) }
}

private struct ListContainer: UnkeyedEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]
  var count: Int { slot.count }

  func encodeNil() { slot.append(Slot(.null)) }

  func encode<Value: Encodable>(_ value: Value) throws { slot.append(try StateEncoder.slot(of: value, at: codingPath)) }

  private func nested() -> SlotEncoder {
    let nested = Slot(.null)
    slot.append(nested)
    return SlotEncoder(slot: nested, codingPath: codingPath)
  }

  func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<Nested> {
    nested().container(keyedBy: type)
  }

  func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nested().unkeyedContainer() }
  func superEncoder() -> any Encoder { nested() }
}

private struct LeafContainer: SingleValueEncodingContainer {
  let slot: Slot
  let codingPath: [any CodingKey]

  func encodeNil() { slot.become(Slot(.null)) }
  func encode<Value: Encodable>(_ value: Value) throws { slot.become(try StateEncoder.slot(of: value, at: codingPath)) }
}

/// The key of what a class inherits.
struct SuperKey: CodingKey {
  var stringValue: String { "super" }
  var intValue: Int? { nil }

  init() {}
  init?(stringValue: String) { if stringValue != "super" { return nil } }
  init?(intValue: Int) { nil }
}
