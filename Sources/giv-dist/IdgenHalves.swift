import Communication
import Diagnostics
import Foundation
import Frames
import InterventionalSampling
import Runs

/// The half samples of an effect by models that are learned, spread over teams of ranks and kept in the folder of the results
/// until these are complete.
struct IdgenHalves {
  /// That of the effect.
  let folder: String
  let ranksPerFit: Int
  let existing: ExistingRun
  let policy: CheckpointStore.Policy

  private var cells: String { "\(folder)/halves" }

  /// Does what is not done. Collective.
  ///
  /// - Parameters:
  ///   - rows: all rows.
  ///   - didFinish: told how many are done, on the roots of teams.
  ///   - load: gives chosen rows on the ranks of a team.
  func run(
    _ plan: SampledEffectPlan, _ options: InterventionalOptions, _ rows: Frame, _ phases: Phases,
    observer: @escaping (PassRecord) throws -> Void, didFinish: @escaping (_ done: Int, _ total: Int) -> Void,
    load: (RowSelection, any Communicator) throws -> Frame
  ) throws -> [HalfSample] {
    phases.start("halves")
    let communicator = rows.rows.communicator
    var scheduler = Scheduler<HalfSample>(plan.cells)
    scheduler.phases = phases
    scheduler.didFinish = didFinish
    scheduler.observer = observer
    scheduler.ranksPerCell = ranksPerFit
    scheduler.subject = "halves of the rows"
    scheduler.optionName = OptionNames.name
    scheduler.isStopRequested = { StopSignal.isReceived }
    scheduler.checkpointPolicy = policy
    let team = try scheduler.team(of: communicator)
    return try scheduler.run(
      options.kept, inputDigest: rows.digest, in: cells, existing: existing, team: team, on: communicator
    ) { cell, run in
      phases.start("halves")
      let half = try load(plan.rows(cell, of: rows.rows.rowCount), team)
      return try plan.replicate(cell, half, in: run)
    }
  }

  /// Removes what the files of the effect hold now.
  func finish() { try? FileManager.default.removeItem(atPath: cells) }
}
