internal import CZlib
import Diagnostics

/// A picture of pixels in red, green and blue, as a PNG file has it.
public struct PNGImage: Sendable {
  public let width: Int
  public let height: Int
  /// [row][column][colour], from the top left.
  private var pixels: [UInt8]

  /// A picture of one shade of grey.
  public init(width: Int, height: Int, shade: UInt8) {
    precondition(width > 0 && height > 0)
    (self.width, self.height) = (width, height)
    pixels = Array(repeating: shade, count: 3 * width * height)
  }

  public subscript(row: Int, column: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    get {
      let place = 3 * (row * width + column)
      return (pixels[place], pixels[place + 1], pixels[place + 2])
    }
    set {
      let place = 3 * (row * width + column)
      (pixels[place], pixels[place + 1], pixels[place + 2]) = newValue
    }
  }

  /// The file (ISO/IEC 15948): 8 bits a colour, rows without a filter.
  public func bytes() -> [UInt8] {
    let stride = 3 * width
    var rows: [UInt8] = []
    for row in 0..<height {
      rows.append(0)
      rows += pixels[row * stride..<(row + 1) * stride]
    }
    var length = compressBound(UInt(rows.count))
    var compressed = [UInt8](repeating: 0, count: Int(length))
    let status = compress2(&compressed, &length, rows, UInt(rows.count), Z_BEST_COMPRESSION)
    precondition(status == Z_OK, "the buffer is as long as zlib asks for")
    let header = Self.bigEndian(width) + Self.bigEndian(height) + [8, 2, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + Self.chunk("IHDR", header)
      + Self.chunk("IDAT", Array(compressed.prefix(Int(length)))) + Self.chunk("IEND", [])
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let checked = Array(name.utf8) + data
    return bigEndian(data.count) + checked + bigEndian(Int(crc32(0, checked, UInt32(checked.count))))
  }

  private static func bigEndian(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(value).bigEndian) { Array($0) }
  }
}
