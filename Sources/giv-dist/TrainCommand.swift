import ArgumentParser
import Communication
import ControlFunction
import Diagnostics
import Effects
import Frames
import LinearAlgebra
import MetaEM
import Mixture
import Reports
import Runs
import Shards
import Storage

extension RepresentationKind: ExpressibleByArgument {}
extension DistributionKind: ExpressibleByArgument {}
extension CovarianceShape: ExpressibleByArgument {}
extension GaussianStart: ExpressibleByArgument {}
extension LabelRule: ExpressibleByArgument {}
extension OutcomeBasis: ExpressibleByArgument {}
extension CovariateBasis: ExpressibleByArgument {}
extension ControlForm: ExpressibleByArgument {}
extension ErrorLaw: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
extension WeightKind: ExpressibleByArgument {}

/// `giv-dist train`: finds the groups of rows that follow different rules of treatment.
struct Train: JobCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit groups to shards: which rows share a rule for the treatment.",
    discussion: """
      Prints what was found and, with --out, writes model.h5, posteriors.h5, sample.csv and metrics.jsonl. The result has the same \
      bits for any number of ranks and however the rows are cut into files.

        giv-dist train shards --groups 3 --out run
        mpirun -n 8 giv-dist train a.h5 b.h5 --x covariates --t dose --groups 2 --json
      """)

  @OptionGroup var data: DatasetOptions
  @OptionGroup var fit: FitOptions
  @OptionGroup var checkpoint: CheckpointOptions
  @OptionGroup var running: RunOptions
  @OptionGroup var job: JobOptions

  @Option(
    help: "The number of groups, K, or 'auto' for the one of lowest BIC (MMD with --paper).", transform: GroupCount.init
  )
  var groups: GroupCount
  @Option(help: "The most groups that --groups auto tries. (default: 8)")
  var maxGroups: Int?
  @Option(help: "How covariates enter. (default: spline; identity for gaussian and kmeans)")
  var representation: RepresentationKind?
  @Option(help: "How groups differ. (default: regression)")
  var distribution: DistributionKind?
  @Option(help: "The seed of all random numbers.")
  var seed: UInt64 = 1
  @Option(
    help: """
      Effects of one treatment instead of another that --distribution joint tells, A:B, several with commas between. \
      (default: quartiles)
      """)
  var contrast: String?
  @Option(
    help: """
      The column of categories whose levels are clusters of rows, for the errors, tests and choices of bases of \
      --distribution joint; or 'institution', or 'none'. (default: the institutions, where there are 20 or more)
      """)
  var cluster: String?

  @Option(help: "The folder of the run; without it nothing is written.")
  var out: String?
  @Flag(help: "Say what the run would read, hold and send, and stop.")
  var dryRun = false

  func validate() throws {
    func require(_ holds: Bool, _ message: String) throws { if !holds { throw ValidationError(message) } }
    if case .number(let groups) = groups { try require(groups >= 1, "--groups must be at least 1, not \(groups)") }
    try require(mostGroups >= 1, "--max-groups must be at least 1, not \(mostGroups)")
    try require(
      groups != .auto || kind != .kmeans,
      "--groups auto chooses by BIC, which --distribution kmeans does not have; give a number")
    try require(
      groups != .auto || fit.paper || kind != .gaussian || !fitConfiguration.representation.isLearned,
      "--groups auto chooses by BIC, which cannot compare what gaussian groups learn; add --paper, or give a number")
    let configuration = fitConfiguration
    try fit.require([configuration.representation], [configuration.distribution])
    try scoped.requireReaders()
    do {
      try configuration.validate()
      _ = try contrast.map { try treatmentPairs($0, "--contrast") }
    } catch let failure as Failure { throw ValidationError(failure.message) }
    try require(fit.alternation.lambda.count <= 1, "--lambda takes one number; giv-dist sweep compares several")
  }

  /// The options that not every run reads.
  private var scoped: [ScopedOption] {
    func inFolder(_ name: String, _ value: Any?) -> ScopedOption {
      ScopedOption(name, value, with: "--out", isRead: out != nil)
    }
    return [
      ScopedOption("--contrast", contrast, with: "--distribution joint", isRead: kind == .joint),
      ScopedOption("--cluster", cluster, with: "--distribution joint", isRead: kind == .joint),
      ScopedOption("--max-groups", maxGroups, with: "--groups auto", isRead: groups == .auto),
      inFolder("--resume", running.resume ? true : nil),
      inFolder("--checkpoint-every", checkpoint.checkpointEvery),
      inFolder("--checkpoint-minutes", checkpoint.checkpointMinutes), inFolder("--max-hours", checkpoint.maxHours),
    ]
  }

  private var mostGroups: Int { maxGroups ?? 8 }

  /// What errors are clustered by; nil for independent rows.
  private func clusterColumn(of collection: ShardCollection) throws -> String? {
    guard let cluster else { return collection.schema.usualCluster }
    guard cluster != "none" else { return nil }
    _ = try collection.schema.clusterColumn(named: cluster)
    return cluster
  }

  private var kind: DistributionKind { distribution ?? (fit.paper ? .gaussian : .regression) }

  private var fitConfiguration: Configuration {
    var configuration = fit.configuration(groups: groups.number ?? mostGroups, data: data)
    configuration.representation = representation ?? (fit.paper ? .network : kind.usualRepresentation)
    configuration.distribution = kind
    configuration.seed = seed
    return configuration
  }

  func run(on communicator: any Communicator) throws {
    var configuration = fitConfiguration
    var required: Set<Role> = [.covariate, .treatment]
    if configuration.weights != nil { required.insert(.weight) }
    if kind == .joint { required.insert(.outcome) }
    let collection = try communicator.agree {
      let collection = try ShardCollection.open(data.shards, names: data.names, required: required)
      if let out { try collection.requireNoShard(inOutputFolder: out) }
      return collection
    }
    if kind == .joint { configuration.cluster = try clusterColumn(of: collection) }
    if dryRun {
      guard configuration.groups <= collection.rowCount else {
        let rows = collection.rowCount
        throw Failure(.usage, "--groups is \(configuration.groups), and there are \(rows) rows; choose fewer groups")
      }
      let plan = try DryRun(collection, configuration, running.storage, team: communicator, on: communicator)
      return communicator.isRoot ? try plan.print(json: running.json) : ()
    }
    if out != nil { try collection.checkIdentifiers(on: communicator) }
    let phases = Phases.ofCommand(on: communicator)
    let display = ProgressDisplay(communicator.isRoot ? running.progress : .none)
    let run = try running.run(
      in: out, files: [Self.posteriorsName, Self.modelName, Self.sampleName], policy: checkpoint.policy, phases,
      on: communicator, observer: display.show)
    var metaEM = MetaEM(configuration)
    metaEM.storage = running.storage
    let result =
      groups == .auto
      ? try metaEM.train(collection, groupsUpTo: mostGroups, by: fit.criterion, on: communicator, in: run)
      : try metaEM.train(collection, on: communicator, in: run)
    display.finish()

    run.start("files")
    let posteriorDigest = try result.writePosteriors(
      collection, to: run.path(of: Self.posteriorsName), force: false)
    let sample = out == nil ? nil : try result.sample(collection)
    let model = result.model
    try communicator.agree {
      if communicator.isRoot, let sample, let path = run.path(of: Self.sampleName) {
        try AtomicFile.save(Array(sample.table.csv.utf8), to: path, force: false)
      }
      guard communicator.isRoot, let path = run.path(of: Self.modelName) else { return }
      try model.save(
        to: path, configuration: result.configuration, inputDigest: result.design.table.digest,
        chunkRows: result.design.table.rows.grid.chunkLength, covariance: result.joint?.covariance?.matrix,
        software: Software.versions, force: false)
    }
    try run.conclude(json: running.json, phases, on: communicator) { times in
      let contrasts = try contrast.flatMap { text in
        try result.joint.map { joint in
          try treatmentPairs(text, "--contrast").map { joint.contrast(from: $0.from, to: $0.to) }
        }
      }
      let report = TrainingReport(
        result, ranks: communicator.size, version: programVersion, kernel: Kernel.name,
        modelDigest: try model.digest(), posteriorDigest: posteriorDigest, contrasts: contrasts)
      return try Answer(
        "train", report.report.text, report, PhaseReport(times, rowCount: result.design.rows.rowCount))
    }
  }
}

extension Train {
  private static let posteriorsName = "posteriors.h5"
  private static let modelName = "model.h5"
  private static let sampleName = "sample.csv"
}
