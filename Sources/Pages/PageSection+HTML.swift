import Foundation
import Reports

extension PageSection {
  /// - Parameter draw: the HTML of a figure.
  func html(_ draw: (any Drawing) throws -> HTML) rethrows -> HTML {
    "<section>\n<h3>\(title)</h3>\n\(try blocks.map { try $0.html(draw) })\n</section>"
  }
}

extension PageBlock {
  func html(_ draw: (any Drawing) throws -> HTML) rethrows -> HTML {
    switch self {
    case .text(let text): "<p>\(text)</p>"
    case .list(let sentences): "<ul>\n\(sentences.map { "<li>\($0)</li>" as HTML })\n</ul>"
    case .table(let table): table.html
    case .figure(let drawing): try draw(drawing)
    case .image(let image): image.html
    case .terminal(let text): "<pre tabindex=\"0\">\(text)</pre>"
    }
  }
}

extension PageImage {
  var html: HTML {
    """
    <figure>
    <img src="data:image/png;base64,\(Data(bytes).base64EncodedString())" alt="\(alternative)">
    <figcaption>\(caption)</figcaption>
    </figure>
    """
  }
}

extension PageTable {
  var html: HTML {
    let heads = columns.map { $0.isEmpty ? "<td></td>" : "<th scope=\"col\">\($0)</th>" as HTML }
    let lines = rows.map { row -> HTML in
      let first: HTML = "<th scope=\"row\">\(row[0].html)</th>"
      let others = row.dropFirst().map { "<td>\($0.html)</td>" as HTML }
      return "<tr>\([first] + others)</tr>"
    }
    let note = note.map { "<p class=\"note\">\($0)</p>" as HTML } ?? ""
    return """
      <div class="table"><table data-source="\(source)">
      <caption>\(caption)</caption>
      <thead><tr>\(heads)</tr></thead>
      <tbody>\(lines)</tbody>
      </table></div>
      \(note)
      """
  }
}

extension Report.Cell {
  /// As the terminal shows it, with the whole number behind what was rounded.
  var html: HTML {
    switch self {
    case .count(let count): "<data value=\"\(count)\">\(count)</data>"
    case .number(let value, _): "<data value=\"\(value)\">\(text)</data>"
    case .interval(let range):
      "\(Self.number(range.lowerBound, .significant).html) to \(Self.number(range.upperBound, .significant).html)"
    case .estimate(let value, let error):
      "\(Self.number(value, .significant).html)\(error.map { " (\(Self.number($0, .significant).html))" } ?? "" as HTML)"
    case .marked(let cell): "\(cell.html) *"
    case .text, .undefined: "\(text)"
    }
  }
}
