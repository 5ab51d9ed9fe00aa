import Diagnostics
import InterventionalSampling
import Storage

/// The first rows of a sample as pictures side by side.
struct SampleSheet {
  private static let across = 8
  private static let count = 64
  /// Pixels of the picture for one of an image.
  private static let scale = 4

  private let rows: Int
  private let columns: Int
  /// The variable of images, and how many colours they have.
  private let variable: Int
  private let channels: Int

  /// - Parameter size: the rows and columns of an image, such as 8x8.
  /// - Throws: ``Failure`` `usage` when that is no size, or the outcome holds no such images.
  init(_ size: String, of network: InterventionalNetwork) throws {
    let parts = size.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let rows = parts[0], let columns = parts[1], (1...1024).contains(rows),
      (1...1024).contains(columns)
    else { throw Failure(.usage, "--image \(size) is no size; give the rows and columns of an image, such as 8x8") }
    guard let place = network.outcome.first(where: { network.variables[$0].numbers.map { $0.width > 1 } ?? false })
    else { throw Failure(.usage, "--image shows images, and the outcome holds no vectors; leave it out") }
    let width = network.variables[place].numbers!.width
    guard width.isMultiple(of: rows * columns), (1...3).contains(width / rows / columns) else {
      throw Failure(
        .usage,
        "--image \(size): '\(network.graph.names[place])' holds vectors of \(width), which are not 1 to 3 such "
          + "images; give a size of which \(width) is one, two or three times as much")
    }
    (self.rows, self.columns) = (rows, columns)
    (variable, channels) = (place, width / rows / columns)
  }

  /// The picture in the format PNG: values from 0, black, to 1; of two colours the first is red and the second green.
  ///
  /// - Throws: ``Failure`` as of the draws.
  func bytes(_ sample: InterventionalSample) throws -> [UInt8] {
    let count = min(Self.count, sample.rowCount)
    let (height, width) = (rows * Self.scale + 1, columns * Self.scale + 1)
    var picture = PNGImage(
      width: min(count, Self.across) * width + 1, height: (count + Self.across - 1) / Self.across * height + 1,
      shade: 128)
    var block = sample.emptyBlock
    try sample.draw(0..<count, into: &block)
    for index in 0..<count {
      let (top, left) = (index / Self.across * height + 1, index % Self.across * width + 1)
      for row in 0..<rows * Self.scale {
        for column in 0..<columns * Self.scale {
          let place = row / Self.scale * columns + column / Self.scale
          func shade(_ channel: Int) -> UInt8 {
            guard channel < channels else { return 0 }
            let value = block[variable, component: channel * rows * columns + place, index]
            return UInt8((255 * min(max(value, 0), 1)).rounded())
          }
          let red = shade(0)
          picture[top + row, left + column] = channels == 1 ? (red, red, red) : (red, shade(1), shade(2))
        }
      }
    }
    return picture.bytes()
  }
}
