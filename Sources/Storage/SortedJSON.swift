import FoundationEssentials

/// One JSON object on one line, its keys in sorted order: what the program prints and stores.
package func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

/// The value of JSON in UTF-8.
///
/// - Throws: `DecodingError`.
package func jsonValue<Value: Decodable>(_ bytes: [UInt8]) throws -> Value {
  try JSONDecoder().decode(Value.self, from: Data(bytes))
}
