import Reports

/// Outcomes of the first targets of `si`, period by period: observed, and as they would have been, as `paths.csv` tells.
struct InterventionPaths {
  private static let name = "paths.csv"
  /// Targets under arms that are drawn.
  private static let mostTargets = 4

  private struct Path {
    let unit: String
    let arm: String
    let metric: String
    let rows: [Int]
  }

  private let table: DelimitedTable?
  private let paths: [Path]

  init(_ run: StoredRun) {
    table = DelimitedTable(Self.name, of: run)
    guard let table else {
      paths = []
      return
    }
    let (units, arms, metrics) = (table.texts("unit"), table.texts("arm"), table.texts("metric"))
    // The arm that a unit came under says nothing new of it, where there is another.
    let cells = run.numbers["cells"].elements
    let others = cells.filter { $0["own"].label != "yes" }
    paths = (others.isEmpty ? cells : others).prefix(Self.mostTargets).map { cell in
      let (unit, arm, metric) = (cell["unit"].label, cell["arm"].label, cell["metric"].label)
      return Path(
        unit: unit, arm: arm, metric: metric,
        rows: units.indices.filter { units[$0] == unit && arms[$0] == arm && metrics[$0] == metric })
    }
  }

  var section: PageSection { PageSection("Observed and counterfactual paths", paths.flatMap(figure)) }

  private func figure(_ path: Path) -> [PageBlock] {
    guard let table, path.rows.count > 1 else { return [] }
    func texts(_ name: String) -> [String] {
      let values = table.texts(name)
      return path.rows.map { values[$0] }
    }
    func column(_ name: String) -> [Double?] { texts(name).map { Double($0) } }
    let periods = texts("period")
    let windows = texts("window")
    let places = periods.indices.map { Double($0) as Double? }
    let step = max(1, (periods.count + 7) / 8)
    let tics = stride(from: 0, to: periods.count, by: step).map { "\(periods[$0].asGnuplotText) \($0)" }
    let start = (windows.lastIndex(of: "before") ?? 0) + 1
    return PageBlock.drawing(
      Figure(
        "path-\(path.unit)-\(path.arm)",
        caption:
          "\(path.metric) of \(path.unit), observed and as under \(path.arm), with 95% intervals after. The dashed line "
          + "ends the periods before (\(Self.name)).",
        alternative:
          "Lines of the observed and the estimated \(path.metric) of \(path.unit) over \(periods.count) periods.",
        columns: [
          Figure.Column("place", places), Figure.Column("period", periods),
          Figure.Column("observed", column("observed")),
          Figure.Column("estimate", column("estimate")), Figure.Column("lower", column("conf.low")),
          Figure.Column("upper", column("conf.high")),
        ],
        settings: [
          "set xtics (\(tics.joined(separator: ", ")))", "set xlabel 'period'",
          "set ylabel \(path.metric.asGnuplotText)",
          "set arrow from \(Double(start) - 0.5), graph 0 to \(Double(start) - 0.5), graph 1 nohead linecolor rgb '#000000' "
            + "linewidth 1 dashtype 2",
        ],
        plots: [
          "data using 1:5:6 with filledcurves fillcolor rgb '#0072B2' title '95% interval'",
          "data using 1:3 with lines linecolor rgb '#000000' dashtype 1 title 'observed'",
          "data using 1:4 with linespoints linetype 1 title \("under \(path.arm)".asGnuplotText)",
        ]))
  }
}
