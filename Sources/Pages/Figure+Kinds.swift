/// The kinds of figures that pages are made of.
extension Figure {
  /// Points that a line or a cloud is drawn by at most.
  static let mostPoints = 1000
  /// Rows of a figure with one for each name.
  static let mostNames = 40

  /// Estimates with intervals below one another, and a line at a reference. Of rows without a middle the interval is drawn.
  ///
  /// - Parameter others: what another method says, row by row.
  static func forest(
    _ name: String, caption: String, alternative: String, x: String, reference: Double? = nil,
    rows: [(name: String, estimate: Double?, lower: Double?, upper: Double?)],
    others: (title: String, values: [Double?])? = nil
  ) -> Figure {
    let places = rows.indices.filter { rows[$0].estimate != nil || rows[$0].lower != nil || rows[$0].upper != nil }
      .prefix(mostNames)
    let shown = places.map { rows[$0] }
    return Figure(
      name, caption: caption + remark(shown.count, of: rows.count), alternative: alternative,
      columns: [
        Column("name", shown.map(\.name)), Column("estimate", shown.map(\.estimate)),
        Column("lower", shown.map(\.lower)), Column("upper", shown.map(\.upper)),
      ] + (others.map { others in [Column(others.title, places.map { others.values[$0] })] } ?? []),
      settings: [
        others == nil ? "unset key" : "", "set xlabel \(x.asGnuplotText)", "set yrange [\(-shown.count):1]",
        "set offsets graph 0.02, graph 0.02",
      ] + vertical(reference),
      plots: [
        "data using \"lower\":(-$0):(column(\"upper\")-column(\"lower\")):(0) with vectors nohead linetype 1 notitle",
        "data using \"lower\":(-$0):(0):(0) with points linetype 1 pointtype 1 pointsize 0.5 notitle",
        "data using \"upper\":(-$0):(0):(0) with points linetype 1 pointtype 1 pointsize 0.5 notitle",
        "data using \"estimate\":(-$0):ytic(1) with points linetype 1 notitle",
        "data using \"lower\":(-$0):ytic(1) with dots notitle",
      ] + (others.map { ["data using 5:(-$0) with points linetype 2 title \($0.title.asGnuplotText)"] } ?? []),
      height: 120 + 26 * shown.count)
  }

  /// Absolute standardised differences below one another with the line of what is noticeable.
  static func love(
    _ name: String, caption: String, alternative: String, threshold: Double,
    series: [String], rows: [(name: String, differences: [Double?])]
  ) -> Figure {
    let shown = rows.prefix(mostNames)
    let series = Array(series.prefix(8))
    return Figure(
      name, caption: caption + remark(shown.count, of: rows.count), alternative: alternative,
      columns: [Column("covariate", shown.map(\.name))]
        + series.indices.map { place in Column(series[place], shown.map { $0.differences[place].map(abs) }) },
      settings: vertical(threshold) + [
        "set xlabel 'absolute difference of means, standard deviations'", "set xrange [0:\(1.2 * threshold)<*]",
        "set yrange [\(-shown.count):1]", series.count > 1 ? "" : "unset key",
      ],
      plots: series.indices.map { place in
        "data using \(place + 2):(-$0):ytic(1) with points linetype \(place + 1) title \(series[place].asGnuplotText)"
      }, height: 140 + 24 * shown.count)
  }

  /// One number for each name, below one another.
  static func dots(
    _ name: String, caption: String, alternative: String, x: String, dots: [(name: String, value: Double)]
  ) -> Figure {
    named(
      name, caption: caption, alternative: alternative, x: x, column: "value", values: dots,
      settings: ["set offsets graph 0.02, graph 0.02"],
      plot: "data using 2:(-$0):ytic(1) with points linetype 1 notitle")
  }

  /// Lines over numbers, each with points of its own.
  static func lines(
    _ name: String, caption: String, alternative: String, x: String, y: String, showsPoints: Bool = false,
    settings: [String] = [], lines: [(name: String, points: [(x: Double, y: Double?)])]
  ) -> Figure {
    let step = max(1, (lines.map(\.points.count).max() ?? 0) / mostPoints * lines.count)
    let rows = lines.flatMap { line in
      line.points.indices.filter { $0 % step == 0 || $0 == line.points.count - 1 }.map { (line.name, line.points[$0]) }
    }
    return Figure(
      name, caption: caption, alternative: alternative,
      columns: [Column("line", rows.map(\.0)), Column("x", rows.map { $0.1.x }), Column("y", rows.map { $0.1.y })],
      settings: [
        "set xlabel \(x.asGnuplotText)", "set ylabel \(y.asGnuplotText)", lines.count > 1 ? "" : "unset key",
      ] + settings,
      plots: lines.indices.map { place in
        let name = lines[place].name.asGnuplotText
        return "data using (strcol(1) eq \(name) ? column(2) : NaN):3 with \(showsPoints ? "linespoints" : "lines") "
          + "linetype \(place + 1) title \(name)"
      })
  }

  /// Horizontal bars, the first on top.
  static func bars(
    _ name: String, caption: String, alternative: String, x: String, bars: [(name: String, length: Double)]
  ) -> Figure {
    named(
      name, caption: caption, alternative: alternative, x: x, column: "length",
      values: bars.map { ($0.name, $0.length) }, settings: ["set xrange [0:*]", "set style fill solid 0.8 noborder"],
      plot: "data using (0):(-$0):(0):2:(-$0-0.35):(-$0+0.35):ytic(1) with boxxyerror linetype 1 notitle")
  }

  /// One number for each name, the first on top; `plot` says by what mark, from the second column of the data.
  private static func named(
    _ name: String, caption: String, alternative: String, x: String, column: String,
    values: [(name: String, value: Double)], settings: [String], plot: String
  ) -> Figure {
    let shown = values.prefix(mostNames)
    return Figure(
      name, caption: caption + remark(shown.count, of: values.count), alternative: alternative,
      columns: [Column("name", shown.map(\.name)), Column(column, shown.map { $0.value })],
      settings: ["unset key", "set xlabel \(x.asGnuplotText)", "set yrange [\(-shown.count):1]"] + settings,
      plots: [plot], height: 120 + 26 * shown.count)
  }

  /// Points of several groups.
  static func scatter(
    _ name: String, caption: String, alternative: String, x: String, y: String, hasDiagonal: Bool,
    points: [(group: String, x: Double, y: Double)]
  ) -> Figure {
    let groups = Array(Set(points.map(\.group))).sorted()
    return Figure(
      name, caption: caption, alternative: alternative,
      columns: [
        Column("group", points.map(\.group)), Column("x", points.map { $0.x }), Column("y", points.map { $0.y }),
      ],
      settings: ["set xlabel \(x.asGnuplotText)", "set ylabel \(y.asGnuplotText)"],
      plots: groups.indices.map { place in
        "data using (strcol(1) eq \(groups[place].asGnuplotText) ? column(2) : NaN):3 with points "
          + "linetype \(place + 1) pointsize 0.4 title \(groups[place].asGnuplotText)"
      } + (hasDiagonal ? ["x with lines linecolor rgb '#000000' linewidth 1 notitle"] : []), height: 480)
  }

  /// A line that the range takes in.
  private static func vertical(_ x: Double?) -> [String] {
    guard let x else { return [] }
    return [
      "set xrange [*<\(x):\(x)<*]",
      "set arrow from \(x), graph 0 to \(x), graph 1 nohead linecolor rgb '#000000' linewidth 1 dashtype 2",
    ]
  }

  private static func remark(_ shown: Int, of all: Int) -> String {
    shown < all ? " The first \(shown) of \(all)." : ""
  }
}
