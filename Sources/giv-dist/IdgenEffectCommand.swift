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
    abstract: "Answer what an intervention does, from a causal graph and rows.",
    discussion: """
      Decides whether the effect is identified, as check does, and if it is, answers beside what conditioning says, and \
      tells whether the rows speak against the graph. Where all variables are categories the answer is exact, from the \
      counts of the rows: P(outcome | do(..)) for every level with jackknife intervals, and the change of the mean where \
      the outcome is a number. Where some are numbers or vectors, or there are more than a million combinations of levels, \
      it is that of models that are learned, as by fit, and of rows drawn from them: means, deviations, quantiles and \
      probabilities, with intervals from halves of the rows if --replicates asks for these. The variables of the graph are \
      columns by name.

        giv-dist idgen effect shards --graph front-door.txt --do smoking --outcome cancer
        giv-dist idgen effect shards --graph graph.txt --do dose --outcome growth --values dose=0,2.5,5
        mpirun -n 8 giv-dist idgen effect shards --graph trial.txt --do dose --outcome growth --replicates 24 --out answer
      """)

  @OptionGroup var data: DatasetOptions
  @OptionGroup var running: RunOptions
  @OptionGroup var job: JobOptions
  @OptionGroup var question: CausalQuestion

  @Option(
    help: """
      Values of what is set or given to answer for, X=a,b; may be given for several. (default: all that occur; of what is \
      set and a number five quantiles, of what is given three)
      """)
  var values: [String] = []
  @OptionGroup var learning: NetworkArguments
  @Option(help: "Of exact answers: the blocks of the jackknife, into which rows fall by chance. (default: 40)")
  var jackknife: Int?
  @OptionGroup var checkpoints: CheckpointOptions
  @Option(help: "Rows drawn for each answer. (default: \(InterventionalOptions.defaultDraws))")
  var draws: Int?
  @Option(help: "Halves of the rows on which everything is learned again, for intervals; 20 will do. (default: 0)")
  var replicates: Int?
  @Option(help: "Ranks that work on one of these; a divisor of the number of ranks.")
  var ranksPerFit = 1
  @Option(help: "The level of intervals.")
  var level = 0.95
  @Flag(
    help: """
      Answer also where more than a fifth rests on combinations with fewer than five rows, or numbers are set beyond those of \
      the data.
      """)
  var allowExtrapolation = false
  @Option(help: "The folder of the results; without it nothing is written.")
  var out: String?

  func validate() throws {
    if let jackknife, jackknife < 2 {
      throw ValidationError("--jackknife is \(jackknife); give 2 blocks at least")
    }
    guard level > 0, level < 1 else { throw ValidationError("--level is \(level); give a number between 0 and 1") }
    if let draws, !(100...1_000_000_000).contains(draws) {
      throw ValidationError("--draws is \(draws); give 100 to 1000000000")
    }
    if let replicates, !(2...10_000).contains(replicates) {
      throw ValidationError("--replicates is \(replicates); give 2 to 10000 halves of the rows")
    }
    guard ranksPerFit >= 1 else { throw ValidationError("--ranks-per-fit must be at least 1, not \(ranksPerFit)") }
    let isSampled = learning.mode != .exact
    try [
      ScopedOption("--resume", running.resume ? true : nil, with: "--out", isRead: out != nil),
      ScopedOption("--replicates", replicates, with: "--out", isRead: out != nil),
      ScopedOption(
        "--ranks-per-fit", ranksPerFit == 1 ? nil : ranksPerFit, with: "--replicates", isRead: replicates != nil),
      ScopedOption("--jackknife", jackknife, with: "--mode exact or auto", isRead: learning.mode != .sampled),
      ScopedOption("--draws", draws, with: "--mode sampled or auto", isRead: isSampled),
      ScopedOption("--replicates", replicates, with: "--mode sampled or auto", isRead: isSampled),
    ].requireReaders()
    _ = try chosenValues()
  }

  func run(on communicator: any Communicator) throws {
    let start = ContinuousClock.now
    let (graph, query, identification) = try question.identified(json: running.json, on: communicator)
    let options = try communicator.agree { try self.options(networkOptions(graph)) }
    let phases = Phases.ofCommand(on: communicator)
    let display = ProgressDisplay(communicator.isRoot ? running.progress : .none)
    let run = try running.run(
      in: out, files: InterventionalFiles.names, policy: checkpoints.policy, phases, on: communicator,
      observer: display.show)
    run.start("rows")
    let rows = try data.graphRows(out: out, storage: running.storage, on: communicator)
    let frame = rows.frame
    run.start("fit")
    let isExact = try NetworkEstimation(options.network, graph: graph, query: query).isExact(frame)
    try requireReaders(isExact: isExact)
    if isExact {
      let result = try InterventionalSampling(options, graph: graph, query: query).run(on: frame, in: run)
      display.finish()
      run.start("files")
      if out != nil {
        let files = InterventionalFiles(
          result, origin: Software.versions.merging(["input-digest": frame.digest]) { $1 })
        try run.write(InterventionalFiles.names, on: communicator) { try files.write($0, to: $1) }
      }
      return try conclude { seconds in
        let report = InterventionalReport(result, identification, ranks: communicator.size, seconds: seconds)
        return (report.text, report)
      }
    }
    let halves = out.map {
      IdgenHalves(folder: $0, ranksPerFit: ranksPerFit, existing: running.existing, policy: checkpoints.policy)
    }
    try run.open(options.kept, inputDigest: frame.digest)
    let result = try SampledEffect(options, graph: graph, query: query).fit(
      frame, in: run,
      halves: halves.map { halves in
        { plan in
          func count(_ done: Int, of total: Int) { display.count("halves", done: done, of: total) }
          return try halves.run(
            plan, options, frame, phases, observer: display.show, didFinish: count, load: rows.load)
        }
      })
    display.finish()
    run.start("files")
    if out != nil {
      let files = SampledEffectFiles(result, inputDigest: frame.digest, software: Software.versions)
      try run.write(InterventionalFiles.names, on: communicator) { try files.write($0, to: $1) }
    }
    try conclude { seconds in
      let report = SampledEffectReport(result, identification, ranks: communicator.size, seconds: seconds)
      return (report.text, report)
    }
    if communicator.isRoot { halves?.finish() }

    func conclude(_ report: (_ seconds: Double) -> (text: String, any Encodable)) throws {
      try run.conclude(json: running.json, phases, on: communicator) { times in
        let (text, numbers) = report(start.duration(to: .now).seconds)
        return try Answer("idgen effect", text, numbers, PhaseReport(times, rowCount: frame.rows.rowCount))
      }
    }
  }

  // MARK: Options

  private func networkOptions(_ graph: MixedGraph) throws -> NetworkOptions {
    for name in try chosenValues().keys.sorted() where !(question.intervened + question.given).contains(name) {
      throw Failure(
        .usage, "--values \(name)=..: '\(name)' is not under --do or --given; add it there, or leave this out")
    }
    return try learning.options(question, graph)
  }

  private func options(_ network: NetworkOptions) throws -> InterventionalOptions {
    var options = InterventionalOptions(network)
    options.values = try chosenValues()
    options.blocks = jackknife ?? options.blocks
    options.draws = draws ?? options.draws
    options.replicates = replicates ?? 0
    options.level = level
    options.allowsExtrapolation = allowExtrapolation
    return options
  }

  /// Refuses options that the way of answering does not read, where it was found from the rows.
  private func requireReaders(isExact: Bool) throws {
    if isExact, let option = draws.map({ _ in "--draws" }) ?? replicates.map({ _ in "--replicates" }) {
      throw Failure(
        .usage,
        "\(option): the answer is an exact function of counts of these rows, and nothing is drawn; leave it out, or give "
          + "--mode sampled")
    }
    if !isExact, jackknife != nil {
      throw Failure(
        .usage,
        "--jackknife: the answer is that of models, since variables are numbers or have too many combinations of levels; "
          + "give --replicates, or leave it out")
    }
  }

  private func chosenValues() throws -> [String: [String]] {
    var chosen: [String: [String]] = [:]
    for text in values {
      let parts = text.split(separator: "=", maxSplits: 1)
      let words =
        parts.count == 2 ? parts[1].split(separator: ",", omittingEmptySubsequences: false).map(String.init) : []
      guard parts.count == 2, !words.isEmpty, !words.contains("") else {
        throw ValidationError("--values \(text): give a variable and its values, X=0,1")
      }
      for word in words where chosen[String(parts[0])]?.contains(word) != true {
        chosen[String(parts[0]), default: []].append(word)
      }
    }
    return chosen
  }
}
