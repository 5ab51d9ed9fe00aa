import Diagnostics
import Glibc

/// An encoding of text other than UTF-8 that its first bytes tell.
enum TextEncoding: String {
  case utf16LittleEndian = "UTF-16LE"
  case utf16BigEndian = "UTF-16BE"
  case utf32LittleEndian = "UTF-32LE"
  case utf32BigEndian = "UTF-32BE"

  /// By the byte order mark or, without one, by the zeros that the other half of ASCII characters is.
  init?(_ head: [UInt8]) {
    if head.starts(with: [0xFF, 0xFE, 0, 0]) {
      self = .utf32LittleEndian
    } else if head.starts(with: [0, 0, 0xFE, 0xFF]) {
      self = .utf32BigEndian
    } else if head.starts(with: [0xFF, 0xFE]) {
      self = .utf16LittleEndian
    } else if head.starts(with: [0xFE, 0xFF]) {
      self = .utf16BigEndian
    } else {
      let pairs = head.count / 2
      guard pairs >= 2 else { return nil }
      let (even, odd) = (0..<pairs).reduce((0, 0)) { zeros, pair in
        (zeros.0 + (head[2 * pair] == 0 ? 1 : 0), zeros.1 + (head[2 * pair + 1] == 0 ? 1 : 0))
      }
      if even == 0 && 2 * odd > pairs {
        self = .utf16LittleEndian
      } else if odd == 0 && 2 * even > pairs {
        self = .utf16BigEndian
      } else {
        return nil
      }
    }
  }
}

/// Bytes converted to UTF-8 by iconv of the C library.
final class TranscodedBytes: ByteSource {
  private let path: String
  private let source: any ByteSource
  private let encoding: TextEncoding
  private let converter: iconv_t
  private var input: [CChar] = Array(repeating: 0, count: 1 << 16)
  /// Bytes of `input` that are not converted yet.
  private var pending = 0..<0
  private var isAtEnd = false

  init(_ source: any ByteSource, from encoding: TextEncoding, named path: String) throws {
    guard let converter = iconv_open("UTF-8", encoding.rawValue), converter != iconv_t(bitPattern: -1) else {
      throw Failure(
        .configuration, "\(path) is \(encoding.rawValue), which this C library cannot convert; convert it to UTF-8")
    }
    self.path = path
    self.source = source
    self.encoding = encoding
    self.converter = converter
  }

  deinit { iconv_close(converter) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var output: UnsafeMutablePointer<CChar>? = buffer.baseAddress!.assumingMemoryBound(to: CChar.self)
    var room = buffer.count
    while true {
      try refill()
      switch convert(to: &output, &room) {
      case EILSEQ: throw damaged()
      // Half a character is left: it needs more input, or there is none.
      case EINVAL where isAtEnd: throw damaged()
      case E2BIG: return buffer.count - room
      default: break
      }
      if isAtEnd && pending.isEmpty { return buffer.count - room }
    }
  }

  private func refill() throws {
    guard !isAtEnd, pending.count < 16 else { return }
    let kept = pending.count
    for offset in 0..<kept { input[offset] = input[pending.lowerBound + offset] }
    let count = try input.withUnsafeMutableBytes {
      try source.read(into: UnsafeMutableRawBufferPointer(rebasing: $0[kept...]))
    }
    isAtEnd = count == 0
    pending = 0..<kept + count
  }

  /// Returns 0, or why iconv stopped.
  private func convert(to output: inout UnsafeMutablePointer<CChar>?, _ room: inout Int) -> Int32 {
    input.withUnsafeMutableBufferPointer { bytes in
      var next: UnsafeMutablePointer<CChar>? = bytes.baseAddress! + pending.lowerBound
      var left = pending.count
      let result = iconv(converter, &next, &left, &output, &room)
      let reason = result == -1 ? errno : 0
      pending = pending.upperBound - left..<pending.upperBound
      return reason
    }
  }

  private func damaged() -> Failure {
    Failure(.data, "\(path): damaged \(encoding.rawValue) text; write the file again, as UTF-8")
  }
}
