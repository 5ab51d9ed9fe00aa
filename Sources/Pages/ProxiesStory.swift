import Reports

/// What `spo` found: the average effect, and classes that nobody measured with their effects.
struct ProxiesStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  private static let columns = ["", "estimate", "std. error", "from", "to"]

  var answer: String {
    let ate = numbers["ate"]
    guard let effect = ate.estimate else { return "The average effect was not found." }
    let ends = [ate["lower"].number, ate["upper"].number].compactMap { $0.map(significant) }.joined(separator: " to ")
    return "On average the treatment changes the outcome by \(significant(effect))"
      + (ends.isEmpty ? "." : " (95% interval \(ends)).")
      + " Groups that differ in treatment differ by \(numbers["naive"].estimate.map(significant) ?? "-"), confounding included."
  }

  var verdict: [Page.Sentence] {
    let verdicts = [("average effect", "ate"), ("classes", "classes")].map { title, key in
      let verdict = numbers["verdicts"][key].label
      return Page.Sentence(text: "\(title): \(verdict)", isDoubt: verdict != "identified")
    }
    return verdicts + findings
  }

  var sections: [PageSection] { [effects, classes, rank, tests] }

  private var effects: PageSection {
    let contrasts = numbers["contrasts"].elements.flatMap { contrast in
      let arms = "\(contrast["treated"].label) instead of \(contrast["control"].label)"
      return [("difference of means, \(arms)", contrast["naive"]), ("average effect, \(arms)", contrast["ate"])]
    }
    let arms = numbers["arms"].elements
    let means = arms.indices.map { ("mean outcome under \(arms[$0].label)", numbers["armMeans"]["\($0)"]) }
    let figure = Figure.forest(
      "effects", caption: "Average effects with 95% intervals beside what the means of the arms say.",
      alternative: "\(contrasts.count) estimates with intervals below one another and a line at no effect.",
      x: "effect on the outcome", reference: 0, rows: contrasts.map(Self.row))
    return PageSection(
      "Average effect",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "Effects and means", Self.columns,
          (contrasts + means).map { [.text($0.0)] + $0.1.estimateCells.prefix(4) }))
  }

  private static func row(
    _ name: String, _ node: JSONNode
  ) -> (name: String, estimate: Double?, lower: Double?, upper: Double?) {
    (name, node.estimate, node["lower"].number, node["upper"].number)
  }

  private var classes: PageSection {
    let classes = numbers["classTable"].elements
    let named = classes.enumerated().map { ("class \($0 + 1)", $1) }
    let figure = Figure.forest(
      "classes", caption: "Effects of the classes with 95% intervals.",
      alternative: "Effects of \(classes.count) classes below one another and a line at no effect.",
      x: "effect on the outcome", reference: 0, rows: named.map { Self.row($0, $1["effect"]) })
    let arms = numbers["arms"].elements
    let rows = named.flatMap { name, node in
      [("\(name), share", node["share"]), ("\(name), effect", node["effect"])]
        + arms.indices.map { ("\(name), mean outcome under \(arms[$0].label)", node["means"]["\($0)"]) }
    }
    return PageSection(
      "Classes",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "Shares, effects and means of the classes", Self.columns,
          rows.map { [.text($0.0)] + $0.1.estimateCells.prefix(4) }))
  }

  private var rank: PageSection {
    let values = numbers["rankValues"].elements
    let figure = Figure.lines(
      "rank", caption: "Canonical values: what both sides of proxies share. As many as stand out are classes.",
      alternative: "\(values.count) canonical values, falling.", x: "rank", y: "canonical value", showsPoints: true,
      settings: ["set xtics 1", "set yrange [0:1.05]"],
      lines: [("value", values.enumerated().map { (x: Double($0 + 1), y: $1.number) })])
    return PageSection(
      "How many classes both sides of proxies show",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "Canonical values", ["rank", "value"], values.enumerated().map { [.count($0 + 1), $1.cell] })
        + PageBlock.numbers(
          "Rank", ["", "value"],
          [("classes", "classes"), ("classes found", "classesFound"), ("no larger rank, p", "rankP")]
            .map { [.text($0.0), numbers[$0.1].cell] }.filter { $0[1] != .undefined }))
  }

  private var tests: PageSection {
    let titles = [
      ("zExcluded", "treatment's proxies reach the outcome and its proxies through the class alone"),
      ("xExcluded", "outcome's proxies reach the outcome through the class alone"),
      ("xUntouched", "the treatment leaves the outcome's proxies alone"),
    ]
    let rows = titles.flatMap { key, title in
      numbers["tests"][key].elements.map { test in
        [.text(title), test["arm"].number == nil ? .text("all") : test["arm"].cell]
          + ["statistic", "df", "p"].map { test[$0].cell }
      }
    }
    return PageSection(
      "What it rests on",
      PageBlock.numbers("Tests", ["supposed", "arm", "statistic", "df", "p"], rows)
        + PageBlock.numbers(
          "Strength of the proxies: 1 tells the classes, 0 does not; a ratio below 4 is weak",
          ["arm", "rows", "strength", "std. error", "ratio", "condition"],
          numbers["strength"].elements.enumerated().map { place, strength in
            [
              strength["arm"].cell, numbers["armRows"]["\(place)"].cell, strength["value"]["estimate"].cell,
              strength["value"]["standardError"].cell, strength["ratio"].cell, strength["condition"].cell,
            ]
          }))
  }
}
