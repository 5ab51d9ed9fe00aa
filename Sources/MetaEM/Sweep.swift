import Communication
import Diagnostics
import Foundation
import Frames
import Runs
import Shards

/// Fits every cell of a grid, on groups of ranks side by side.
///
/// A group holds all rows, loaded once, and takes one cell after another, the longest first, until none is left. What a
/// cell comes to has the same bits whichever ranks fit it, so a sweep can go on with other ranks where it was
/// interrupted. A cell that is stopped keeps a checkpoint.
public struct Sweep {
  public let grid: SweepGrid
  public let ranksPerFit: Int
  /// Told of every pass over the rows, on every rank.
  public var observer: (PassRecord) throws -> Void = { _ in }
  /// Asked on every rank after every pass, and on the roots of groups between cells; when true on one of them the sweep
  /// saves and stops.
  public var isStopRequested: () -> Bool = { false }
  /// When an unfinished cell is saved.
  public var checkpointPolicy = CheckpointStore.Policy()
  /// Where the rows are kept; the results have the same bits.
  public var storage = FrameStorage.memory

  /// How long an idle group waits before it looks again whether the others have finished.
  private static let wait: UInt32 = 20_000

  public init(_ grid: SweepGrid, ranksPerFit: Int = 1) {
    self.grid = grid
    self.ranksPerFit = ranksPerFit
  }

  /// Runs what is not finished, and returns the results of all cells in the order of the grid. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: `usage` when the grid or the ranks do not fit, `data` and `noInput`
  ///   when the rows cannot be read or fitted at all, `cannotCreate` and `data` for the folder, `temporary` when a stop
  ///   was asked for. A cell that cannot be fitted is a result, not a failure; rows that can no longer be read are.
  public func run(
    _ collection: ShardCollection, in folder: String, existing: ExistingSweep = .refuse,
    on communicator: any Communicator
  ) throws -> [SweepResult] {
    try grid.validate(rowCount: collection.rowCount)
    guard ranksPerFit >= 1, communicator.size.isMultiple(of: ranksPerFit) else {
      throw Failure(
        .usage,
        "--ranks-per-fit \(ranksPerFit) does not divide the \(communicator.size) ranks; give a number that does")
    }
    let group = try communicator.split(color: communicator.rank / ranksPerFit)
    let rows = try communicator.agree(within: group) { try load(collection, on: group) }
    let shared = try communicator.broadcast {
      try SweepFolder(folder, grid: grid, inputDigest: rows.table.digest, existing: existing)
    }
    do {
      try communicator.agree(within: group) { try work(in: shared, on: group, rows) }
    } catch {
      // What one group fails of makes the others stop, which is no reason of its own.
      throw try communicator.broadcast { shared.abandoned ?? Failure(error) }
    }
    let results = try communicator.broadcast { try grid.cells.map(shared.result) }
    if communicator.isRoot { shared.finish() }
    return results
  }

  private func load(_ collection: ShardCollection, on group: any Communicator) throws -> CenteredRows {
    var configuration = grid.base
    configuration.groups = grid.groups.max()!
    var engine = MetaEM(configuration)
    engine.storage = storage
    return try engine.load(collection, on: group)
  }

  // MARK: The work of one group

  private enum Turn: Codable {
    case fit(SweepCell)
    case wait, end
  }

  private func work(in folder: SweepFolder, on group: any Communicator, _ rows: CenteredRows) throws {
    let begin = ContinuousClock.now
    do {
      while true {
        // One file system call at a time decides, so the root asks and the group follows.
        switch try group.broadcast(from: 0, { try turn(in: folder) }) {
        case .fit(let cell):
          let checkpoints = try checkpoints(of: cell, in: folder, on: group)
          let result = try fit(cell, rows, checkpoints, since: begin)
          try group.agree { if group.isRoot { try folder.save(result) } }
        case .wait: usleep(Self.wait)
        case .end: return
        }
      }
    } catch {
      if group.isRoot { folder.abandon(Failure(error)) }
      throw error
    }
  }

  /// Where an unfinished cell is kept. One that is damaged begins anew.
  private func checkpoints(
    of cell: SweepCell, in folder: SweepFolder, on group: any Communicator
  ) throws -> CheckpointStore {
    let path = try group.broadcast { try folder.makeUnfinished(cell) }
    func store(resume: Bool) throws -> CheckpointStore {
      try CheckpointStore(folder: path, policy: checkpointPolicy, resume: resume, on: group) {
        isStopRequested() || (group.isRoot && folder.isAbandoned)
      }
    }
    return try (try? store(resume: true)) ?? store(resume: false)
  }

  /// What the group does next. While others still work it waits here, in small steps, and not in a call of the
  /// communicator, which would take it for a lost rank.
  private func turn(in folder: SweepFolder) throws -> Turn {
    if let failure = folder.abandoned { throw failure }
    if isStopRequested() {
      throw Failure(
        .temporary, "stopped; finished cells are kept in \(folder.path), and the same command with --resume goes on")
    }
    for cell in grid.longestFirst where try folder.claim(cell) { return .fit(cell) }
    return grid.cells.allSatisfy(folder.isFinished) ? .end : .wait
  }

  private func fit(
    _ cell: SweepCell, _ rows: CenteredRows, _ checkpoints: CheckpointStore, since begin: ContinuousClock.Instant
  ) throws -> SweepResult {
    let cellBegin = ContinuousClock.now
    let offset = begin.duration(to: cellBegin).seconds
    let configuration = grid.configuration(cell)
    let opened = try checkpoints.opened(RunOptions(configuration: configuration), inputDigest: rows.table.digest)
    let observer: (PassRecord) throws -> Void = { record in
      var record = record
      record.phase = "\(cell.name): \(record.phase)"
      record.seconds += offset
      try self.observer(record)
    }
    let journal = Journal(observer: observer, checkpoints: opened)
    var result: SweepResult
    do {
      let fitted = try MetaEM(configuration).fit(rows, journal: journal)
      result = try .evaluated(cell, of: grid, fitted, rows, journal: journal)
    } catch let failure as Failure where failure.isOfOneFit {
      result = SweepResult(cell, failure: failure)
    }
    result.seconds = cellBegin.duration(to: .now).seconds
    return result
  }
}
