import ArgumentParser
import Communication
import Diagnostics
import Frames
import Panels
import Reports
import Runs
import Shards
import Storage
import SyntheticInterventions

/// `giv-dist si`: what every unit of a panel would have seen under every arm.
struct Si: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "si",
    abstract: "Find what every unit of a panel would have seen under every arm, with intervals and a verdict.",
    discussion: """
      All units are under one arm in the periods before, and each under its own in those after. The units that came under \
      an arm are its donors: their outcomes before say how to weigh them so that they make up a unit, and their outcomes \
      after, weighed so, are what this unit would have seen (synthetic interventions). Tests say whether to believe it: do \
      outcomes after still follow the factors from before, are donors covered by their own intervals, does the rank or one \
      donor decide. Periods, units and arms are named as in the panel; 'giv-dist panel' makes one of tables.

        giv-dist si panel --pre 1970:1988 --post 1989:2000 --targets California
        giv-dist si panel --pre 1970:1988 --post 1999:2002 --post-arm control=1989:1992 --placebo-space --out si
      """)

  @OptionGroup var data: PanelOptions
  @OptionGroup var choices: SiOptions
  @OptionGroup var running: RunOptions
  @OptionGroup var checkpoints: CheckpointOptions
  @OptionGroup var job: JobOptions
  @Option(help: "The folder of the results; without it nothing is written.")
  var out: String?
  @Flag(help: "Say what the run would read, hold and send, and stop.")
  var dryRun = false

  func validate() throws {
    try [ScopedOption("--resume", running.resume ? true : nil, with: "--out", isRead: out != nil)].requireReaders()
  }

  func run(on communicator: any Communicator) throws {
    let start = ContinuousClock.now
    let (collection, options) = try communicator.agree {
      let collection = try PanelCollection.open(data.panel, names: data.names)
      if let out { try refuse(outputFolder: out, holding: collection.paths) }
      return (collection, try choices.options(PanelLabels(collection)))
    }
    if dryRun {
      let plan = try SiDryRun(collection, options, running.storage, communicator)
      return communicator.isRoot ? print(running.json ? try jsonText(plan) : plan.words) : ()
    }
    let phases = Phases.ofCommand(on: communicator)
    let display = ProgressDisplay(communicator.isRoot ? running.progress : .none)
    let run = try running.run(
      in: out, files: SyntheticInterventionsFiles.names, policy: checkpoints.policy, phases, on: communicator,
      observer: display.show)
    run.start("rows")
    let panel = try Panel.load(collection, storage: running.storage, on: communicator)
    run.start("fit")
    let fitted = try SyntheticInterventions(options).run(on: panel, in: run)
    display.finish()
    run.start("files")
    if out != nil {
      let origin = Software.versions.merging(["input-digest": panel.digest]) { $1 }
      try SyntheticInterventionsFiles(fitted, origin: origin).write { run.path(of: $0)! }
    }
    try run.conclude(json: running.json, phases, on: communicator) { times in
      let report = SyntheticInterventionsReport(
        fitted.result, panel, showsAllIntervals: choices.showsAllIntervals, ranks: communicator.size,
        seconds: start.duration(to: .now).seconds)
      return try Answer(
        "si", report.report.text, report, PhaseReport(times, rowCount: panel.frame.rows.rowCount))
    }
  }
}
