/// An effect over the treatment: its curve with bands, other curves beside it, and how the treatments of the rows lie.
struct CurveFigure {
  /// A curve, point by point.
  struct Line {
    let name: String
    let values: [Double?]
  }

  struct Band {
    let lower: [Double?]
    let upper: [Double?]
  }

  /// The treatments at which the curve is told.
  let points: [Double]
  let curve: Line
  let band: Band
  /// Where the curve lies at all points at once.
  var wideBand: Band?
  var others: [Line] = []
  let x: String
  let y: String
  /// Whether as many rows lie between two points as between the next two.
  let areQuantiles: Bool

  func figure(_ name: String, caption: String, alternative: String) -> Figure {
    var columns: [Figure.Column] = [
      Figure.Column("x", points.map(Optional.some)), Figure.Column("y", curve.values),
      Figure.Column("lower", band.lower), Figure.Column("upper", band.upper),
    ]
    var plots = ["data using 1:3:4 with filledcurves fillcolor rgb '#0072B2' title '95% interval'"]
    if let wideBand {
      columns += [Figure.Column("uniform_lower", wideBand.lower), Figure.Column("uniform_upper", wideBand.upper)]
      plots.insert(
        "data using 1:5:6 with filledcurves fillcolor rgb '#56B4E9' title '95% band of all points at once'", at: 0)
    }
    if areQuantiles {
      columns += [Figure.Column("next", Array(points.dropFirst()) + [nil]), Figure.Column("density", density)]
      plots.insert(
        "data using (column(\"x\")/2+column(\"next\")/2):(0):\"x\":\"next\":(0):\"density\" axes x1y2 with boxxyerror "
          + "fillcolor rgb '#999999' title 'rows'", at: 0)
    } else {
      plots.append("data using 1:(0.03) axes x1y2 with impulses linecolor rgb '#000000' linewidth 1 dashtype 1 notitle")
    }
    let first = columns.count
    columns += others.map { Figure.Column($0.name, $0.values) }
    plots.append("data using 1:2 with lines linetype 1 title \(curve.name.asGnuplotText)")
    plots += others.indices.map {
      "data using 1:\(first + $0 + 1) with lines linetype \($0 + 2) title \(others[$0].name.asGnuplotText)"
    }
    let highest = areQuantiles ? density.compactMap { $0 }.max() ?? 1 : 0.25
    return Figure(
      name, caption: caption, alternative: alternative, columns: columns,
      settings: [
        "set xlabel \(x.asGnuplotText)", "set ylabel \(y.asGnuplotText)", "set xzeroaxis linecolor rgb '#888888'",
        "set y2range [0:\(4 * highest)]", "unset y2tics",
      ],
      plots: plots, height: 420)
  }

  /// The share of rows from each point to the next by what lies between, so that areas are shares.
  private var density: [Double?] {
    zip(points, points.dropFirst()).map { low, high in
      high > low ? 1 / Double(points.count - 1) / (high - low) : nil
    } + [nil]
  }
}
