import Storage

/// The replications of one cell together, beside the paper's figure.
public struct ReproductionSummary: Sendable, Encodable {
  public let experiment: Experiment
  public let data: String
  public let row: String
  public let column: String
  /// Those that were finished.
  public let replications: Int
  public let failed: Int
  /// Means over replications.
  public let means: [Measure: Double]
  /// Standard deviations; none of a single replication.
  public let deviations: [Measure: Double]
  @NullEncoded public var paper: PaperFigure?

  /// - Parameter results: of one cell, in the order of the replications.
  init(_ results: [ReproductionResult]) {
    let cell = results[0].cell
    let finished = results.filter { $0.failure == nil }
    (experiment, data, row, column) = (cell.experiment, cell.data.name, cell.row, cell.column)
    (replications, failed) = (finished.count, results.count - finished.count)
    var means: [Measure: Double] = [:]
    var deviations: [Measure: Double] = [:]
    for measure in Measure.allCases {
      let values = finished.compactMap { $0.values[measure] }
      guard !values.isEmpty else { continue }
      let mean = values.reduce(0, +) / Double(values.count)
      means[measure] = mean
      if values.count > 1 {
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        deviations[measure] = (squares / Double(values.count - 1)).squareRoot()
      }
    }
    (self.means, self.deviations) = (means, deviations)
    _paper = NullEncoded(
      wrappedValue: PaperFigures.figure(cell.experiment, row: cell.row, column: cell.column, file: cell.data.file))
  }

  /// One for each cell, in the order of the grid.
  public static func all(_ results: [ReproductionResult]) -> [ReproductionSummary] {
    var order: [String] = []
    var cells: [String: [ReproductionResult]] = [:]
    for result in results {
      let key = "\(result.cell.experiment.rawValue)/\(result.cell.row)/\(result.cell.column)"
      if cells[key] == nil { order.append(key) }
      cells[key, default: []].append(result)
    }
    return order.map { ReproductionSummary(cells[$0]!) }
  }
}
