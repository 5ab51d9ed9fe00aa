import Reports

/// What `effect` found: what one unit of the treatment does, and whether to believe it.
struct EffectStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  /// Sentences of the verdict that are reasons to doubt.
  private static let doubts: Set = [
    "not-identified", "no-instrument", "weak", "weak-groups", "instruments-disagree", "unbalanced", "fragile",
    "labels-lean",
  ]

  var answer: String {
    let headline = numbers["headline"]
    let ends = headline["intervals"].elements.map { interval in
      let ends = interval.series
      return "\(ends.first.flatMap { $0.map(significant) } ?? "minus infinity") to "
        + (ends.last.flatMap { $0.map(significant) } ?? "plus infinity")
    }.joined(separator: " or ")
    let interval =
      switch headline["interval"].text {
      case "wald": "95% interval \(ends)"
      case "anderson-rubin": "95% set of Anderson and Rubin, since the instruments are weak: \(ends)"
      default: "without an interval, since the effect is not identified"
      }
    return
      "On average over the rows, one unit more of the treatment changes the outcome by "
      + "\(significant(headline["estimate"].number ?? .nan)) (\(interval))."
  }

  var verdict: [Page.Sentence] {
    let sentences = numbers["verdict"].elements.map {
      Page.Sentence(text: $0["text"].label, isDoubt: Self.doubts.contains($0["code"].label))
    }
    return sentences + findings
  }

  var sections: [PageSection] { [effects, curve, ladder, firstStage, groups, balance, sensitivity] }

  /// The method that comes first.
  var first: JSONNode { numbers["methods"][numbers["estimator"].label] }

  // MARK: Answers

  private var effects: PageSection {
    let contrasts = first["contrasts"].elements.map { ("treatment " + Self.words($0["contrast"]), $0["effect"]) }
    let terms = first["coefficients"].elements.map { ("coefficient of \($0["name"].label)", $0) }
    let rows = [("average slope", first["averageSlope"])] + contrasts + terms
    let errors = [("errors of effects of rows, against the truth", "ite"), ("errors of outcomes of rows", "outcome")]
    return PageSection(
      "Effect of the treatment",
      PageBlock.numbers(
        "Estimates by \(numbers["estimator"].label), errors \(first["covariance"].label) (\(numbers["standardErrors"].label))",
        [""] + JSONNode.estimateTitles, rows.map { [.text($0.0)] + $0.1.estimateCells })
        + PageBlock.numbers(
          "Mean squared errors, where the truth is known", ["", "value"],
          errors.map { [.text($0.0), first[$0.1].cell] }.filter { $0[1] != .undefined })
        + PageBlock.numbers(
          "At given covariates", ["row", "estimate", "std. error", "from", "to", "p"],
          numbers["atX"].elements.enumerated().map { [.count($0)] + $1["averageSlope"].estimateCells }))
  }

  private static func words(_ contrast: JSONNode) -> String {
    "from \(contrast["from"].label) to \(contrast["to"].label)"
  }

  private var curve: PageSection {
    let points = first["curve"].elements
    let told = points.compactMap { $0["t"].number }
    guard told.count > 1, told.count == points.count else { return PageSection("Effect curve", []) }
    func values(_ key: String, of method: JSONNode) -> [Double?] { method["curve"].elements.map { $0[key].number } }
    let reference = numbers["reference"].label
    var figure = CurveFigure(
      points: told, curve: CurveFigure.Line(name: numbers["estimator"].label, values: values("tau", of: first)),
      band: CurveFigure.Band(lower: values("lower", of: first), upper: values("upper", of: first)),
      x: "treatment set to", y: "mean effect against \(reference)",
      areQuantiles: told.count == 21
        && !RunHistory(run).command.contains { $0.hasPrefix("--at") || $0.hasPrefix("--grid") })
    figure.wideBand = CurveFigure.Band(
      lower: values("uniformLower", of: first), upper: values("uniformUpper", of: first))
    let others = numbers["methods"].sorted.filter { $0.name != numbers["estimator"].label }
    figure.others = others.filter { values("t", of: $0.value) == told.map(Optional.some) }.map {
      CurveFigure.Line(name: $0.name, values: values("tau", of: $0.value))
    }
    let distribution =
      figure.areQuantiles
      ? "Grey areas are shares of rows: between two treatments at which the curve is told lie as many rows as between the next."
      : "Strokes at the bottom mark the treatments at which the curve is told."
    return PageSection(
      "Effect curve",
      PageBlock.drawing(
        figure.figure(
          "effect-curve",
          caption: "Mean effect of setting the treatment, against \(reference), with its 95% bands. \(distribution)",
          alternative: "A curve of the mean effect over the treatment with bands, from \(told.first!) to \(told.last!)."
        ))
        + PageBlock.numbers(
          "The curve: mean outcome, effect against \(reference), standard error, 95% interval, and band of all points at once",
          ["treatment", "outcome", "effect", "std. error", "from", "to", "band from", "band to"],
          points.map { point in
            ["t", "g", "tau", "standardError", "lower", "upper", "uniformLower", "uniformUpper"].map { point[$0].cell }
          }))
  }

  // MARK: Estimators

  private var ladder: PageSection {
    let doubtful = Set(numbers["disagreements"].texts)
    let others = numbers["ladder"].sorted.map { (name: $0.name, value: $0.value) }
    let model = numbers["model"].members == nil ? [] : [(name: numbers["model"]["name"].label, value: numbers["model"])]
    let all = numbers["methods"].sorted.map { (name: $0.name, value: $0.value) }
    let ordered =
      all.filter { $0.name == numbers["estimator"].label } + all.filter { $0.name != numbers["estimator"].label }
    let named = ordered + others.map { ("method \($0.name)", $0.value) } + model
    let rows = named.map { ($0.name, $0.value["averageSlope"]) }
    let figure = Figure.forest(
      "ladder", caption: "The average slope by estimator with 95% intervals; dashed is the one that comes first.",
      alternative: "Estimates of the average slope by \(rows.count) estimators below one another.", x: "average slope",
      reference: first["averageSlope"]["estimate"].number,
      rows: rows.map { ($0, $1["estimate"].number, $1["lower"].number, $1["upper"].number) })
    return PageSection(
      "Ladder of estimators",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "Average slope by estimator", [""] + JSONNode.estimateTitles, rows.map { [.text($0)] + $1.estimateCells })
        + PageBlock.numbers(
          "Methods set side by side: distance of the curve from that of the sieve in standard deviations of the outcome and in "
            + "standard errors (* disagrees), and the method's own criterion",
          ["method", "distance", "in errors", "criterion", "seconds"],
          others.map { name, rung in
            let distance = rung["distance"].cell
            return [
              .text(name), doubtful.contains(name) ? .marked(distance) : distance, rung["standardizedDistance"].cell,
              rung["criterion"].cell, rung["seconds"].cell,
            ]
          }))
  }

  private var firstStage: PageSection {
    let keys = [
      ("partial R2", "partialR2"), ("Shea R2", "sheaR2"), ("F", "f"), ("robust F", "robustF"),
      ("effective F", "effectiveF"), ("needed", "effectiveFCritical"), ("conditional F", "conditionalF"),
    ]
    let ranks = [
      ("Cragg-Donald", numbers["craggDonald"]), ("Kleibergen-Paap rk F", numbers["kleibergenPaapF"]),
    ]
    let tests = numbers["tests"].sorted
    let rankTest = numbers["kleibergenPaap"]["p"].probability
    return PageSection(
      "First stage, Anderson-Rubin set and tests",
      PageBlock.numbers(
        "Strength of the instruments for each function of the treatment", [""] + keys.map(\.0),
        numbers["firstStage"].sorted.map { name, stage in [.text(name)] + keys.map { stage[$0.1].cell } })
        + PageBlock.numbers(
          "Rank", ["", "value"],
          (ranks.map { [.text($0.0), $0.1.cell] } + [[.text("Kleibergen-Paap rank test, p"), rankTest]])
            .filter { $0[1] != .undefined })
        + sets
        + PageBlock.numbers(
          "Tests", ["", "statistic", "df", "df of the denominator", "p"],
          tests.map { name, test in
            [
              .text(Self.testNames[name] ?? name), test["statistic"].cell, test["df"]["0"].cell, test["df"]["1"].cell,
              test["p"].probability,
            ]
          }))
  }

  /// What the tests of `report.json` are called.
  private static let testNames = [
    "basmann": "instruments agree (Basmann)", "durbin": "t is confounded (Durbin)",
    "hansenJ": "instruments agree (Hansen J)", "sargan": "instruments agree, homoskedastic (Sargan)",
    "wooldridge": "t is confounded, robust (Wooldridge)", "wuHausman": "t is confounded (Wu-Hausman)",
  ]

  /// 95% sets for the average slope, of one interval or several.
  private var sets: [PageBlock] {
    let slope = first["averageSlope"]
    let names = [
      "andersonRubin": "Anderson-Rubin", "andersonRubinProjection": "Anderson-Rubin, projected",
      "lm": "Lagrange multiplier", "clr": "conditional likelihood ratio",
    ]
    let sets = numbers["sets"].sorted.flatMap { name, set in
      set.elements.enumerated().map { place, ends in
        let part = set.elements.count > 1 ? ", part \(place + 1) of \(set.elements.count)" : ""
        return ((names[name] ?? name) + part, ends.series)
      }
    }
    guard !sets.isEmpty else { return [] }
    let closed = sets.filter { $0.1.count == 2 && !$0.1.contains(nil) }
    let figure = Figure.forest(
      "sets",
      caption: "95% sets for the average slope that hold however weak the instruments are, below the usual interval."
        + (closed.count < sets.count ? " Those without an end are in the table only." : ""),
      alternative: "Intervals of \(closed.count) sets below the Wald interval.", x: "average slope",
      rows: [
        ("Wald, \(numbers["estimator"].label)", slope["estimate"].number, slope["lower"].number, slope["upper"].number)
      ]
        + closed.map { ($0, nil, $1[0], $1[1]) })
    return PageBlock.drawing(figure)
      + PageBlock.numbers(
        "Sets for the average slope", ["set", "from", "to"],
        sets.map { name, ends in
          [.text(name)]
            + zip(ends, ["minus infinity", "plus infinity"]).map { end, infinite in
              end.map { .number($0, .significant) } ?? .text(infinite)
            }
        })
  }
}
