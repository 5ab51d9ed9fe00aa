import ArgumentParser
import Diagnostics
import InterventionalSampling
import Storage

/// The first rows of a sample as pictures side by side.
struct SampleSheet: ParsableArguments {
  @Option(help: "A PNG file to be, of the first 64 images of the outcome.")
  var sheet: String?
  @Option(help: "With --sheet: the rows and columns of an image, 8x8; colours come one after the other.")
  var image: String?

  private static let across = 8
  private static let count = 64
  /// Pixels of the picture for one of an image.
  private static let scale = 4

  func validate() throws {
    try [ScopedOption("--image", image, with: "--sheet", isRead: sheet != nil)].requireReaders()
    if sheet != nil { _ = try shape() }
  }

  private func shape() throws -> (rows: Int, columns: Int) {
    let parts = (image ?? "").split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let rows = parts[0], let columns = parts[1], (1...1024).contains(rows),
      (1...1024).contains(columns)
    else { throw ValidationError("--sheet needs the size of an image; give --image ROWSxCOLUMNS, such as --image 8x8") }
    return (rows, columns)
  }

  /// - Throws: ``Failure``: `usage` when the outcome holds no such images, `cannotCreate` when the file is there.
  func check(_ network: InterventionalNetwork, force: Bool) throws {
    guard let sheet else { return }
    _ = try channels(network)
    guard force || ResolvedPath(sheet) == nil else {
      throw Failure(.cannotCreate, "\(sheet) exists; name another file with --sheet, or give --force to replace it")
    }
  }

  /// The variable of images, and how many colours they have.
  private func channels(_ network: InterventionalNetwork) throws -> (variable: Int, channels: Int) {
    let (rows, columns) = try shape()
    guard let place = network.outcome.first(where: { network.variables[$0].numbers.map { $0.width > 1 } ?? false })
    else { throw Failure(.usage, "--sheet shows images, and the outcome holds no vectors; leave it out") }
    let width = network.variables[place].numbers!.width
    guard width.isMultiple(of: rows * columns), (1...3).contains(width / rows / columns) else {
      throw Failure(
        .usage,
        "--image \(rows)x\(columns): '\(network.graph.names[place])' holds vectors of \(width), which are not 1 to 3 such "
          + "images; give a size of which \(width) is one, two or three times as much")
    }
    return (place, width / rows / columns)
  }

  /// Writes the picture: values from 0, black, to 1; of two colours the first is red and the second green.
  ///
  /// - Throws: ``Failure`` as of the draws and of the file.
  func write(_ sample: InterventionalSample) throws {
    guard let sheet else { return }
    let ((rows, columns), (variable, channels)) = try (shape(), channels(sample.network))
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
    try AtomicFile.save(picture.bytes(), to: sheet, force: true)
  }
}
