import Reports

/// What the groups of an effect say: without each of them, of covariates, and if they moved the outcome themselves.
extension EffectStory {
  var groups: PageSection {
    let names = numbers["groups"].elements
    let left = numbers["leaveOneOut"].elements
    let slope = first["averageSlope"]
    let pairs = numbers["pairs"].elements.map { ("only " + $0["groups"].texts.joined(separator: ", "), $0) }
    let rows = left.map { ("without \($0["group"].label)", $0) } + pairs
    let figure = Figure.forest(
      "groups",
      caption: "The average slope without each group, and from pairs of groups; dashed is that of all groups.",
      alternative: "Estimates without each of \(left.count) groups and from \(pairs.count) pairs of groups.",
      x: "average slope", reference: slope["estimate"].number,
      rows: [("all groups", slope["estimate"].number, slope["lower"].number, slope["upper"].number)]
        + rows.map { ($0, $1["estimate"].number, $1["lower"].number, $1["upper"].number) })
    let labels = numbers["labels"]
    return PageSection(
      "Groups",
      PageBlock.numbers(
        "Groups, their shares and effective sizes", ["group", "share", "effective size"],
        names.indices.map { [names[$0].cell, numbers["groupShares"]["\($0)"].cell, labels["sizes"]["\($0)"].cell] })
        + PageBlock.numbers(
          "Labels", ["", "value"],
          [("mean entropy", "entropy"), ("share of the most there can be", "entropyShare")]
            .map { [.text($0.0), labels[$0.1].cell] }.filter { $0[1] != .undefined })
        + (rows.isEmpty ? [] : PageBlock.drawing(figure))
        + PageBlock.numbers(
          "The average slope of some groups, and how far it is from that of all",
          ["", "estimate", "std. error", "from", "to", "difference", "z", "effective F", "reason"],
          rows.map { name, node in
            [.text(name)] + node.estimateCells.prefix(4)
              + [node["difference"].cell, node["z"].cell, node["effectiveF"].cell, node["reason"].cell]
          }))
  }

  var balance: PageSection {
    let pairs = numbers["balance"]["pairs"].elements
    let titles = pairs.map { $0["groups"].texts.joined(separator: " and ") }
    var names: [String] = []
    for name in pairs.flatMap({ $0["differences"].sorted.map(\.name) }) where !names.contains(name) {
      names.append(name)
    }
    func largest(_ name: String) -> Double { pairs.map { abs($0["differences"][name].number ?? 0) }.max() ?? 0 }
    names.sort { (-largest($0), $0) < (-largest($1), $1) }
    let figure = Figure.love(
      "balance",
      caption: "Differences of covariate means between groups; from 0.1 on (dashed) they are noticeable (Austin 2009).",
      alternative:
        "Points of the differences of \(names.count) covariates between \(pairs.count) pairs of groups; the largest "
        + "is of \(names.first ?? "none").", threshold: 0.1, series: titles,
      rows: names.map { name in (name, pairs.map { $0["differences"][name].number }) })
    let tests = numbers["balance"]
    return PageSection(
      "Balance of covariates between groups",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "Differences of means in standard deviations", ["covariate"] + titles,
          names.map { name in [.text(name)] + pairs.map { $0["differences"][name].cell } })
        + PageBlock.numbers(
          "Tests of balance", ["", "statistic", "p"],
          [
            [.text("Wald"), tests["wald"]["statistic"].cell, tests["wald"]["p"].probability],
            [.text("kernel, by permutation"), tests["mmd"].cell, tests["mmdP"].probability],
          ].filter { $0[2] != .undefined }))
  }

  var sensitivity: PageSection {
    let intervals = numbers["sensitivity"].elements
    let ways = [("by constants", "shift"), ("along covariates", "shiftByX")]
    let names = Dictionary(uniqueKeysWithValues: ways.map { ($1, $0) })
    return PageSection(
      "If groups moved the outcome themselves",
      PageBlock.numbers(
        "The average slope if groups moved the outcome by up to delta standard deviations (Conley, Hansen and Rossi 2012)",
        ["how", "prior", "delta", "from", "to"],
        intervals.map {
          let kind = $0["kind"].label
          return [.text(names[kind] ?? kind), $0["prior"].cell, $0["delta"].cell, $0["lower"].cell, $0["upper"].cell]
        })
        + PageBlock.numbers(
          "Delta at which the interval reaches 0", ["how", "delta"],
          ways.map { [.text($0.0), numbers["breakdown"][$0.1].cell] }.filter { $0[1] != .undefined }))
  }
}
