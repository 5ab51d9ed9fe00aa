import ArgumentParser
import CausalGraphs
import Communication
import Diagnostics
import Frames
import InterventionalSampling
import Reports
import Runs
import Storage

/// `giv-dist idgen effect`: what an intervention does, from a causal graph and rows.
struct IdgenEffect: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "effect",
    abstract: "Answer what an intervention does, from a causal graph and rows of categories.",
    discussion: """
      Decides whether the effect is identified, as check does, and if it is, answers from the counts of the rows: \
      P(outcome | do(..)) for every level with jackknife intervals, beside what conditioning says, the change of the mean \
      where the outcome is a number, and whether the rows speak against the graph. The variables of the graph are columns \
      of x, t and y by name, and columns of codes; all of them take few values.

        giv-dist idgen effect shards --graph front-door.txt --do smoking --outcome cancer
        mpirun -n 8 giv-dist idgen effect shards --graph trial.txt --do dose --outcome death --given age --out answer
      """)

  @OptionGroup var data: DatasetOptions
  @OptionGroup var running: RunOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var question: CausalQuestion

  @Option(
    help: "Values of a set variable to answer for, X=a,b; may be given for several. (default: all that occur)")
  var values: [String] = []
  @Option(help: "The blocks of the jackknife, into which rows fall by chance.")
  var jackknife = 40
  @Option(help: "The level of intervals.")
  var level = 0.95
  @Flag(help: "Answer also where more than a fifth rests on combinations with fewer than five rows.")
  var allowExtrapolation = false
  @Option(help: "The folder of the results; without it nothing is written.")
  var out: String?

  func validate() throws {
    guard jackknife >= 2 else { throw ValidationError("--jackknife is \(jackknife); give 2 blocks at least") }
    guard level > 0, level < 1 else { throw ValidationError("--level is \(level); give a number between 0 and 1") }
    try [ScopedOption("--resume", running.resume ? true : nil, with: "--out", isRead: out != nil)].requireReaders()
    _ = try chosenValues()
  }

  func run(on communicator: any Communicator) throws {
    let start = ContinuousClock.now
    let (graph, query, identification) = try question.identified(json: running.json, on: communicator)
    let options = try communicator.agree { try self.options(graph) }
    let phases = Phases.ofCommand(on: communicator)
    let display = ProgressDisplay(communicator.isRoot ? running.progress : .none)
    let run = try running.run(
      in: out, files: InterventionalFiles.names, phases, on: communicator, observer: display.show)
    run.start("rows")
    let frame = try data.graphRows(out: out, storage: running.storage, on: communicator)
    run.start("fit")
    let result = try InterventionalSampling(options, graph: graph, query: query)
      .run(on: frame, in: run)
    display.finish()
    run.start("files")
    if out != nil {
      let files = InterventionalFiles(
        result, origin: Software.versions.merging(["input-digest": frame.digest]) { $1 })
      try run.write(InterventionalFiles.names, on: communicator) { try files.write($0, to: $1) }
    }
    try run.conclude(json: running.json, phases, on: communicator) { times in
      let report = InterventionalReport(
        result, identification, ranks: communicator.size, seconds: start.duration(to: .now).seconds)
      return try Answer(
        "idgen effect", report.text, report, PhaseReport(times, rowCount: frame.rows.rowCount))
    }
  }

  // MARK: Options

  private func options(_ graph: MixedGraph) throws -> InterventionalOptions {
    var options = InterventionalOptions(
      graph: graph.text, intervened: question.intervened, outcome: question.outcome, given: question.given)
    options.values = try chosenValues()
    options.blocks = jackknife
    options.level = level
    options.allowsExtrapolation = allowExtrapolation
    for name in options.values.keys.sorted() where !question.intervened.contains(name) {
      throw Failure(.usage, "--values \(name)=..: '\(name)' is not under --do; add it there, or leave this out")
    }
    return options
  }

  private func chosenValues() throws -> [String: [Double]] {
    var chosen: [String: [Double]] = [:]
    for text in values {
      let parts = text.split(separator: "=", maxSplits: 1)
      let numbers = parts.count == 2 ? parts[1].split(separator: ",").map { Double($0) } : []
      guard parts.count == 2, !numbers.isEmpty, !numbers.contains(nil) else {
        throw ValidationError("--values \(text): give a variable and its values as numbers, X=0,1")
      }
      chosen[String(parts[0]), default: []] += numbers.compactMap { $0 }
    }
    return chosen
  }
}
