import Communication
import Diagnostics
import Frames
import Runs
import Shards

/// Fits every cell of a grid, on teams of ranks side by side; see ``Scheduler``.
///
/// A team holds all rows, loaded once. What a cell comes to has the same bits whichever ranks fit it.
public struct Sweep {
  public let grid: SweepGrid
  public let ranksPerFit: Int
  /// Called once on every rank when the folder is open. Collective.
  public var didOpen: () throws -> Void = {}
  /// Told of every pass over the rows, on every rank.
  public var observer: (PassRecord) throws -> Void = { _ in }
  /// Told on the roots of teams how many fits of all are done.
  public var didFinish: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  /// Asked on every rank after every pass, and on the roots of teams between cells; when true on one of them the sweep
  /// saves and stops.
  public var isStopRequested: () -> Bool = { false }
  /// When an unfinished cell is saved.
  public var checkpointPolicy = CheckpointStore.Policy()
  /// How a user writes an option, for messages.
  public var optionName: Fingerprint.OptionName = { $0 }
  /// Given the time of what this rank does; nil where nobody asks.
  public var phases: Phases?
  /// Where the rows are kept; the results have the same bits.
  public var storage = FrameStorage.memory

  public init(_ grid: SweepGrid, ranksPerFit: Int = 1) {
    self.grid = grid
    self.ranksPerFit = ranksPerFit
  }

  /// Runs what is not finished, and returns the results of all cells in the order of the grid. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `usage` when the grid or the ranks do not fit, `data` and `noInput`
  ///   when the rows cannot be read or fitted at all, `cannotCreate`, `data` and `configuration` for the folder,
  ///   `temporary` when a stop was asked for. A cell that cannot be fitted is a result, not a failure; rows that can no
  ///   longer be read are.
  public func run(
    _ collection: ShardCollection, in folder: String, existing: ExistingRun = .refuse,
    on communicator: any Communicator
  ) throws -> [SweepResult] {
    try grid.validate(rowCount: collection.rowCount)
    phases?.start("rows")
    let scheduler = scheduler
    let team = try team(of: communicator)
    let rows = try communicator.agree(within: team) { try load(collection, on: team) }
    return try scheduler.run(
      SweepOptions(grid), inputDigest: rows.table.digest, in: folder, existing: existing, team: team, on: communicator
    ) { try fit($0, rows, $1) }
  }

  /// The ranks that this rank fits with. Collective.
  ///
  /// - Throws: ``Failure`` `usage` when the ranks cannot be cut into teams of ``ranksPerFit``.
  public func team(of communicator: any Communicator) throws -> any Communicator {
    try scheduler.team(of: communicator)
  }

  private var scheduler: Scheduler<SweepResult> {
    var scheduler = Scheduler<SweepResult>(grid.cells, longestFirst: grid.longestFirst)
    scheduler.ranksPerCell = ranksPerFit
    scheduler.didOpen = didOpen
    scheduler.observer = observer
    scheduler.didFinish = didFinish
    scheduler.phases = phases
    scheduler.isStopRequested = isStopRequested
    scheduler.checkpointPolicy = checkpointPolicy
    scheduler.optionName = optionName
    return scheduler
  }

  private func load(_ collection: ShardCollection, on team: any Communicator) throws -> CenteredRows {
    var configuration = grid.base
    configuration.groups = grid.groups.max()!
    // What the rows are told of is that of any fit.
    configuration.distribution = grid.distributions.contains(.gaussian) ? .gaussian : grid.distributions[0]
    var engine = MetaEM(configuration)
    engine.storage = storage
    return try engine.load(collection, on: team)
  }

  private func fit(_ cell: SweepCell, _ rows: CenteredRows, _ run: Run) throws -> SweepResult {
    let begin = ContinuousClock.now
    var result: SweepResult
    do {
      let fitted = try MetaEM(grid.configuration(cell)).fit(rows, in: run)
      run.start("criteria")
      result = try .evaluated(cell, of: grid, fitted, rows, journal: run.journal)
    } catch let failure as Failure where failure.isOfOneFit {
      result = SweepResult(cell, failure: failure)
    }
    result.rows = rows.table.rows.rowCount
    result.rowFindings = rows.findings
    result.seconds = begin.duration(to: .now).seconds
    return result
  }
}

extension SweepCell: ScheduledCell {}
extension SweepResult: ScheduledResult {}

/// What determines the fits of a sweep besides the rows and the values that are varied.
private struct SweepOptions: Encodable {
  let base: Configuration
  let folds: Int
  let replicates: Int
  /// Draws the folds of all cells.
  let firstSeed: UInt64

  init(_ grid: SweepGrid) {
    // Every cell has its own.
    var base = Configuration(groups: 1)
    let (seed, representation, distribution) = (base.seed, base.representation, base.distribution)
    base = grid.base
    base.groups = 1
    (base.seed, base.representation, base.distribution) = (seed, representation, distribution)
    base.alternation.lambda = nil
    self.base = base
    folds = grid.folds
    replicates = grid.replicates
    firstSeed = grid.seeds[0]
  }
}
