internal import CHDF5
import Diagnostics
import FoundationEssentials

extension HDF5File {
  private static let recordName = "giv-record"

  /// Stores a value as JSON in the attribute `giv-record` of the root, where a checksum protects it.
  ///
  /// Policy: what the program reads back goes here or into datasets. Attributes of type ``HDF5Attribute/string(_:)``
  /// have a variable length, as readers in other languages like them; they lie in a heap without checksums, where one
  /// flipped bit changes the text or lets the library loop for ever.
  public func setRecord(_ value: some Encodable) throws {
    let bytes = try Array(jsonText(value).utf8)
    let type = try HDF5Handle.stringType(width: bytes.count, on: path, exitCode)
    try setAttribute(Self.recordName, type: type.id, nil, of: "/") { attribute in
      H5Awrite(attribute, type.id, bytes)
    }
  }

  /// Reads the value that ``setRecord(_:)`` stored; nil when there is none.
  ///
  /// - Throws: ``Failure`` `data` when it is of another kind than `Value`.
  public func record<Value: Decodable>(as: Value.Type = Value.self) throws -> Value? {
    guard case .string(let text)? = try attribute(Self.recordName, fixedLengthOnly: true) else { return nil }
    do {
      return try JSONDecoder().decode(Value.self, from: Data(text.utf8))
    } catch {
      throw Failure(
        .data, "\(path): the attribute 'giv-record' holds something else than expected; is it another file?")
    }
  }
}
