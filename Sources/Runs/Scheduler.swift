import Communication
import Diagnostics
import Foundation

/// Does the cells of a sweep on teams of ranks side by side.
///
/// A team takes one cell after another, in the order that is given, until none is left. What a cell comes to may not
/// depend on the ranks that do it, so a sweep can go on with other ranks where it was interrupted. A cell that is stopped
/// keeps a checkpoint.
///
/// ```swift
/// let team = try scheduler.team(of: communicator)
/// let frame = …                                       // all rows, on the ranks of the team
/// let results = try scheduler.run(options, inputDigest: frame.digest, in: "sweep", team: team, on: communicator) {
///   cell, run in try estimator(cell).fit(frame, in: run)
/// }
/// ```
public struct Scheduler<Output: ScheduledResult> {
  public typealias Cell = Output.Cell

  /// The cells, in the order of the results.
  public let cells: [Cell]
  /// In the order in which they are begun: the longest first, so that no team has to wait for one at the end.
  private let order: [Cell]
  /// The number of ranks of a team: a divisor of the number of all ranks.
  public var ranksPerCell = 1
  /// Called once on every rank when the folder is open. Collective.
  public var didOpen: () throws -> Void = {}
  /// Told of every pass over the rows, on every rank.
  public var observer: (PassRecord) throws -> Void = { _ in }
  /// Told on the roots of teams how many cells of all are done, before the first one and after each of their own.
  public var didFinish: (_ done: Int, _ total: Int) -> Void = { _, _ in }
  /// Asked on every rank after every pass, and on the roots of teams between cells; when true on one of them the sweep
  /// saves and stops.
  public var isStopRequested: () -> Bool = { false }
  /// Given the time of what this rank does; nil where nobody asks. Times of interrupted runs are kept in the folder and
  /// add up.
  public var phases: Phases?
  /// When an unfinished cell is saved.
  public var checkpointPolicy = CheckpointStore.Policy()
  /// What the cells are together, for messages.
  public var subject = "a sweep"
  /// How a user writes an option, or the property `cell.NAME` of a cell, for messages.
  public var optionName: Fingerprint.OptionName = { $0 }

  /// How long an idle team waits before it looks again whether the others have finished.
  private static var wait: UInt32 { 20_000 }

  /// - Parameter longestFirst: the same cells in the order in which they are begun; nil for that of the results.
  public init(_ cells: [Cell], longestFirst: [Cell]? = nil) {
    self.cells = cells
    order = longestFirst ?? cells
  }

  /// The ranks that this rank works with. Collective.
  ///
  /// - Throws: ``Failure`` `usage` when the ranks cannot be cut into teams of ``ranksPerCell``.
  public func team(of communicator: any Communicator) throws -> any Communicator {
    guard ranksPerCell >= 1, communicator.size.isMultiple(of: ranksPerCell) else {
      throw Failure(
        .usage,
        "\(optionName("ranksPerCell")) \(ranksPerCell) does not divide the \(communicator.size) ranks; give a number that does"
      )
    }
    return try communicator.split(color: communicator.rank / ranksPerCell)
  }

  /// Does what is not finished, and returns the results of all cells. Collective.
  ///
  /// - Parameters:
  ///   - options: what determines the results besides the cells and the rows.
  ///   - inputDigest: the SHA-256 of the rows.
  ///   - team: what ``team(of:)`` returned.
  ///   - compute: does a cell on the ranks of the team, with passes and steps through the journal of the run.
  /// - Throws: on all ranks the same ``Failure``: `cannotCreate`, `data` and `configuration` for the folder, `temporary`
  ///   when a stop was asked for, and whatever `compute` throws.
  public func run(
    _ options: some Encodable, inputDigest: String, in path: String, existing: ExistingRun = .refuse,
    team: any Communicator, on communicator: any Communicator, compute: (Cell, Run) throws -> Output
  ) throws -> [Output] {
    let folder = try communicator.broadcast {
      try CellFolder<Output>(
        path, cells, Fingerprint(options, inputDigest: inputDigest), existing: existing, subject: subject,
        optionName: optionName)
    }
    try didOpen()
    phases?.countsPasses = team.isRoot
    if let earlier = try communicator.broadcast({ existing == .resume ? folder.times : nil }) {
      phases?.add(earlier: earlier)
    }
    let outcome = Result {
      try communicator.agree(within: team) { try work(in: folder, team, options, inputDigest, compute) }
    }
    phases?.start("results")
    if let times = try phases?.table(), communicator.isRoot { folder.keep(times) }
    phases?.countsPasses = communicator.isRoot
    do { try outcome.get() } catch {
      // What one team fails of makes the others stop, which is no reason of its own.
      throw try communicator.broadcast { folder.abandoned ?? Failure(error) }
    }
    let results = try communicator.broadcast { try cells.map(folder.result) }
    if communicator.isRoot { folder.finish() }
    return results
  }

  // MARK: The work of one team

  private enum Turn: Codable {
    case compute(Cell)
    case wait, end
  }

  private func work(
    in folder: CellFolder<Output>, _ team: any Communicator, _ options: some Encodable, _ inputDigest: String,
    _ compute: (Cell, Run) throws -> Output
  ) throws {
    let begin = ContinuousClock.now
    func tell() { if team.isRoot { didFinish(cells.count(where: folder.isFinished), cells.count) } }
    tell()
    do {
      while true {
        // One file system call at a time decides, so the root asks and the team follows.
        switch try team.broadcast(from: 0, { try turn(in: folder) }) {
        case .compute(let cell):
          let run = try self.run(of: cell, in: folder, team, since: begin)
          try run.open(CellOptions(cell: cell, options: options), inputDigest: inputDigest)
          let result = try compute(cell, run)
          phases?.start("results")
          try team.agree { if team.isRoot { try folder.save(result) } }
          tell()
        case .wait:
          phases?.start("idle")
          usleep(Self.wait)
        case .end: return
        }
      }
    } catch {
      if team.isRoot { folder.abandon(Failure(error)) }
      throw error
    }
  }

  /// What the team does next. While others still work it waits here, in small steps, and not in a call of the
  /// communicator, which would take it for a lost rank.
  private func turn(in folder: CellFolder<Output>) throws -> Turn {
    if let failure = folder.abandoned { throw failure }
    if isStopRequested() {
      throw Failure(
        .temporary, "stopped; finished cells are kept in \(folder.path), and the same command with --resume goes on")
    }
    for cell in order where try folder.claim(cell) { return .compute(cell) }
    return cells.allSatisfy(folder.isFinished) ? .end : .wait
  }

  /// The run of a cell, which goes on where it was interrupted. One whose checkpoints are damaged begins anew; one whose
  /// checkpoints cannot be read fails.
  private func run(
    of cell: Cell, in folder: CellFolder<Output>, _ team: any Communicator, since begin: ContinuousClock.Instant
  ) throws -> Run {
    let path = try team.broadcast { try folder.makeUnfinished(cell) }
    let checkpoints = try CheckpointStore(
      folder: path, policy: checkpointPolicy, resume: true, ifDamaged: .begin, on: team
    ) { isStopRequested() || (team.isRoot && folder.isAbandoned) }
    let offset = begin.duration(to: .now).seconds
    return Run(checkpoints: checkpoints, optionName: optionName, phases: phases) { record in
      var record = record
      record.phase = "\(cell.name): \(record.phase)"
      record.seconds += offset
      try observer(record)
    }
  }
}

/// What determines the result of a cell besides the rows.
private struct CellOptions<Cell: Encodable, Options: Encodable>: Encodable {
  let cell: Cell
  let options: Options
}
