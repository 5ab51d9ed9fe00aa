import Diagnostics
import Glibc

/// Bytes that are read once, from front to back.
package protocol ByteSource: AnyObject {
  /// Reads at most as many bytes as the buffer holds, which are four at least; 0 at the end.
  ///
  /// - Throws: ``Failure`` `inputOutput` when reading fails, `data` when the bytes are damaged.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// The bytes of a file as they are.
final class FileBytes: ByteSource {
  private let path: String
  private let descriptor: Int32

  init(_ input: InputFile) throws {
    path = input.path
    descriptor = open(input.location, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw Failure(.noInput, "\(path): \(String(cString: strerror(errno))); make the file readable")
    }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try readFully(descriptor, into: buffer, named: path)
  }
}

/// The text of an input as UTF-8: decompressed when it is gzip, converted when it is UTF-16 or UTF-32.
///
/// - Throws: ``Failure`` `data` that says what the input is, when its first bytes are those of no text.
package func openText(_ input: InputFile) throws -> any ByteSource {
  var head = try firstBytes(of: FileBytes(input))
  let isCompressed = FileSignature(head) == .gzip
  if isCompressed { head = try firstBytes(of: GzipBytes(input)) }
  let encoding = TextEncoding(head)
  // No text has a byte that is zero; of such a file the name may tell what it is.
  let isBinary = encoding == nil && head.contains(0)
  if let signature = FileSignature(head) ?? (isBinary ? FileSignature(nameOf: input.path) : nil) {
    if !isCompressed, let refusal = signature.refusal(of: input.path, instead: "CSV") { throw refusal }
    throw Failure(
      .data, "\(input.path) is \(signature.words)\(isCompressed ? " compressed by gzip" : "")\(signature.remedy)")
  }
  let bytes: any ByteSource = try isCompressed ? GzipBytes(input) : FileBytes(input)
  guard let encoding else { return bytes }
  return try TranscodedBytes(bytes, from: encoding, named: input.path)
}

/// The first bytes of a source: enough to tell what it is.
private func firstBytes(of source: any ByteSource) throws -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: 4096)
  let count = try bytes.withUnsafeMutableBytes { try source.read(into: $0) }
  return Array(bytes[..<count])
}
