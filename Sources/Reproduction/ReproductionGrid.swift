import Diagnostics
import Simulation

/// The cells that are to be done.
public struct ReproductionGrid: Sendable {
  public var experiments: [Experiment]
  public var replications = 10
  /// Rows and columns to keep, by their names; empty for all.
  public var only: [String] = []
  /// Of the draws: replication r draws by this and r.
  public var seed: UInt64 = 0
  /// The settings of the methods' own programs instead of ours.
  public var isPaper = false
  public var covariates: SimulationCovariates?
  /// What the file of covariates is called.
  public var file: String?

  public init(_ experiments: [Experiment]) { self.experiments = experiments }

  private static let allRows = InstrumentRow.allCases
  private static let groupRows: [InstrumentRow] = [.em, .joint, .truth]
  private static let groupNumbers = 2...8
  private static let shortColumns = ["poly2sls", "kerneliv", "deepiv", "agmm", "sieve2sls", "joint"]

  /// The cells, in the order of the results.
  ///
  /// - Throws: ``Failure`` (usage): a name that is no row or column; real covariates that are lacking.
  public func cells() throws -> [ReproductionCell] {
    if let experiment = experiments.first(where: { $0.needsCovariates && covariates == nil }) {
      throw Failure(
        .usage, "\(experiment.rawValue) is of real covariates; give --covariates-from FILE.csv --columns a,b,..")
    }
    let all = experiments.flatMap { experiment in
      templates(experiment).flatMap { cell in (0..<replications).map { cell.replicated($0) } }
    }
    let (rows, columns) = (Set(all.map(\.row)), Set(all.map(\.column)))
    if let unknown = only.first(where: { !rows.contains($0) && !columns.contains($0) }) {
      let names = Self.distinct(all.map(\.row)) + Self.distinct(all.map(\.column))
      throw Failure(
        .usage, "--only \(unknown): no row or column has this name; there are \(names.joined(separator: ", "))")
    }
    let (keptRows, keptColumns) = (rows.intersection(only), columns.intersection(only))
    return all.filter {
      (keptRows.isEmpty || keptRows.contains($0.row)) && (keptColumns.isEmpty || keptColumns.contains($0.column))
    }
  }

  private static func distinct(_ names: [String]) -> [String] {
    names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The cells of the first replication.
  private func templates(_ experiment: Experiment) -> [ReproductionCell] {
    switch experiment {
    case .table1:
      return effects(experiment, ReproductionData(.linear, groups: 3, covariates: 3), Self.allRows)
    case .table2:
      return [GroupFit.em, .metaEM, .functionEM, .bayes].flatMap { fit in
        SimulationScenario.allCases.map { scenario in
          ReproductionCell(
            experiment: experiment, data: ReproductionData(scenario, groups: 2, covariates: 5), row: fit.rawValue,
            column: scenario.rawValue, replication: 0, work: .groups(fit, count: 2))
        }
      }
    case .table3:
      let rows = Self.allRows.filter { $0 != .knownKMeans }
      return effects(experiment, realData, rows, columns: Self.shortColumns)
    case .table4:
      return [(2, 5), (3, 5), (5, 5), (3, 10)].flatMap { groups, covariates in
        let data = ReproductionData(.linear, groups: groups, covariates: covariates)
        return effects(experiment, data, Self.groupRows, columns: Self.shortColumns, isNamed: true)
      }
    case .table5: return effects(experiment, realData, Self.groupRows)
    case .figure3:
      return [SimulationScenario.poly, .sin, .sigmoid, .abs].flatMap { scenario in
        effects(
          experiment, ReproductionData(scenario, groups: 3, covariates: 3), [.none, .kmeans, .joint, .truth],
          columns: ["agmm", "sieve2sls"], isNamed: true)
      }
    case .figure4:
      return [(3, 3), (2, 5), (3, 5), (5, 5)].flatMap { groups, covariates in
        [GroupFit.kmeans, .metaEM].flatMap { fit in
          Self.groupNumbers.map { count in
            let data = ReproductionData(.linear, groups: groups, covariates: covariates)
            return ReproductionCell(
              experiment: experiment, data: data, row: "\(data.name) \(fit.rawValue)", column: "K=\(count)",
              replication: 0, work: .groups(fit, count: count))
          }
        }
      }
    case .figure5:
      return [GroupFit.kmeans, .em, .metaEM, .bayes].flatMap { fit in
        Self.groupNumbers.map { count in
          ReproductionCell(
            experiment: experiment, data: ReproductionData(.linear, groups: count, covariates: 5), row: fit.rawValue,
            column: "K=\(count)", replication: 0, work: .groups(fit, count: count))
        }
      }
    }
  }

  private var realData: ReproductionData {
    ReproductionData(.linear, groups: 2, covariates: covariates?.columns ?? 0, file: file)
  }

  /// - Parameters:
  ///   - columns: by their names; nil for all.
  ///   - isNamed: whether rows are named after the data too.
  private func effects(
    _ experiment: Experiment, _ data: ReproductionData, _ rows: [InstrumentRow], columns: [String]? = nil,
    isNamed: Bool = false
  ) -> [ReproductionCell] {
    rows.flatMap { row in
      RegressionColumn.all.filter { columns?.contains($0.name) ?? true }.compactMap { column in
        // The joint model has groups of its own.
        guard column != .joint || row == .joint else { return nil }
        return ReproductionCell(
          experiment: experiment, data: data, row: isNamed ? "\(data.name) \(row.rawValue)" : row.rawValue,
          column: column.name, replication: 0, work: .effect(row, column))
      }
    }
  }

  // MARK: Costs

  /// Seconds of one core that the methods which take long were seen to take on 3000 rows, with our settings and with those
  /// of their own programs.
  private static let costs: [String: (ours: Double, paper: Double)] = [
    "nn2sls": (1, 46), "onesiv": (1, 23), "deepiv": (1, 3), "dfiv": (4, 20), "deepgmm": (18, 18), "agmm": (3, 9),
    "kerneliv": (1, 1), "dualiv": (1, 1), "joint": (5, 5),
  ]

  func seconds(_ cell: ReproductionCell) -> Double {
    switch cell.work {
    case .groups(let fit, let count): fit == .metaEM ? 0.2 * Double(count) : 0.1
    case .effect(let row, let column):
      (Self.costs[column.name].map { isPaper ? $0.paper : $0.ours } ?? 0.3) + (row == .joint ? 5 : row == .auto ? 3 : 0)
    }
  }

  /// Those that are likely to take longest first, so that no team waits for one at the end.
  func longestFirst(_ cells: [ReproductionCell]) -> [ReproductionCell] {
    cells.enumerated().sorted { a, b in
      let (own, other) = (seconds(a.element), seconds(b.element))
      return own != other ? own > other : a.offset < b.offset
    }.map(\.element)
  }

  /// What all cells together may take of one core.
  public func expectedSeconds(_ cells: [ReproductionCell]) -> Double { cells.reduce(0) { $0 + seconds($1) } }
}

extension ReproductionCell {
  fileprivate func replicated(_ replication: Int) -> ReproductionCell {
    ReproductionCell(
      experiment: experiment, data: data, row: row, column: column, replication: replication, work: work)
  }
}
