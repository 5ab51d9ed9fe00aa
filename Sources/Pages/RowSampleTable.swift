import Reports

/// Some rows of a run of `train`, evenly spaced among all, as `sample.csv` holds them.
struct RowSampleTable {
  private static let name = "sample.csv"
  private static let binCount = 20
  private static let mostInstitutions = 8

  private let groups: [String]
  private let institutions: [String]
  private let posteriors: [Double?]
  private let entropies: [Double?]
  private let treatments: [Double?]
  private let fits: [Double?]
  private let rows: String

  /// Nil of runs without such rows.
  init?(_ run: StoredRun) {
    guard let table = DelimitedTable(Self.name, of: run), !table.rows.isEmpty else { return nil }
    groups = table.texts("label").map { "group \($0)" }
    institutions = table.texts("institution")
    posteriors = table.numbers("posterior")
    entropies = table.numbers("entropy")
    treatments = table.numbers("t")
    fits = table.numbers("fit")
    let all = run.numbers["rows"].number.map { Int($0) } ?? 0
    rows = table.rows.count < all ? "\(table.rows.count) rows, evenly spaced among all \(all)" : "all \(all) rows"
  }

  /// The treatment against what the rule of the row's group gives.
  var rules: [PageBlock] {
    let points = groups.indices.compactMap { row in
      treatments[row].flatMap { t in fits[row].map { (group: groups[row], x: $0, y: t) } }
    }
    return PageBlock.drawing(
      .scatter(
        "treatment",
        caption:
          "The treatment against what the rule of a row's group gives: \(rows) (\(Self.name)). On the line they agree.",
        alternative: "A cloud of points for each group about the line of equal treatment and rule.",
        x: "rule of the group", y: "treatment", hasDiagonal: true, points: points))
  }

  /// The posteriors of the rows' own groups, by institution.
  var certainty: [PageBlock] {
    let known = institutions.contains { !$0.isEmpty }
    let members = Dictionary(grouping: institutions.indices) { institutions[$0] }.sorted { $0.key < $1.key }
    let lines = members.prefix(Self.mostInstitutions).map { name, rows in
      let own = rows.compactMap { posteriors[$0] }
      let points = (0..<Self.binCount).map { bin -> (x: Double, y: Double?) in
        let count = own.count { min(Int($0 * Double(Self.binCount)), Self.binCount - 1) == bin }
        return ((Double(bin) + 0.5) / Double(Self.binCount), Double(count) / Double(max(own.count, 1)))
      }
      return (name.isEmpty ? "rows" : name, points)
    }
    let means = members.map { name, rows -> [Report.Cell] in
      let mean = rows.compactMap { entropies[$0] }.reduce(0, +) / Double(rows.count)
      return [.text(name), .count(rows.count), .number(mean, .significant)]
    }
    let place = known ? " by institution" : ""
    return PageBlock.drawing(
      .lines(
        "posteriors",
        caption:
          "Posteriors of the rows' own groups\(place): shares of \(rows) (\(Self.name)). Near 1 a label is sure.",
        alternative: "Shares of rows over twenty classes of the posterior\(place).",
        x: "posterior of the row's group", y: "share of rows", showsPoints: true, settings: ["set xrange [0:1]"],
        lines: lines))
      + (known
        ? [
          .table(
            PageTable(
              "Mean entropy of the labels by institution, of \(rows)", ["institution", "rows seen", "entropy"], means,
              from: Self.name))
        ] : [])
  }
}
