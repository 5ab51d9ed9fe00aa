import Reports

/// What `idgen check` decided: whether an effect follows from a graph and data, and by which models or why not.
struct IdentificationStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  var answer: String {
    let variables = numbers["plan"].elements.map { $0["variable"].label }
    if !variables.isEmpty { return "Models of \(variables.joined(separator: ", ")) answer, drawn in this order." }
    let pairs = numbers["wouldIdentify"].elements.map { $0.texts.joined(separator: " <-> ") }
    return pairs.isEmpty
      ? "There is more than one way in which confounding hides the effect."
      : "There would be an answer without \(pairs.joined(separator: ", or without "))."
  }

  var verdict: [Page.Sentence] {
    let isIdentified = numbers["hedge"].members == nil
    return [Page.Sentence(text: isIdentified ? "identified" : "not identified", isDoubt: !isIdentified)]
  }

  var sections: [PageSection] {
    [PageSection("How it is decided", PageBlock.identification(numbers))].filter { !$0.blocks.isEmpty }
  }
}

extension PageBlock {
  /// The graph of a question, and the models that answer it.
  ///
  /// - Parameter identification: what `report.json` says of the question.
  static func identification(_ identification: JSONNode) -> [PageBlock] {
    let generated = identification["generated"].elements.flatMap { $0["models"].elements }
    return GraphDrawing.graph(identification) + GraphDrawing.models(identification)
      + PageBlock.numbers(
        "Models that are learned, each of a variable given others, and the table of rows it is learned on",
        ["variable", "given", "table"],
        (generated + identification["plan"].elements).map {
          [$0["variable"].cell, .text($0["parents"].texts.joined(separator: ", ")), $0["table"].cell]
        })
  }
}
