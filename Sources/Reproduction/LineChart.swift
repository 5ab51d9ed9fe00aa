/// Lines through points, as a picture and as a script for gnuplot.
struct LineChart {
  struct Line {
    let name: String
    let points: [(x: Double, y: Double)]
  }

  let title: String
  let x: String
  let y: String
  let lines: [Line]

  private static let colors = [
    "#1b6ca8", "#d1495b", "#2e8b57", "#e08e0b", "#6a4c93", "#3d3d3d", "#17a2a2", "#a0522d", "#8a8d00", "#c71585",
  ]
  private static let (width, height, left, top, bottom) = (760.0, 460.0, 70.0, 40.0, 50.0)
  private static let legend = 200.0

  /// Scalable vector graphics.
  var svg: String {
    let points = lines.flatMap(\.points)
    let (xs, ys) = (points.map(\.x), points.map(\.y))
    guard let low = xs.min(), let high = xs.max(), let bottom = ys.min(), let top = ys.max() else { return "" }
    let area = (width: Self.width - Self.left - Self.legend, height: Self.height - Self.top - Self.bottom)
    func place(_ point: (x: Double, y: Double)) -> (x: Double, y: Double) {
      let (right, up) = ((point.x - low) / max(high - low, 1e-300), (point.y - bottom) / max(top - bottom, 1e-300))
      return (Self.left + area.width * right, Self.top + area.height * (1 - up))
    }
    var text = """
      <svg xmlns="http://www.w3.org/2000/svg" width="\(Int(Self.width))" height="\(Int(Self.height))" \
      font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      <text x="\(Self.left)" y="22" font-size="14">\(title)</text>
      <path d="M\(Self.left) \(Self.top)v\(area.height)h\(area.width)" fill="none" stroke="black"/>

      """
    for share in 0...4 {
      let value = (x: low + (high - low) * Double(share) / 4, y: bottom + (top - bottom) * Double(share) / 4)
      let spot = place(value)
      text += """
        <text x="\(Self.rounded(spot.x))" y="\(Self.top + area.height + 18)" text-anchor="middle">\
        \(Self.rounded(value.x))</text>
        <text x="\(Self.left - 6)" y="\(Self.rounded(spot.y + 4))" text-anchor="end">\(Self.rounded(value.y))</text>

        """
    }
    for (index, line) in lines.enumerated() {
      let color = Self.colors[index % Self.colors.count]
      let path = line.points.map(place).map { "\(Self.rounded($0.x)),\(Self.rounded($0.y))" }.joined(separator: " ")
      let row = Self.top + 14 * Double(index + 1)
      text += """
        <polyline points="\(path)" fill="none" stroke="\(color)" stroke-width="1.5"/>
        <text x="\(Self.left + area.width + 12)" y="\(row)" fill="\(color)">\(line.name)</text>

        """
    }
    text += """
      <text x="\(Self.left + area.width / 2)" y="\(Self.height - 12)" text-anchor="middle">\(x)</text>
      <text x="16" y="\(Self.top - 8)">\(y)</text>
      </svg>

      """
    return text
  }

  /// A script that draws the file of ``csv``.
  func gnuplot(data: String) -> String {
    let plots = lines.map { line in
      "  '\(data)' using 2:(strcol(1) eq '\(line.name)' ? $3 : NaN) with linespoints title '\(line.name)'"
    }
    return """
      set datafile separator ','
      set title '\(title)'
      set xlabel '\(x)'
      set ylabel '\(y)'
      set key outside
      plot \\
      \(plots.joined(separator: ", \\\n"))

      """
  }

  /// One line for each point: the line it belongs to, x, y.
  var csv: String {
    "line,x,y\n"
      + lines.flatMap { line in line.points.map { "\(line.name),\($0.x),\($0.y)\n" } }.joined()
  }

  /// To three significant figures at most after the point.
  private static func rounded(_ value: Double) -> String {
    let scaled = (value * 1000).rounded() / 1000
    return scaled == scaled.rounded() ? "\(Int(scaled))" : "\(scaled)"
  }
}
