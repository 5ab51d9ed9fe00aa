import Communication
import Diagnostics
import Runs

/// Makes tables and figures of the paper again: every cell of every replication on teams of ranks side by side; see
/// ``Scheduler``.
public struct Reproduction {
  public let grid: ReproductionGrid
  /// Called once on every rank when the folder is open. Collective.
  public var didOpen: () throws -> Void = {}
  /// Told of every cell that was finished, on the roots of teams.
  public var observer: (ReproductionResult) -> Void = { _ in }
  /// Given the time of what this rank does; nil where nobody asks.
  public var phases: Phases?
  /// Asked on the roots of teams between cells; when true on one of them the work stops.
  public var isStopRequested: () -> Bool = { false }

  public init(_ grid: ReproductionGrid) { self.grid = grid }

  /// Does what is not finished, and returns the results of all cells in the order of the grid. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `usage` when the grid is no use, `cannotCreate`, `data` and
  ///   `configuration` for the folder, `temporary` when a stop was asked for. A cell that fails is a result.
  public func run(
    in folder: String, existing: ExistingRun = .refuse, on communicator: any Communicator
  ) throws -> [ReproductionResult] {
    let cells = try grid.cells()
    var scheduler = Scheduler<ReproductionResult>(cells, longestFirst: grid.longestFirst(cells))
    scheduler.subject = "a reproduction"
    scheduler.didOpen = didOpen
    scheduler.isStopRequested = isStopRequested
    scheduler.phases = phases
    let team = try scheduler.team(of: communicator)
    let worker = ReproductionWorker(grid, on: team)
    return try scheduler.run(
      ReproductionOptions(seed: grid.seed, isPaper: grid.isPaper), inputDigest: grid.covariates?.sourceDigest ?? "",
      in: folder, existing: existing, team: team, on: communicator
    ) { cell, _ in
      phases?.start(cell.experiment.rawValue)
      let result = try worker.result(cell)
      if team.isRoot { observer(result) }
      return result
    }
  }
}

/// What determines the results besides the cells and the covariates.
private struct ReproductionOptions: Encodable {
  let seed: UInt64
  let isPaper: Bool
}
