import Reports

/// One file of HTML that tells of runs, the verdict of each first, and needs nothing beside it: no other file, no network,
/// no script.
struct Page {
  /// What one run says.
  struct Part {
    /// Its name on the page.
    let name: String
    let title: String
    /// What was found, in a sentence.
    let answer: String
    /// How far to believe it: sentences, doubts among them.
    let verdict: [Sentence]
    let sections: [PageSection]
  }

  struct Sentence: Equatable {
    let text: String
    let isDoubt: Bool
  }

  let parts: [Part]
  /// Runs of one command side by side.
  let comparisons: [PageSection]
  /// What is to be told of the page itself, such as why there are no pictures.
  let notes: [String]

  /// - Parameter draw: the HTML of a figure of a part.
  func html(_ draw: (any Drawing, _ part: String) throws -> HTML) rethrows -> HTML {
    let title = parts.count == 1 ? parts[0].title : "\(parts.count) runs"
    let compared = comparisons.isEmpty ? [] : [try compared(draw)]
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <link rel="icon" href="data:,">
      <title>\(title)</title>
      <style>\(HTML(source: Self.style))</style>
      </head>
      <body>
      <main>
      <h1>\(title)</h1>
      \(notes.map { "<p class=\"note\">\($0)</p>" as HTML })
      \(contents)
      \(compared)
      \(try parts.enumerated().map { try $1.html("run-\($0 + 1)", isAlone: parts.count == 1, draw) })
      </main>
      </body>
      </html>

      """
  }

  private var contents: HTML {
    guard parts.count > 1 else { return "" }
    let entries = parts.enumerated().map { index, part -> HTML in
      "<li><a href=\"#run-\(index + 1)\">\(part.name)</a>: \(part.title)</li>"
    }
    return "<nav aria-label=\"Runs\"><ol>\n\(entries)\n</ol></nav>"
  }

  private func compared(_ draw: (any Drawing, String) throws -> HTML) rethrows -> HTML {
    "<article><h2>Side by side</h2>\n\(try comparisons.map { try $0.html { try draw($0, "runs") } })\n</article>"
  }
}

extension Page.Part {
  fileprivate func html(
    _ anchor: String, isAlone: Bool, _ draw: (any Drawing, String) throws -> HTML
  ) rethrows -> HTML {
    let sentences = verdict.map { sentence -> HTML in
      sentence.isDoubt
        ? "<li class=\"doubt\"><strong>Doubt:</strong> \(sentence.text)</li>" : "<li>\(sentence.text)</li>"
    }
    let heading: HTML = isAlone ? "<h2>Verdict</h2>" : "<h2>\(name): \(title)</h2>"
    return """
      <article id="\(anchor)">
      <div class="verdict">
      \(heading)
      <p class="answer">\(answer)</p>
      <ul>
      \(sentences)
      </ul>
      </div>
      \(try sections.filter { !$0.blocks.isEmpty }.map { try $0.html { try draw($0, name) } })
      </article>
      """
  }
}
