import Runs

/// Where the numbers of a target lie in its row: arm by arm, in each whether it is its own and the rank, then by metric
/// eight numbers, the rank path and the path.
struct TableLayout: Sendable {
  static let columns = [
    "theta", "lower", "upper", "interval", "observed", "effect", "weightNorm", "preRMSE",
  ]
  let problem: PanelProblem
  /// The most periods after of an arm.
  let pathLength: Int
  let metricWidth: Int
  let armWidth: Int
  let targetWidth: Int

  init(_ problem: PanelProblem) {
    self.problem = problem
    pathLength = problem.after.map(\.count).max()!
    metricWidth = Self.columns.count + ArmModel.pathLength + pathLength
    armWidth = 2 + problem.metrics.count * metricWidth
    targetWidth = problem.armCount * armWidth
  }

  /// Some numbers of every target, arm and metric of rows.
  func numbers(_ rows: [Double], _ offset: Int, _ length: Int = 1) -> [Double] {
    var numbers: [Double] = []
    numbers.reserveCapacity(rows.count / armWidth * problem.metrics.count * length)
    for arm in stride(from: 0, to: rows.count, by: armWidth) {
      for metric in problem.metrics.indices {
        let start = arm + 2 + metric * metricWidth + offset
        numbers += rows[start..<start + length]
      }
    }
    return numbers
  }

  /// A line for each target, arm and metric of rows that is answered for.
  func table(_ rows: [Double], of targets: ArraySlice<Int>) -> ResultTable {
    typealias Line = (unit: Int, arm: Int, metric: Int, row: ArraySlice<Double>)
    var lines: [Line] = []
    for (index, unit) in targets.enumerated() {
      for arm in 0..<problem.armCount {
        let row = rows[index * targetWidth + arm * armWidth..<index * targetWidth + (arm + 1) * armWidth]
        guard !row.first!.isNaN else { continue }
        lines += problem.metrics.indices.map { (unit, arm, $0, row) }
      }
    }
    func number(_ line: Line, _ offset: Int) -> Double {
      line.row[line.row.startIndex + 2 + line.metric * metricWidth + offset]
    }
    func column(_ name: String) -> ResultTable.Column {
      let offset = Self.columns.firstIndex(of: name)!
      return .numbers(lines.map { number($0, offset).defined })
    }
    let kind = Self.columns.firstIndex(of: "interval")!
    var table = ResultTable(rowCount: lines.count)
    table.add("unit", .text(lines.map { problem.panel.units[$0.unit] }))
    table.add("arm", .text(lines.map { problem.names[$0.arm] }))
    table.add("metric", .text(lines.map { problem.metricName($0.metric) }))
    table.add("own", .integers(lines.map { Int($0.row.first!) }))
    table.add("rank", .integers(lines.map { Int($0.row.dropFirst().first!) }))
    table.add("estimate", column("theta"))
    table.add("conf.low", column("lower"))
    table.add("conf.high", column("upper"))
    table.add(
      "interval",
      .text(
        lines.map { line in
          let code = Int(number(line, kind))
          return code < 0 ? nil : IntervalKind.allCases[code].rawValue
        }))
    table.add("observed", column("observed"))
    table.add("effect", column("effect"))
    table.add("weight.norm", column("weightNorm"))
    table.add("pre.rmse", column("preRMSE"))
    return table
  }
}

extension CellTable {
  /// The rows of a chunk's targets; NaN where a target is not answered for under an arm.
  func rows(ofChunk chunk: Int, _ layout: TableLayout) throws -> [Double] {
    let targets = targets(ofChunk: chunk)
    guard !targets.isEmpty else { return [] }
    let cells = try ChunkCells(analysis.models, chunk: chunk)
    let intervals = CellIntervals(analysis: analysis, options: options)
    var rows: [Double] = []
    rows.reserveCapacity(targets.count * layout.targetWidth)
    for unit in targets {
      let wanted = arms(of: unit)
      for arm in 0..<analysis.problem.armCount {
        if wanted.contains(arm) {
          let row = unit - cells.block.units.lowerBound
          intervals.append(try analysis.cell(cells, row: row, arm: arm, isTrimmed: true), layout, to: &rows)
        } else {
          rows += repeatElement(.nan, count: layout.armWidth)
        }
      }
    }
    return rows
  }
}

extension CellIntervals {
  fileprivate func append(_ cell: TargetCell, _ layout: TableLayout, to rows: inout [Double]) {
    let metrics = analysis.problem.metrics.indices
    rows += [cell.isOwn ? 1 : 0, Double(cell.numbers[0].rank)]
    for metric in metrics {
      let (numbers, means) = (cell.numbers[metric], cell.means(metric: metric))
      let shown = shown(numbers, arm: cell.arm, metric: metric, own: cell.isOwn ? cell.unit : nil)
      let half = shown.half ?? .nan
      let kind = shown.kind.map { Double(IntervalKind.allCases.firstIndex(of: $0)!) } ?? -1
      rows += [
        numbers.estimate, numbers.estimate - half, numbers.estimate + half, kind, means.observed, means.error,
        numbers.weightSquare.squareRoot(), numbers.preRMSE,
      ]
      let ranks = cell.rankPaths[metric]
      rows += ranks
      rows += repeatElement(.nan, count: ArmModel.pathLength - ranks.count)
      for period in 0..<layout.pathLength {
        let place = period * metrics.count + metric
        rows.append(place < cell.path.count ? cell.path[place] : .nan)
      }
    }
  }
}
