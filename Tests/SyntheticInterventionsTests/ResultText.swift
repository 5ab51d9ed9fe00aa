import Foundation

func encoded(_ value: some Encodable) throws -> Data { try JSONEncoder().encode(value) }
func decoded<Value: Decodable>(_ data: Data, as _: Value.Type) throws -> Value {
  try JSONDecoder().decode(Value.self, from: data)
}
func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path)) }
func text(_ path: String) throws -> String { String(decoding: try bytes(path), as: UTF8.self) }
