import Reports

/// What `idgen effect` found: the law of an outcome under an intervention, from a graph and rows.
struct GraphStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  var answer: String {
    let changes = numbers["contrasts"].elements.prefix(3).compactMap { contrast -> String? in
      guard let change = contrast["mean"].estimate else { return nil }
      return
        "\(contrast["do"].settings) instead of \(contrast["against"].settings) changes the mean of the outcome by "
        + significant(change)
    }
    return changes.isEmpty
      ? "The effect is identified by the graph; the table tells it." : changes.joined(separator: "; ") + "."
  }

  var verdict: [Page.Sentence] {
    let verdict = numbers["verdict"].label
    return [Page.Sentence(text: "verdict: \(verdict)", isDoubt: verdict != "supported")] + findings
  }

  var sections: [PageSection] {
    [effects, laws, tests, models, PageSection("Trainings", RunPhases(run).trainings)].filter { !$0.blocks.isEmpty }
  }

  private static func condition(_ node: JSONNode) -> String {
    let given = node["given"].settings
    return node["do"].settings + (given.isEmpty ? "" : " given \(given)")
  }

  private var effects: PageSection {
    let settings = numbers["effect"].elements
    let means = settings.filter { $0["mean"].estimate != nil }.map { (Self.condition($0), $0["mean"], $0["naiveMean"]) }
    let laws = settings.flatMap { setting in
      setting["probabilities"].elements.map {
        ("\($0["outcome"].settings) under \(Self.condition(setting))", $0["probability"], $0["naive"])
      }
    }
    let changes = numbers["contrasts"].elements.map {
      ("\($0["do"].settings) instead of \($0["against"].settings)", $0["mean"])
    }
    let shown = means.isEmpty ? laws : means
    let figure = Figure.forest(
      "effects",
      caption: "\(means.isEmpty ? "Probabilities" : "Means of the outcome") under the intervention, with 95% "
        + "intervals, and beside them what conditioning says.",
      alternative: "\(shown.count) estimates with intervals below one another.",
      x: means.isEmpty ? "probability" : "mean",
      rows: shown.map { ($0.0, $0.1.estimate, $0.1["lower"].number, $0.1["upper"].number) },
      others: ("conditioning", shown.map { $0.2.number ?? $0.2.estimate }))
    let columns = ["", "estimate", "std. error", "from", "to"]
    return PageSection(
      "Effects",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "Changes of the mean", columns,
          changes.map { [.text($0.0)] + $0.1.estimateCells.prefix(4) }.filter { $0[1] != .undefined })
        + PageBlock.numbers(
          "Under the intervention, and what conditioning says", columns + ["conditioning"],
          (means + laws).map { [.text($0.0)] + $0.1.estimateCells.prefix(4) + [$0.2.cell] }))
  }

  /// Of outcomes that are numbers, where they lie and how they spread.
  private var laws: PageSection {
    let settings = numbers["effect"].elements
    let probabilities = settings.first?["numbers"].elements.first?["quantiles"].elements.map { $0["probability"] } ?? []
    let rows = settings.flatMap { setting in
      setting["numbers"].elements.map { number in
        [
          .text("\(number["variable"].label) under \(Self.condition(setting))"), number["mean"]["estimate"].cell,
          number["deviation"]["estimate"].cell,
        ] + number["quantiles"].elements.map { $0["value"]["estimate"].cell } as [Report.Cell]
      }
    }
    guard !rows.isEmpty else { return PageSection("Laws", []) }
    return PageSection(
      "Laws",
      PageBlock.numbers(
        "Numbers of the outcome under the intervention, and what so many of all rows lie below",
        ["", "mean", "deviation"] + probabilities.map { "\(significant(100 * ($0.number ?? .nan)))%" }, rows))
  }

  private var tests: PageSection {
    PageSection(
      "What the graph implies",
      PageBlock.numbers(
        "Independences that the rows must show", ["first", "second", "given", "statistic", "df", "p", "corrected p"],
        numbers["independences"].elements.map { test in
          [test["first"].cell, test["second"].cell, .text(test["given"].texts.joined(separator: ", "))]
            + ["statistic", "df", "p", "adjusted"].map { test[$0].cell }
        }))
  }

  private var models: PageSection {
    PageSection("How it is answered", PageBlock.identification(numbers["identification"]))
  }
}
