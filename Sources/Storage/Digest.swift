internal import COpenSSL
import Diagnostics
import Glibc

/// A SHA-256 digest in the making.
///
/// ```swift
/// var digest = SHA256Digest()
/// digest.update([1.0, 2.0])
/// print(digest.finalize())   // 64 hexadecimal digits
/// ```
public struct SHA256Digest: ~Copyable {
  /// Bytes of a digest.
  public static let byteCount = 32
  private let context: OpaquePointer

  public init() {
    context = EVP_MD_CTX_new()
    let status = EVP_DigestInit_ex(context, EVP_sha256(), nil)
    precondition(status == 1, "libcrypto offers no SHA-256")
  }

  deinit { EVP_MD_CTX_free(context) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    _ = EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
  }

  /// Adds the bits of numbers, in the machine's (little-endian) order.
  public mutating func update<Number: BitwiseCopyable>(_ numbers: [Number]) {
    numbers.withUnsafeBytes { update($0) }
  }

  /// Adds an integer.
  public mutating func update(_ integer: Int) {
    withUnsafeBytes(of: Int64(integer).littleEndian) { update($0) }
  }

  /// Adds a text and its length, so that neighbouring texts cannot run together.
  public mutating func update(_ text: String) {
    let bytes = Array(text.utf8)
    update(bytes.count)
    update(bytes)
  }

  /// Adds texts one after another, many at a time.
  public mutating func update(_ texts: [String]) {
    var bytes: [UInt8] = []
    for text in texts {
      withUnsafeBytes(of: Int64(text.utf8.count).littleEndian) { bytes += $0 }
      bytes += text.utf8
      if bytes.count > 1 << 16 {
        update(bytes)
        bytes.removeAll(keepingCapacity: true)
      }
    }
    update(bytes)
  }

  /// The 32 bytes of the digest.
  public consuming func finalizeBytes() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Self.byteCount)
    _ = EVP_DigestFinal_ex(context, &bytes, nil)
    return bytes
  }

  /// The digest as 64 hexadecimal digits.
  public consuming func finalize() -> String {
    finalizeBytes().map { byte in
      let digits = String(byte, radix: 16)
      return byte < 16 ? "0" + digits : digits
    }.joined()
  }

  /// The digest of a file's bytes, read in pieces.
  ///
  /// - Throws: ``Failure`` `noInput` when the file cannot be opened, `inputOutput` when reading fails.
  public static func ofFile(_ path: String) throws -> String {
    try FileKind.requireRegular(path)
    let file = open(path, O_RDONLY)
    guard file >= 0 else { throw Failure(.noInput, "\(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var digest = SHA256Digest()
    let piece = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { piece.deallocate() }
    while true {
      let count = read(file, piece.baseAddress, piece.count)
      if count < 0 { throw Failure(.inputOutput, "\(path): reading failed: \(String(cString: strerror(errno)))") }
      if count == 0 { return digest.finalize() }
      digest.update(UnsafeRawBufferPointer(rebasing: piece[..<count]))
    }
  }
}
