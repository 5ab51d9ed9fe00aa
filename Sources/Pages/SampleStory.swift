import Reports

/// What `idgen sample` drew: rows under an intervention, and pictures of the first where they are images.
struct SampleStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  var answer: String {
    let (set, seen) = (numbers["do"].settings, numbers["given"].settings)
    let asked = "do(\(set.isEmpty ? "values row by row" : set))" + (seen.isEmpty ? "" : " given \(seen)")
    return "\(numbers["rows"].label) rows of \(numbers["variables"].texts.joined(separator: ", ")) under \(asked)."
  }

  var verdict: [Page.Sentence] {
    let rest = "Share of the rows that rest on combinations with fewer than five rows in the data: "
    return findings + [Page.Sentence(text: rest + numbers["rareShare"].label, isDoubt: false)]
  }

  var sections: [PageSection] {
    [
      PageSection("Images", images),
      PageSection("The outcome under the intervention", shares + moments),
    ].filter { !$0.blocks.isEmpty }
  }

  private var images: [PageBlock] {
    guard let bytes = try? StoredRun.file(StoredRun.imagesName, of: run.path) else { return [] }
    return [
      .image(
        PageImage(
          bytes: bytes, caption: "The first rows of the sample as images. \(answer)",
          alternative: "Images of the first rows side by side, eight in a line."))
    ]
  }

  private var shares: [PageBlock] {
    let outcomes = numbers["outcome"].elements
    return PageBlock.numbers(
      "Shares of the rows, with Monte Carlo errors", ["", "share"],
      outcomes.map {
        [
          .text("\($0["variable"].label) = \($0["level"].label)"),
          .estimate($0["share"].number ?? .nan, error: $0["standardError"].number),
        ]
      })
  }

  private var moments: [PageBlock] {
    let own = numbers["numbers"].elements
    let probabilities = own.first?["quantiles"].elements.map { $0["probability"] } ?? []
    return PageBlock.numbers(
      "Numbers of the rows, means with Monte Carlo errors, and what so many of all rows lie below",
      ["", "mean", "deviation"] + probabilities.map { "\(significant(100 * ($0.number ?? .nan)))%" },
      own.map { number in
        [
          .text(number["variable"].label),
          .estimate(number["mean"].number ?? .nan, error: number["standardError"].number), number["deviation"].cell,
        ] + number["quantiles"].elements.map { $0["value"].cell } as [Report.Cell]
      })
  }
}
