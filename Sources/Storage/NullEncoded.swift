/// Encodes nil, and numbers that JSON does not have, as null instead of leaving the key out.
@propertyWrapper
public struct NullEncoded<Value: Encodable & Sendable>: Encodable, Sendable {
  public var wrappedValue: Value?

  public init(wrappedValue: Value?) { self.wrappedValue = wrappedValue }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    guard let value = wrappedValue, (value as? Double)?.isFinite ?? true else { return try container.encodeNil() }
    try container.encode(value)
  }
}

extension NullEncoded: Decodable where Value: Decodable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    wrappedValue = container.decodeNil() ? nil : try container.decode(Value.self)
  }
}

extension NullEncoded: Equatable where Value: Equatable {}
