import Reports

/// What `sweep` found: how many groups, by six criteria.
struct SweepStory: RunStory {
  let run: StoredRun

  init(_ run: StoredRun) { self.run = run }

  private static let criteria = [
    (key: "bic", title: "BIC"), (key: "icl", title: "ICL"), (key: "heldOutLogLikelihood", title: "held out"),
    (key: "mmd", title: "MMD"), (key: "agreement", title: "agreement"),
    (key: "likelihoodRatioTest", title: "p of one more"),
  ]

  var answer: String {
    let best = numbers["best"]
    guard let groups = numbers["bestGroups"].number else { return "No number of groups could be fitted." }
    return "\(Int(groups)) groups are the choice of \(numbers["criterion"].label.uppercased()), with "
      + "\(best["representation"].label) representation and \(best["distribution"].label) groups."
  }

  var sections: [PageSection] { numbers["choices"].elements.map(choice) + [cells] }

  /// One way of fitting, over the numbers of groups.
  private func choice(_ choice: JSONNode) -> PageSection {
    let criteria = choice["criteria"]
    let groups = Set(Self.criteria.flatMap { criteria[$0.key]["values"].sorted.compactMap { Int($0.name) } }).sorted()
    let name = "\(choice["representation"].label), \(choice["distribution"].label)"
    let rows = groups.map { count -> [Report.Cell] in
      [.count(count)]
        + Self.criteria.map { key, _ in
          let value = criteria[key]["values"]["\(count)"].cell
          return criteria[key]["groups"].number == Double(count) ? .marked(value) : value
        }
    }
    let lines = Self.criteria.prefix(2).map { key, title in
      (title, groups.map { (x: Double($0), y: criteria[key]["values"]["\($0)"].number) })
    }
    let figure = Figure.lines(
      "criteria-\(name)", caption: "BIC and ICL by the number of groups; lower is better.",
      alternative: "Lines of BIC and ICL over \(groups.count) numbers of groups.", x: "groups", y: "criterion",
      showsPoints: true, settings: ["set xtics 1"], lines: lines)
    return PageSection(
      "Criteria by the number of groups: \(name)",
      PageBlock.drawing(figure)
        + PageBlock.numbers(
          "Criteria (* what each chooses)", ["groups"] + Self.criteria.map(\.title), rows))
  }

  private var cells: PageSection {
    let keys = [
      ("log-likelihood", "logLikelihood"), ("parameters", "parameterCount"), ("entropy", "entropy"),
      ("accuracy", "accuracy"), ("converged", "converged"), ("seconds", "seconds"),
    ]
    return PageSection(
      "Fits",
      PageBlock.numbers(
        "All fits", ["groups", "representation", "distribution", "seed"] + keys.map(\.0),
        numbers["cells"].elements.map { fit in
          ["groups", "representation", "distribution", "seed"].map { fit["cell"][$0].cell }
            + keys.map { fit[$0.1].cell }
        }))
  }
}
