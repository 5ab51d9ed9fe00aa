import Communication
import Effects
import Foundation
import Runs
import Storage

/// The replicates of an effect's bootstrap, spread over teams of ranks and kept in the folder of the results until these
/// are complete.
struct EffectReplicates {
  /// That of the effect.
  let folder: String
  let ranksPerFit: Int
  let existing: ExistingRun

  private var cells: String { "\(folder)/bootstrap" }

  /// Does what is not done. Collective.
  ///
  /// - Parameters:
  ///   - source: the rows on all ranks.
  ///   - phases: given the time of the replicates.
  ///   - didFinish: told how many are done, on the roots of teams.
  ///   - load: gives those on the ranks of a team.
  func run(
    _ plan: EffectPlan, _ source: EffectSource.Rows, _ phases: Phases, on communicator: any Communicator,
    didFinish: @escaping (_ done: Int, _ total: Int) -> Void, load: (any Communicator) throws -> EffectSource.Rows
  ) throws -> [BootstrapReplicate] {
    phases.start("replicates")
    var scheduler = Scheduler<BootstrapReplicate>(plan.cells)
    scheduler.phases = phases
    scheduler.didFinish = didFinish
    scheduler.ranksPerCell = ranksPerFit
    scheduler.subject = "replicates of a bootstrap"
    scheduler.optionName = OptionNames.name
    scheduler.isStopRequested = { StopSignal.isReceived }
    let team = try scheduler.team(of: communicator)
    // A team communicates among its own ranks only, and so needs rows that lie on them.
    let bootstrap = try communicator.agree(within: team) {
      let rows = try load(team)
      return try EffectBootstrap(
        plan, rows.frame, groups: rows.groups, features: rows.features, scaling: rows.scaling)
    }
    return try scheduler.run(
      plan.options.kept, inputDigest: source.digest, in: cells, existing: existing, team: team, on: communicator
    ) { cell, run in
      phases.start("replicates")
      return try bootstrap.replicate(cell, in: run.journal)
    }
  }

  /// Removes what the files of the effect hold now.
  func finish() { try? FileManager.default.removeItem(atPath: cells) }
}

extension EffectOptions {
  /// What an effect that is gone on with must share with the one before: more replicates may follow those that are done.
  var kept: EffectOptions {
    var options = self
    options.replicates = 0
    return options
  }
}

extension EffectSource.Rows {
  /// The SHA-256 of the rows and of what their groups come from.
  var digest: String {
    var digest = SHA256Digest()
    digest.update(frame.digest)
    for (name, text) in origin.sorted(by: { $0.key < $1.key }) {
      digest.update(name)
      digest.update(text)
    }
    return digest.finalize()
  }
}
