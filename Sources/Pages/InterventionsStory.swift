import Reports

/// What `si` found: what units would have seen under every arm, and what speaks for it.
struct InterventionsStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  private static let estimateColumns = ["estimate", "from", "to"]

  var answer: String {
    let cells = numbers["cells"].elements
    let other = cells.filter { $0["own"].label != "yes" && $0["estimate"].number != nil }
    guard let first = other.first else { return "Of \(cells.count) units under arms none was answered." }
    let ends = [first["lower"].number, first["upper"].number].compactMap { $0.map(significant) }.joined(
      separator: " to ")
    let interval = ends.isEmpty ? "" : " (95% interval \(ends))"
    let more = other.count > 1 ? " Further answers are in the table." : ""
    return "Under \(first["arm"].label), \(first["unit"].label) would have seen "
      + "\(significant(first["estimate"].number!))\(interval) instead of "
      + "\(first["observed"].number.map(significant) ?? "what is missing").\(more)"
  }

  var verdict: [Page.Sentence] {
    numbers["arms"].elements.map {
      Page.Sentence(
        text: "arm \($0["name"].label): \($0["verdict"].label)", isDoubt: $0["verdict"].label != "supported")
    } + findings
  }

  var sections: [PageSection] { [arms, targets, InterventionPaths(run).section, placebos, studies] }

  // MARK: Arms and targets

  private var arms: PageSection {
    let arms = numbers["arms"].elements
    let spectra = arms.map { arm in
      (arm["name"].label, arm["spectrum"].elements.prefix(30).enumerated().map { (x: Double($0 + 1), y: $1.number) })
    }
    let figure = Figure.lines(
      "spectrum", caption: "Singular values of the donors' outcomes before; those that stand out are the factors kept.",
      alternative: "Falling singular values of \(arms.count) arms.", x: "factor", y: "singular value",
      showsPoints: true,
      settings: ["set logscale y"], lines: spectra)
    return PageSection(
      "Arms",
      PageBlock.numbers(
        "Donors, factors kept, noise before and after; whether outcomes after follow the factors before (fit F); dimensions "
          + "after that those lack (tau); donors in their own intervals; what calibrates intervals",
        [
          "arm", "donors", "factors", "noise before", "noise after", "fit F", "p", "tau", "critical", "covered", "of",
          "factor", "verdict",
        ],
        arms.map { arm in
          [
            arm["name"], arm["donors"], arm["rank"], arm["sigmaPre"], arm["sigmaDonors"], arm["fitTest"]["f"],
            arm["fitTest"]["p"], arm["subspace"]["tau"], arm["subspace"]["criticalValue"], arm["validation"]["covered"],
            arm["validation"]["of"], arm["calibrationFactor"], arm["verdict"],
          ].enumerated().map { $0 == 6 ? $1.probability : $1.cell }
        }) + PageBlock.drawing(figure))
  }

  private var targets: PageSection {
    let cells = numbers["cells"].elements
    let figure = Figure.forest(
      "targets", caption: "Mean outcomes after, of units under arms, with 95% intervals.",
      alternative: "\(cells.count) estimates with intervals below one another.", x: "mean outcome after",
      rows: cells.map { cell in
        (
          "\(cell["unit"].label), \(cell["arm"].label)", cell["estimate"].number, cell["lower"].number,
          cell["upper"].number
        )
      })
    let contrasts = numbers["contrasts"].elements
    return PageSection(
      "Targets",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "What units would have seen (* under the arm they came under, where the effect is the error of leaving it out)",
          ["unit", "arm", "outcome"] + Self.estimateColumns + ["interval", "observed", "effect", "error before"],
          cells.map { cell in
            let arm = Report.Cell.text(cell["arm"].label)
            return [cell["unit"].cell, cell["own"].label == "yes" ? .marked(arm) : arm]
              + ["metric", "estimate", "lower", "upper", "interval", "observed", "effect", "preRMSE"].map {
                cell[$0].cell
              }
          })
        + PageBlock.numbers(
          "Contrasts of arms", ["unit", "arm", "against", "estimate", "std. error", "from", "to"],
          contrasts.map { contrast in
            ["unit", "treated", "control", "estimate", "standardError", "lower", "upper"].map { contrast[$0].cell }
          }))
  }

  // MARK: Placebos

  private var placebos: PageSection {
    let inSpace = numbers["placeboSpace"].elements
    let gaps = inSpace.prefix(2).flatMap(placeboFigure)
    return PageSection(
      "Placebos",
      gaps
        + PageBlock.numbers(
          "In space: ratios of the root mean squares of gaps after and before, and their rank among those of donors",
          ["unit", "outcome", "ratio", "rank", "of", "p", "one-sided p", "effects not rejected from", "to"],
          inSpace.map { placebo in
            ["unit", "metric", "ratio", "rank", "of", "p", "oneSidedP", "lower", "upper"].map { placebo[$0].cell }
          })
        + PageBlock.numbers(
          "In time: gaps where nothing had begun", ["unit", "start", "gap", "from", "to", "factors", "ratio"],
          numbers["placeboTime"].elements.map { placebo in
            ["unit", "start", "gap", "lower", "upper", "rank", "ratio"].map { placebo[$0].cell }
          })
        + PageBlock.numbers(
          "Without one donor: the range of estimates", ["unit", "arm", "lowest", "without", "highest", "without"],
          numbers["leaveOneDonorOut"].elements.map { range in
            ["unit", "arm", "lowest", "lowestWithout", "highest", "highestWithout"].map { range[$0].cell }
          })
        + PageBlock.numbers(
          "Power: effects that placebos would find", ["outcome", "negative", "positive", "units"],
          numbers["power"].elements.map { power in
            ["metric", "negative", "positive", "units"].map { power[$0].cell }
          }))
  }

  /// The gaps of a unit after among those of donors.
  private func placeboFigure(_ placebo: JSONNode) -> [PageBlock] {
    let unit = placebo["unit"].label
    let donors = placebo["placebos"].elements.prefix(60)
    guard !placebo["gaps"].elements.isEmpty else { return [] }
    let rows = donors.map { ($0["unit"].label, $0["gaps"].series) } + [(unit, placebo["gaps"].series)]
    let points = rows.flatMap { name, gaps in gaps.enumerated().map { (name, Double($0 + 1), $1) } }
    let names = donors.map { $0["unit"].label.asGnuplotText }
    let others = names.indices.map {
      "data using (strcol(1) eq \(names[$0]) ? column(2) : NaN):3 with lines linetype 1 linewidth 1 linecolor rgb '#999999' "
        + ($0 == 0 ? "title 'donors'" : "notitle")
    }
    return PageBlock.drawing(
      Figure(
        "placebos-\(unit)",
        caption:
          "Gaps of \(unit) after the start among those of \(donors.count) donors that were treated as if they were it.",
        alternative:
          "A line of the gaps of \(unit) over \(placebo["gaps"].elements.count) periods among grey lines of donors.",
        columns: [
          Figure.Column("unit", points.map(\.0)), Figure.Column("period", points.map { Optional($0.1) }),
          Figure.Column("gap", points.map(\.2)),
        ],
        settings: ["set xlabel 'period after the start'", "set ylabel 'observed less estimated'", "set xzeroaxis"],
        plots: others
          + [
            "data using (strcol(1) eq \(unit.asGnuplotText) ? column(2) : NaN):3 with lines linetype 2 dashtype 1 linewidth 3 title "
              + unit.asGnuplotText
          ]))
  }

  private var studies: PageSection {
    PageSection("Event study", numbers["eventStudy"].elements.flatMap(study))
  }

  private func study(_ study: JSONNode) -> [PageBlock] {
    let effects = study["effects"].elements
    let metric = study["metric"].label
    let rows = effects.enumerated().map { ("\($0)", $1) } + [("all", study["overall"])]
    let figure = Figure.forest(
      "event-study-\(metric)",
      caption: "Average effects on \(metric) by the periods since units came under their arms, with 95% intervals.",
      alternative: "Effects of \(effects.count) periods below one another and a line at no effect.", x: "effect",
      reference: 0, rows: rows.map { ($0, $1.estimate, $1["lower"].number, $1["upper"].number) })
    return (effects.isEmpty ? [] : PageBlock.drawing(figure))
      + PageBlock.numbers(
        "Effects on \(metric) by the time since the start", ["periods since", "estimate", "from", "to"],
        rows.map { [.text($0), $1["estimate"].cell, $1["lower"].cell, $1["upper"].cell] }.filter { $0[1] != .undefined }
      )
  }
}
