import Reports

/// What `reproduce` found: cells of the paper's tables beside the paper's.
struct ReproductionStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  private var summaries: [JSONNode] { numbers["summaries"].elements }

  var title: String {
    let names = Set(summaries.map { $0["experiment"].label }).sorted().joined(separator: ", ")
    return "The paper's experiments again: \(names)"
  }

  var answer: String {
    let failed = summaries.compactMap { $0["failed"].number }.reduce(0, +)
    return "\(summaries.count) cells were made again" + (failed > 0 ? "; \(Int(failed)) replications failed." : ".")
  }

  var sections: [PageSection] {
    var names: [String] = []
    for summary in summaries where !names.contains(summary["experiment"].label) {
      names.append(summary["experiment"].label)
    }
    return names.map { name in
      let own = summaries.filter { $0["experiment"].label == name }
      let measures = Set(own.flatMap { $0["means"].sorted.map(\.name) }).sorted()
      return PageSection(
        name,
        PageBlock.numbers(
          "Means over replications with standard deviations, and the paper's",
          ["row", "column", "replications", "failed"] + measures + ["the paper's"],
          own.map { cell in
            let values = measures.map { measure -> Report.Cell in
              cell["means"][measure].number.map { .estimate($0, error: cell["deviations"][measure].number) }
                ?? .undefined
            }
            let paper = cell["paper"]["mean"].number.map {
              Report.Cell.estimate($0, error: cell["paper"]["standardDeviation"].number)
            }
            return [cell["row"].cell, cell["column"].cell, cell["replications"].cell, cell["failed"].cell] + values
              + [paper ?? .undefined]
          }))
    }
  }
}
