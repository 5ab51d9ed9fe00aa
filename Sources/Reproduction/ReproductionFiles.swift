import Runs
import Storage

/// The results of a reproduction in files: `reproduce.csv`, `.jsonl` and `.h5` with every cell, `summary.csv` with the
/// means over replications, and for each figure its data, a script for gnuplot and a picture.
public struct ReproductionFiles {
  /// The files that every reproduction leaves.
  public static let tableNames = ["reproduce.csv", "reproduce.jsonl", "reproduce.h5", "summary.csv"]

  private let results: [ReproductionResult]
  private let summaries: [ReproductionSummary]

  public init(_ results: [ReproductionResult]) {
    self.results = results
    summaries = ReproductionSummary.all(results)
  }

  /// Replaces those of the same reproduction.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  public func write(toFolder folder: String) throws {
    try cells.write(
      toFolder: folder, name: "reproduce", encodingType: "giv-reproduction", encodingVersion: "1.0.0",
      jsonLines: results.map(jsonText))
    func save(_ text: String, _ name: String) throws {
      try AtomicFile.save([UInt8](text.utf8), to: "\(folder)/\(name)", force: true)
    }
    try save(means.csv, "summary.csv")
    for (name, chart) in charts {
      try save(chart.csv, "\(name).csv")
      try save(chart.gnuplot(data: "\(name).csv"), "\(name).gp")
      try save(chart.svg, "\(name).svg")
    }
  }

  private var cells: ResultTable {
    var table = ResultTable(rowCount: results.count)
    table.add("experiment", .text(results.map(\.cell.experiment.rawValue)))
    table.add("data", .text(results.map(\.cell.data.name)))
    table.add("row", .text(results.map(\.cell.row)))
    table.add("column", .text(results.map(\.cell.column)))
    table.add("replication", .integers(results.map(\.cell.replication)))
    for measure in Measure.allCases { table.add(measure.rawValue, .numbers(results.map { $0.values[measure] })) }
    table.add("seconds", .numbers(results.map(\.seconds)))
    table.add("failure", .text(results.map { $0.failure?.message }))
    return table
  }

  private var means: ResultTable {
    var table = ResultTable(rowCount: summaries.count)
    table.add("experiment", .text(summaries.map(\.experiment.rawValue)))
    table.add("data", .text(summaries.map(\.data)))
    table.add("row", .text(summaries.map(\.row)))
    table.add("column", .text(summaries.map(\.column)))
    table.add("replications", .integers(summaries.map(\.replications)))
    table.add("failed", .integers(summaries.map(\.failed)))
    for measure in Measure.allCases {
      table.add("\(measure.rawValue).mean", .numbers(summaries.map { $0.means[measure] }))
      table.add("\(measure.rawValue).sd", .numbers(summaries.map { $0.deviations[measure] }))
    }
    table.add("paper.mean", .numbers(summaries.map { $0.paper?.mean }))
    table.add("paper.sd", .numbers(summaries.map { $0.paper?.standardDeviation }))
    return table
  }

  // MARK: Figures

  private var charts: [(name: String, chart: LineChart)] {
    Experiment.allCases.filter(\.isFigure).flatMap { experiment -> [(String, LineChart)] in
      if experiment == .figure3 { return outcomeCharts }
      let own = summaries.filter { $0.experiment == experiment }
      guard !own.isEmpty else { return [] }
      let lines = names(own.map(\.row)).map { row in
        let points = own.filter { $0.row == row }.compactMap { summary -> (x: Double, y: Double)? in
          guard let count = Double(summary.column.dropFirst(2)), let y = summary.means[experiment.measure] else {
            return nil
          }
          return (count, y)
        }
        return LineChart.Line(name: row, points: points)
      }
      let chart = LineChart(
        title: experiment.title, x: "number of groups", y: experiment.measure.rawValue, lines: lines)
      return [(experiment.rawValue, chart)]
    }
  }

  /// One for each scenario, of the first replication.
  private var outcomeCharts: [(String, LineChart)] {
    let own = results.filter { $0.cell.experiment == .figure3 && !$0.curve.isEmpty && $0.cell.replication == 0 }
    return names(own.map(\.cell.data.name)).map { data in
      let cells = own.filter { $0.cell.data.name == data }
      func line(_ name: String, _ curve: [[Double]], _ place: Int) -> LineChart.Line {
        LineChart.Line(name: name, points: zip(curve[0], curve[place]).map { ($0, $1) })
      }
      let found = cells.map { line("\($0.cell.row.dropFirst(data.count + 1)) \($0.cell.column)", $0.curve, 2) }
      let chart = LineChart(
        title: "\(data): outcomes under do(t) in the order of the true ones", x: "share of rows", y: "outcome",
        lines: [line("truth", cells[0].curve, 1)] + found)
      return ("figure3-\(data)", chart)
    }
  }

  private func names(_ all: [String]) -> [String] { all.reduce(into: []) { if !$0.contains($1) { $0.append($1) } } }
}
