import ArgumentParser
import Communication
import Diagnostics
import Frames
import LinearAlgebra
import MetaEM
import Mixture
import Reports
import Runs
import Shards
import Storage

/// `giv-dist sweep`: chooses the number of groups.
struct SweepGroups: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "sweep",
    abstract: "Choose the number of groups: fit many, side by side, and compare them by several criteria.",
    discussion: """
      Fits every combination of --groups, --representation, --distribution, --seeds and, of network and mixed, --lambda \
      (one or several with commas between). Groups of --ranks-per-fit ranks each hold all rows and take one fit after \
      another. Results go into the folder of --out as they are finished, and checkpoints of those that are not; a sweep \
      that was interrupted goes on with --resume, on any number of ranks, and one that is finished with more values of \
      these options. At the end the folder holds sweep.csv, \
      sweep.h5 and sweep.jsonl.

        mpirun -n 8 giv-dist sweep shards --groups 2...8 --representation spline,identity --out sweep
        mpirun -n 8 giv-dist sweep shards --groups 2,3,5 --lrt 99 --ranks-per-fit 4 --out sweep --json
      """)

  @OptionGroup var data: DatasetOptions
  @OptionGroup var fit: FitOptions
  @OptionGroup var checkpoint: CheckpointOptions
  @OptionGroup var running: RunOptions
  @OptionGroup var job: JobOptions

  @Option(help: "The numbers of groups: a range such as 2...8, or a list such as 2,3,5.", transform: Self.numbers)
  var groups: [Int]
  @Option(
    help: """
      How covariates enter, one or several with commas between. (default: spline; identity for gaussian and kmeans)
      """,
    transform: Self.list)
  var representation: [RepresentationKind]?
  @Option(help: "How groups differ, one or several with commas between. (default: regression)", transform: Self.list)
  var distribution: [DistributionKind]?
  @Option(help: "The seeds of all random numbers, one or several with commas between.", transform: Self.seeds)
  var seeds: [UInt64] = [1]
  @Option(help: "Ranks that work on one fit; a divisor of the number of ranks.")
  var ranksPerFit = 1
  @Option(help: "Folds of the held-out log-likelihood; 0 leaves it out. (default: 5)")
  var folds: Int?
  @Option(help: "Replicates of the bootstrap likelihood-ratio test of K groups against K + 1; 0 leaves it out.")
  var lrt = 0

  @Option(help: "The folder of the sweep.")
  var out: String
  @Flag(help: "Say what the fits would read, hold and send, and stop.")
  var dryRun = false

  func validate() throws {
    if (1..<19).contains(lrt) {
      throw ValidationError("--lrt \(lrt) can never reject at the level of 0.05; give at least 19 replicates")
    }
    if ranksPerFit < 1 { throw ValidationError("--ranks-per-fit must be at least 1, not \(ranksPerFit)") }
    let grid = grid
    try fit.require(grid.representations ?? grid.distributions.map(\.usualRepresentation), grid.distributions)
    try [
      ScopedOption(
        "--lrt", lrt > 0 ? lrt : nil, with: "--distribution", [.regression], fitted: grid.distributions),
      ScopedOption(
        "--folds", folds == 0 ? nil : folds, with: "--distribution", [.regression, .gaussian],
        fitted: grid.distributions),
    ].requireReaders()
  }

  private var grid: SweepGrid {
    var grid = SweepGrid(groups: groups, base: fit.configuration(groups: groups.max() ?? 0, data: data))
    grid.representations = representation ?? (fit.paper ? [.network] : nil)
    grid.distributions = distribution ?? [fit.paper ? .gaussian : .regression]
    if !fit.alternation.lambda.isEmpty { grid.lambdas = fit.alternation.lambda }
    grid.seeds = seeds
    if let folds { grid.folds = folds }
    grid.replicates = lrt
    return grid
  }

  func run(on communicator: any Communicator) throws {
    StopSignal.install()
    let begin = ContinuousClock.now
    let grid = grid
    var required: Set<Role> = [.covariate, .treatment]
    if grid.base.weights != nil { required.insert(.weight) }
    let collection = try communicator.agree {
      let collection = try ShardCollection.open(data.shards, names: data.names, required: required)
      try collection.requireNoShard(inOutputFolder: out)
      return collection
    }
    if dryRun {
      try grid.validate(rowCount: collection.rowCount)
      let team = try Sweep(grid, ranksPerFit: ranksPerFit).team(of: communicator)
      let plan = try DryRun(
        collection, grid.largest, running.storage, fits: grid.cells.count, team: team, on: communicator)
      return communicator.isRoot ? try plan.print(json: running.json) : ()
    }
    let phases = Phases.ofCommand(on: communicator)
    let display = ProgressDisplay(communicator.isRoot ? running.progress : .none)
    var sweep = Sweep(grid, ranksPerFit: ranksPerFit)
    sweep.storage = running.storage
    sweep.phases = phases
    sweep.optionName = OptionNames.name
    sweep.checkpointPolicy = checkpoint.policy
    // The hours are those of the sweep, not of a fit.
    sweep.checkpointPolicy.maximumHours = nil
    let hours = checkpoint.maxHours ?? .infinity
    sweep.isStopRequested = { StopSignal.isReceived || begin.duration(to: .now) / .seconds(3600) >= hours }
    sweep.didOpen = { try RunLog.begin(in: out, on: communicator) }
    sweep.observer = { display.show($0) }
    sweep.didFinish = { display.count("fits", done: $0, of: $1) }
    let results = try sweep.run(
      collection, in: out, existing: running.existing, on: communicator)
    display.finish()
    try communicator.agree { if communicator.isRoot { try SweepFiles(results).write(toFolder: out) } }
    // One fit that succeeded makes a sweep; else the reason of the first failure is the reason of all.
    if results.allSatisfy({ $0.failure != nil }), let failure = results[0].failure { throw failure }
    let times = try phases.table()
    guard communicator.isRoot else { return }
    let report = SweepReport(
      grid, results, criterion: fit.criterion, rows: results[0].rows, ranks: communicator.size,
      ranksPerFit: ranksPerFit, version: programVersion, seconds: begin.duration(to: .now) / .seconds(1))
    let answer = try Answer(
      "sweep", report.report.text, report, PhaseReport(times, rowCount: results[0].rows))
    try answer.write(toFolder: out)
    answer.show(
      json: running.json, folder: out,
      files: ["sweep.csv", "sweep.h5", "sweep.jsonl"] + Answer.fileNames + [RunLog.name])
  }
}

// MARK: - Lists

extension SweepGroups {
  /// The most numbers that a range stands for.
  private static let longestRange = 1000

  private static func numbers(_ text: String) throws -> [Int] {
    guard let dots = text.firstRange(of: "...") else {
      return try text.split(separator: ",", omittingEmptySubsequences: false).map { try number($0) }
    }
    let first: Int = try number(text[..<dots.lowerBound])
    let last: Int = try number(text[dots.upperBound...])
    guard first <= last else { throw ValidationError("'\(text)' is an empty range: write the smaller number first") }
    let (length, isOverflow) = last.subtractingReportingOverflow(first)
    guard !isOverflow && length < longestRange else { throw ValidationError("'\(text)' is too long a range") }
    return Array(first...last)
  }

  private static func number<Number: FixedWidthInteger>(_ text: Substring) throws -> Number {
    guard let number = Number(text) else {
      throw ValidationError("'\(text)' is no number; give a list such as 2,3,5 or a range such as 2...8")
    }
    return number
  }

  private static func seeds(_ text: String) throws -> [UInt64] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { try number($0) }
  }

  private static func list<Kind: RawRepresentable & CaseIterable>(_ text: String) throws -> [Kind]
  where Kind.RawValue == String {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
      guard let kind = Kind(rawValue: String(name)) else {
        let names = Kind.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("'\(name)' is none of \(names)")
      }
      return kind
    }
  }
}
