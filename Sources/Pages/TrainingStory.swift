import Reports

/// What `train` found: groups, how sure they are, and with `joint` the effect.
struct TrainingStory: RunStory {
  let run: StoredRun
  private let sample: RowSampleTable?

  init(_ run: StoredRun) {
    self.run = run
    sample = RowSampleTable(run)
  }

  var answer: String {
    let groups = numbers["groups"].label
    let found =
      "The \(numbers["rows"].label) rows fall into \(groups) group\(groups == "1" ? "" : "s"), in each of which treatment "
      + "follows a rule of its own."
    guard let slope = numbers["averageSlope"].estimate else { return found }
    let error = numbers["averageSlope"]["standardError"].number.map { ", standard error \(significant($0))" } ?? ""
    let noise = numbers["uncorrectedSlope"].estimate == nil ? "" : ", without the noise in which it was measured,"
    return found
      + " On average one unit more of the treatment\(noise) changes the outcome by \(significant(slope))\(error)."
  }

  var sections: [PageSection] { [groups, effect, number, fit, labels, balance] }

  /// The rules of treatment.
  private var groups: PageSection {
    let components = numbers["components"].elements
    var names: [String] = []
    for key in ["coefficients", "means"] {
      for name in components.flatMap({ $0[key].sorted.map(\.name) }) where !names.contains(name) { names.append(name) }
    }
    let rows = components.map { group -> [Report.Cell] in
      let values = names.map { name in
        let coefficient = group["coefficients"][name]
        return coefficient.number == nil ? group["means"][name].cell : coefficient.cell
      }
      return [group["group"].cell, group["rows"].cell, group["share"].cell, group["residualStandardDeviation"].cell]
        + values
    }
    return PageSection(
      "Groups and their rules of treatment",
      PageBlock.numbers(
        "Groups: rows with the label, share of all, spread of the treatment about the rule, and the rule's coefficients",
        ["group", "rows", "share", "spread"] + names, rows)
        + (sample?.rules ?? []))
  }

  // MARK: The effect of the joint model

  private var effect: PageSection {
    let contrasts = numbers["contrasts"].elements.map { contrast in
      ("from \(contrast["from"].label) to \(contrast["to"].label)", contrast["effect"])
    }
    let slope = [
      ("average slope", numbers["averageSlope"]),
      ("average slope, of the treatment as measured", numbers["uncorrectedSlope"]),
    ].filter { $1.estimate != nil }
    let errors = numbers["effectStandardErrors"]
    let coefficients = numbers["effectCoefficients"].sorted.map { name, value -> [Report.Cell] in
      [.text(name), value.cell, errors[name].cell]
    }
    let rows = (slope + contrasts).map { name, node -> [Report.Cell] in [.text(name)] + node.estimateCells.prefix(2) }
    return PageSection(
      "Effect of the treatment",
      PageBlock.numbers(
        "Effects with their standard errors", ["", "estimate", "std. error"], rows + coefficients) + curve + confounding
    )
  }

  private var curve: [PageBlock] {
    let points = numbers["effectCurve"].elements
    let told = points.compactMap { $0["t"].number }
    let values = points.map { $0["tau"].number }
    let errors = points.map { $0["standardError"].number }
    guard told.count == points.count, told.count > 1 else { return [] }
    func edge(_ sign: Double) -> [Double?] {
      zip(values, errors).map { value, error in
        value.flatMap { value in error.map { value + sign * 1.959963984540054 * $0 } }
      }
    }
    let figure = CurveFigure(
      points: told, curve: CurveFigure.Line(name: "effect", values: values),
      band: CurveFigure.Band(lower: edge(-1), upper: edge(1)), x: "treatment", y: "mean effect against 0",
      areQuantiles: false)
    return PageBlock.drawing(
      figure.figure(
        "effect-curve",
        caption:
          "Mean effect of setting the treatment instead of leaving it at 0, with 1.96 standard errors; strokes at the "
          + "bottom mark quantiles of the treatment.",
        alternative: "A curve of the effect over the treatment with its 95% interval."))
      + PageBlock.numbers(
        "The curve", ["treatment", "effect", "std. error"],
        points.map { [$0["t"].cell, $0["tau"].cell, $0["standardError"].cell] })
  }

  private var confounding: [PageBlock] {
    let kappa = numbers["kappa"].elements
    let parts = ["kappa", "delta", "kappa2"]
    return PageBlock.numbers(
      "Confounding by group: how the outcome moves with the part of the treatment that covariates and group leave "
        + "(kappa), shifts of groups (delta), and the bend (kappa2), with standard errors",
      ["group"] + parts.flatMap { [$0, "std. error"] },
      kappa.indices.map { group in
        [.count(group)]
          + parts.flatMap { [numbers[$0]["\(group)"].cell, numbers["\($0)StandardError"]["\(group)"].cell] }
      })
  }

  // MARK: The number of groups, and the fit

  private var number: PageSection {
    let tried = numbers["groupCriteria"].elements
    let hasBIC = tried.contains { $0["bic"].number != nil }
    let criterion = hasBIC ? "bic" : "mmd"
    let line = tried.compactMap { entry in entry["groups"].number.map { (x: $0, y: entry[criterion].number) } }
    let figure = Figure.lines(
      "criteria", caption: "\(criterion.uppercased()) by the number of groups; the lowest was kept.",
      alternative: "A line of \(criterion.uppercased()) over \(tried.count) numbers of groups.", x: "groups",
      y: criterion.uppercased(), showsPoints: true, settings: ["set xtics 1"], lines: [(criterion.uppercased(), line)])
    return PageSection(
      "Criteria of the number and the form of groups",
      (tried.isEmpty ? [] : PageBlock.drawing(figure))
        + PageBlock.numbers(
          "Numbers of groups", ["groups", "BIC", "MMD"],
          tried.map { [$0["groups"].cell, $0["bic"].cell, $0["mmd"].cell] })
        + PageBlock.numbers(
          "Ways in which groups may differ", ["form", "BIC", "parameters"],
          numbers["forms"].elements.map { [$0["form"].cell, $0["bic"].cell, $0["parameterCount"].cell] }))
  }

  private var fit: PageSection {
    let facts = [
      ("log-likelihood", numbers["logLikelihood"]), ("BIC", numbers["bic"]), ("ICL", numbers["icl"]),
      ("inertia", numbers["inertia"]), ("MMD", numbers["mmd"]), ("parameters", numbers["parameterCount"]),
      ("passes over the rows", numbers["passes"]), ("starts", numbers["starts"]["starts"]),
      ("of these continued", numbers["starts"]["continued"]), ("of these agree", numbers["starts"]["agreed"]),
      ("starts that degenerated", numbers["starts"]["degenerate"]), ("converged", numbers["converged"]),
      ("rows kept for testing", numbers["testRows"]), ("their log-likelihood, a row", numbers["testLogLikelihood"]),
      ("seconds", numbers["seconds"]),
    ]
    return PageSection(
      "Fit, and the log-likelihood of starts",
      PageBlock.numbers(
        "The fit", ["", "value"], facts.map { [.text($0.0), $0.1.cell] }.filter { $0[1] != .undefined })
        + starts + RunPhases(run).likelihood)
  }

  /// How far below the best each start ended that was carried on.
  private var starts: [PageBlock] {
    let reached = numbers["starts"]["reached"].elements
    let dots = reached.compactMap { start in
      start["below"].number.map { (name: "start \(start["start"].label)", value: $0 == 0 ? 0 : -$0) }
    }
    guard dots.count > 1 else { return [] }
    return PageBlock.drawing(
      .dots(
        "starts",
        caption:
          "Log-likelihood that each start carried on to convergence reached, less that of the best: dots above one another "
          + "at 0 found the same fit.",
        alternative:
          "Dots of the log-likelihoods of \(dots.count) starts; the lowest is \(significant(dots.last!.value)).",
        x: "log-likelihood less that of the best start", dots: dots))
      + PageBlock.numbers(
        "Starts carried on, best first", ["start", "below the best"],
        reached.map { [$0["start"].cell, $0["below"].cell] })
  }

  // MARK: Labels

  private var labels: PageSection {
    let facts = [
      ("entropy of the labels, all rows", numbers["entropy"]),
      ("accuracy against the true source", numbers["accuracy"]),
      ("adjusted Rand index", numbers["adjustedRandIndex"]),
    ]
    let confusion = numbers["confusion"].elements
    let sources = numbers["trueSources"].elements
    let groups = confusion.first?.elements.indices.map { "group \($0)" } ?? []
    return PageSection(
      "How sure the labels are",
      PageBlock.numbers(
        "Labels", ["", "value"], facts.map { [.text($0.0), $0.1.cell] }.filter { $0[1] != .undefined })
        + (sample?.certainty ?? [])
        + PageBlock.numbers(
          "True sources and labels", ["true source"] + groups,
          zip(sources, confusion).map { [$0.cell] + $1.elements.map(\.cell) }))
  }

  private var balance: PageSection {
    let differences = numbers["balance"].sorted.sorted { ($0.value.number ?? 0) > ($1.value.number ?? 0) }
    let largest = differences.first.map { "\($0.name), \($0.value.label)" } ?? ""
    let figure = Figure.love(
      "balance",
      caption: "Largest differences of covariate means between groups; from 0.1 on (dashed) they are noticeable "
        + "(Austin 2009), and then the label may be no instrument.",
      alternative:
        "Points of the largest difference for each of \(differences.count) covariates; the largest is \(largest).",
      threshold: 0.1, series: ["difference"], rows: differences.map { ($0.name, [$0.value.number]) })
    return PageSection(
      "Balance of covariates between groups",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "Largest differences of means, in standard deviations", ["covariate", "difference"],
          differences.map { [.text($0.name), $0.value.cell] }))
  }
}
