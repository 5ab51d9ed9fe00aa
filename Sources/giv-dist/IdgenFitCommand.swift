import ArgumentParser
import CausalGraphs
import Communication
import Diagnostics
import InterventionalSampling
import Reports
import Runs
import Storage

/// `giv-dist idgen fit`: the models that answer what an intervention does, kept to draw rows from.
struct IdgenFit: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "fit",
    abstract: "Learn the models by which a causal graph answers an intervention, to draw rows from them.",
    discussion: """
      Decides whether the effect is identified, as check does, and if it is, learns the law of each variable that the answer \
      needs given others. Categories that depend on categories are tables, exactly: from the joint counts of all these \
      variables, while they have at most a million combinations of levels; or by sampling, from the counts of each model's \
      own variables. Where one of them is a number or a vector, such as a small image, a network is trained by minibatches. \
      Where models are to be learned on rows that others generate, so many rows are drawn. 'idgen sample' then draws rows \
      under any value.

        giv-dist idgen fit shards --graph front-door.txt --do smoking --outcome cancer --out network
        giv-dist idgen fit shards --graph graph.txt --do dose --outcome growth --model growth=gaussian --out network
        mpirun -n 8 giv-dist idgen fit shards --graph trial.txt --do dose --outcome death --mode sampled --out network
      """)

  @OptionGroup var data: DatasetOptions
  @OptionGroup var running: RunOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var question: CausalQuestion

  @OptionGroup var learning: NetworkArguments
  @OptionGroup var checkpoints: CheckpointOptions
  @Option(help: "The folder of the network.")
  var out: String
  @Flag(help: "Say what would be read, held and trained, and stop.")
  var dryRun = false

  func run(on communicator: any Communicator) throws {
    let start = ContinuousClock.now
    let (graph, query, identification) = try question.identified(json: running.json, on: communicator)
    let options = try communicator.agree { try learning.options(question, graph) }
    let phases = Phases.ofCommand(on: communicator)
    let display = ProgressDisplay(communicator.isRoot ? running.progress : .none)
    let run = try running.run(
      in: dryRun ? nil : out, files: InterventionalNetwork.fileNames, policy: checkpoints.policy, phases,
      on: communicator, observer: display.show)
    run.start("rows")
    let heldBytes = Phases.peakBytes
    let frame = try data.graphRows(out: out, storage: dryRun ? .stream() : running.storage, on: communicator).frame
    let estimation = NetworkEstimation(options, graph: graph, query: query)
    if dryRun {
      let plan = try IdgenFitDryRun(estimation, frame, running.storage, heldBytes: heldBytes, on: communicator)
      return communicator.isRoot ? print(running.json ? try jsonText(plan) : plan.words) : ()
    }
    run.start("fit")
    let network = try estimation.run(on: frame, in: run)
    display.finish()
    run.start("files")
    try run.write(InterventionalNetwork.fileNames, on: communicator) { _, path in
      try network.save(to: path, inputDigest: frame.digest, software: Software.versions)
    }
    try run.conclude(json: running.json, phases, on: communicator) { times in
      let report = NetworkReport(
        network, identification, ranks: communicator.size, seconds: start.duration(to: .now).seconds)
      return try Answer("idgen fit", report.text, report, PhaseReport(times, rowCount: frame.rows.rowCount))
    }
  }
}
