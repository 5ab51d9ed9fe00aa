import Diagnostics
import Foundation
import Storage

/// The folder of a page's figures: of each the data, the script, and the pictures that the script draws.
final class FigureFolder {
  static let name = "figures"

  private let folder: String
  private let programs: [DrawingProgram]
  private var names: Set<String> = []

  /// Makes the folder.
  ///
  /// - Parameters:
  ///   - parent: where it stands, which is there.
  ///   - force: whether one that is there may be written into.
  /// - Throws: ``Failure`` `cannotCreate`.
  init(in parent: String, programs: [DrawingProgram], force: Bool) throws {
    folder = parent == "." ? Self.name : "\(parent)/\(Self.name)"
    self.programs = programs
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) {
      guard force else {
        throw Failure(
          .cannotCreate, "\(folder) exists; give --force to write into it, or another folder for the report")
      }
      guard isFolder.boolValue else {
        throw Failure(.cannotCreate, "\(folder) is no folder; give another folder for the report")
      }
    } else {
      do {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
      } catch {
        throw Failure(.cannotCreate, "\(folder) cannot be created: make \(parent) writable, or name another place")
      }
    }
  }

  /// Writes the files of a picture and puts it into a page, or a note of why there is none.
  func html(_ drawing: any Drawing, part: String) throws -> HTML {
    let file = unique("\(part)-\(drawing.name)")
    let sources = drawing.sources(file)
    for source in sources {
      try AtomicFile.save(Array(source.text.utf8), to: "\(folder)/\(file).\(source.extension)", force: true)
    }
    let place = "\(Self.name)/\(file)"
    let program = drawing.program.rawValue
    let rest = "\(drawing.caption) It is drawn from \(place).\(sources[0].extension)."
    guard let drawer = programs.first(where: { $0.name == drawing.program }) else {
      return "<p class=\"note\">No picture: \(program) is not here. \(rest)</p>"
    }
    if let complaint = try drawer.draw(drawing.arguments(file), in: folder) {
      return """
        <p class="note missing">No picture: \(program) refused \(place).\(sources.last!.extension) (\(complaint)). \
        \(rest)</p>
        """
    }
    guard let svg = try WholeFile.bytes("\(folder)/\(file).svg") else {
      throw Failure(.inputOutput, "\(place).svg was not written by \(program); make the report again")
    }
    return """
      <figure id="\(file)" class="\(program)">
      <div role="img" aria-label="\(drawing.alternative)">\(Self.inline(svg, as: file))</div>
      <figcaption>\(drawing.caption)</figcaption>
      </figure>
      """
  }

  /// Small letters, digits and dashes, and a number where another figure has the name.
  private func unique(_ name: String) -> String {
    let plain = name.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    let base = String(plain).split(separator: "-").joined(separator: "-")
    let free = (2...).lazy.map { "\(base)-\($0)" }
    let unique = names.contains(base) ? free.first { !self.names.contains($0) }! : base
    names.insert(unique)
    return unique
  }

  /// A picture as a part of a page: without the head of a file of its own, and with names that no other picture has.
  private static func inline(_ svg: [UInt8], as name: String) -> HTML {
    let text = String(decoding: svg, as: UTF8.self)
    let body = String(text[(text.firstRange(of: "<svg")?.lowerBound ?? text.startIndex)...])
    return HTML(
      source: body.replacing(/<(title|desc)>[^<]*<\/(title|desc)>/, with: "")
        .replacing(/id=(['"])/) { "id=\($0.1)\(name)-" }
        .replacing("href='#", with: "href='#\(name)-")
        .replacing("url(#", with: "url(#\(name)-")
        .replacing("<svg", with: "<svg aria-hidden=\"true\" focusable=\"false\"", maxReplacements: 1))
  }
}
