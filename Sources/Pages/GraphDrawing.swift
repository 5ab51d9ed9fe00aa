import Reports

/// The graph of a causal question, or the models that answer it, as Graphviz draws them.
struct GraphDrawing: Drawing {
  let name: String
  let caption: String
  let alternative: String
  /// In the language of Graphviz.
  let text: String

  var program: DrawingProgram.Name { .dot }
  func sources(_ file: String) -> [(extension: String, text: String)] { [("dot", text)] }
  func arguments(_ file: String) -> [String] {
    ["-Tsvg", "-o", "\(file).svg", "-Tpdf", "-o", "\(file).pdf", "\(file).dot"]
  }

  /// A variable by what the question makes of it; colours as in figures, and shapes that differ as well.
  private enum Part: String {
    case set = "shape=box, color=\"#D55E00\", fillcolor=\"#F9E0D1\""
    case asked = "color=\"#0072B2\", fillcolor=\"#D3E7F3\", penwidth=2"
    case seen = "color=\"#009E73\", fillcolor=\"#D5F0E7\", style=\"filled,dashed\""
    case other = ""
  }

  /// What the colours say.
  private static func legend(_ identification: JSONNode) -> String {
    let seen = identification["query"]["given"].elements.isEmpty ? "" : ", what is green is seen"
    return "What is in a box is set, what is blue is asked about\(seen)."
  }

  /// The graph with the confounding that stands in the way of an answer, if it does.
  ///
  /// - Parameter identification: what `report.json` says of a question.
  /// - Returns: nothing where it says nothing of a graph.
  static func graph(_ identification: JSONNode) -> [PageBlock] {
    let graph = identification["graph"]
    guard !graph["variables"].elements.isEmpty else { return [] }
    let blocking = identification["wouldIdentify"].elements.map(\.texts)
    let hedge = identification["hedge"]
    let (larger, smaller) = (hedge["f"].texts, hedge["fPrime"].texts)
    var text = Text(identification)
    for variable in graph["variables"].texts {
      text.add(
        variable,
        (larger.contains(variable) ? ["penwidth=3"] : []) + (smaller.contains(variable) ? ["peripheries=2"] : []))
    }
    let arrows = graph["arrows"].elements.map(\.texts)
    for ends in arrows { text.join(ends[0], ends[1], []) }
    let confounded = graph["confounded"].elements.map(\.texts)
    for ends in confounded {
      text.join(
        ends[0], ends[1],
        ["dir=both", "style=dashed", "constraint=false"]
          + (blocking.contains(ends) ? ["color=\"#D55E00\"", "penwidth=3"] : ["color=\"#666666\""]))
    }
    let proof =
      larger.isEmpty
      ? ""
      : " Thick borders are the hedge by which no data can tell, double ones its part that is not set."
        + (blocking.isEmpty ? "" : " Without one of the thick dashed lines there would be an answer.")
    return [
      .figure(
        GraphDrawing(
          name: "graph",
          caption: "The graph. \(legend(identification))"
            + (confounded.isEmpty ? "" : " Dashed lines join what something unobserved moves.") + proof,
          alternative: "\(graph["variables"].elements.count) variables with \(arrows.count) arrows between them, and "
            + "\(confounded.count) pairs that something unobserved moves"
            + (blocking.isEmpty ? "." : ": \(blocking.map { $0.joined(separator: " and ") }.joined(separator: ", "))."),
          text: text.whole))
    ]
  }

  /// The models that answer, each by arrows from what its variable is given.
  ///
  /// - Returns: nothing where there are none.
  static func models(_ identification: JSONNode) -> [PageBlock] {
    let models = identification["plan"].elements
    guard !models.isEmpty else { return [] }
    var text = Text(identification)
    let modelled = models.map { $0["variable"].label }
    var variables = modelled
    for variable in models.flatMap({ $0["parents"].texts }) where !variables.contains(variable) {
      variables.append(variable)
    }
    for variable in variables { text.add(variable, []) }
    for model in models {
      let isOfData = model["table"].number == 0
      for parent in model["parents"].texts {
        text.join(parent, model["variable"].label, isOfData ? [] : ["style=bold", "color=\"#CC79A7\""])
      }
    }
    let isGenerated = models.contains { $0["table"].number != 0 }
    return [
      .figure(
        GraphDrawing(
          name: "models",
          caption: "The models that answer: arrows lead to a variable from all that its model is given. "
            + legend(identification)
            + (isGenerated ? " Thick arrows are of models that are learned on generated rows." : ""),
          alternative: "Models of \(modelled.joined(separator: ", ")), drawn in this order.",
          text: text.whole))
    ]
  }

  /// The text of a graph.
  private struct Text {
    private let identification: JSONNode
    private var lines: [String] = []
    private var places: [String: Int] = [:]

    init(_ identification: JSONNode) { self.identification = identification }

    private func part(_ variable: String) -> Part {
      let query = identification["query"]
      if query["do"].texts.contains(variable) { return .set }
      if query["outcome"].texts.contains(variable) { return .asked }
      return query["given"].texts.contains(variable) ? .seen : .other
    }

    mutating func add(_ variable: String, _ marks: [String]) {
      places[variable] = places.count
      // Graphviz reads backslashes and HTML's ampersands in labels.
      let label = variable.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("&", with: "&amp;")
      let attributes = ["label=\"\(label)\"", part(variable).rawValue] + marks
      lines.append("v\(places[variable]!) [\(attributes.filter { !$0.isEmpty }.joined(separator: ", "))];")
    }

    mutating func join(_ from: String, _ to: String, _ marks: [String]) {
      guard let start = places[from], let end = places[to] else { return }
      lines.append("v\(start) -> v\(end)" + (marks.isEmpty ? ";" : " [\(marks.joined(separator: ", "))];"))
    }

    var whole: String {
      """
      digraph {
        graph [rankdir=LR, bgcolor=transparent, nodesep=0.35];
        node [fontname="sans-serif", fontsize=13, style=filled, fillcolor=white];
        edge [arrowsize=0.7];
      \(lines.map { "  \($0)" }.joined(separator: "\n"))
      }

      """
    }
  }
}
