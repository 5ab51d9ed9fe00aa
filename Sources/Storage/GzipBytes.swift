internal import CZlib
import Diagnostics

/// The bytes of a file that gzip compressed.
final class GzipBytes: ByteSource {
  private let path: String
  private let file: gzFile

  init(_ input: InputFile) throws {
    path = input.path
    guard let file = gzopen(input.location, "rb") else {
      throw Failure(.noInput, "\(path): cannot be opened; make the file readable")
    }
    self.file = file
    gzbuffer(file, 1 << 18)
  }

  deinit { gzclose(file) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = gzread(file, buffer.baseAddress, UInt32(min(buffer.count, 1 << 30)))
    // A file that was cut off ends without an error in gzread.
    var status: Int32 = Z_OK
    let message = gzerror(file, &status)
    guard count >= 0, status == Z_OK || status == Z_STREAM_END else {
      let reason = message.map { String(cString: $0) } ?? ""
      throw Failure(
        .data, "\(path): the gzip file is damaged or cut off (\(reason)); make it again, and check it with gzip -t")
    }
    return Int(count)
  }
}
