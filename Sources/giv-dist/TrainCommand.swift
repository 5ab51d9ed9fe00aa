import ArgumentParser
import Communication
import Dataset
import Diagnostics
import FoundationEssentials
import LinearAlgebra
import MetaEM
import Mixture

extension RepresentationKind: ExpressibleByArgument {}
extension DistributionKind: ExpressibleByArgument {}
extension CovarianceShape: ExpressibleByArgument {}
extension GaussianStart: ExpressibleByArgument {}
extension LabelRule: ExpressibleByArgument {}
extension OutcomeBasis: ExpressibleByArgument {}
extension CovariateBasis: ExpressibleByArgument {}

/// `giv-dist train`: finds the groups of rows that follow different rules of treatment.
struct Train: JobCommand {
  static let configuration = CommandConfiguration(
    abstract: "Fit groups to shards: which rows share a rule for the treatment.",
    discussion: """
      Prints what was found and, with --out, writes model.h5, posteriors.h5 and metrics.jsonl. The result has the same \
      bits for any number of ranks and however the rows are cut into files.

        giv-dist train shards --groups 3 --out run
        mpirun -n 8 giv-dist train a.h5 b.h5 --x covariates --t dose --groups 2 --json
      """)

  @OptionGroup var data: DatasetOptions
  @OptionGroup var job: JobOptions

  @Option(help: "The number of groups, K.")
  var groups: Int
  @Option(help: "How covariates enter. (default: spline; identity for gaussian and kmeans)")
  var representation: RepresentationKind?
  @Option(help: "How groups differ.")
  var distribution = DistributionKind.regression
  @Option(help: "The covariances of --distribution gaussian.")
  var covariance = CovarianceShape.full
  @Option(help: "How the outcome depends on the treatment in --distribution joint.")
  var outcomeBasis = OutcomeBasis.auto
  @Option(help: "How the outcome depends on the covariates in --distribution joint.")
  var covariateBasis = CovariateBasis.auto
  @Flag(help: "Let groups shift the outcome in --distribution joint, as a check that they move it through t only.")
  var freeShifts = false
  @Option(help: "How --distribution gaussian starts.")
  var start = GaussianStart.equation6
  @Option(help: "Whether a row's label is its likeliest group or a draw from its posterior.")
  var labels = LabelRule.argmax
  @Option(help: "The number of starts.")
  var starts = 20
  @Option(help: "The seed of all random numbers.")
  var seed: UInt64 = 1
  @Option(help: "A fit has converged when a pass raises the log-likelihood per row by no more.")
  var tolerance = 1e-8
  @Option(help: "Passes of one fit at most.")
  var maxIterations = 1000
  @Flag(help: "Use the row weights of the dataset 'weight'.")
  var useWeights = false
  @Flag(help: "Scale covariates and treatment to unit variance first.")
  var standardize = false

  @Option(help: "The folder of the run; without it nothing is written.")
  var out: String?
  @Flag(help: "Replace an earlier run in the folder.")
  var force = false
  @Flag(help: "Go on from the checkpoint in the folder, on any number of ranks; without one, begin.")
  var resume = false
  @Option(
    help: """
      Passes from one checkpoint to the next at most; SIGTERM and SIGUSR1 save one and stop, with exit code 75. mpirun \
      hands SIGUSR1 on; after SIGTERM it ends with 1.
      """)
  var checkpointEvery = CheckpointStore.Policy().passes
  @Option(help: "Minutes from one checkpoint to the next at most.")
  var checkpointMinutes = CheckpointStore.Policy().minutes
  @Option(help: "Save a checkpoint and stop after so many hours, with exit code 75.")
  var maxHours: Double?
  @Flag(help: "Read the rows anew in every pass instead of holding them in memory; the result has the same bits.")
  var stream = false
  @Flag(help: "Say what the run would read, hold and send, and stop.")
  var dryRun = false
  @Flag(help: "Print one JSON object.")
  var json = false
  @Option(help: "Progress on standard error: auto shows lines when a fit takes more than two seconds.")
  var progress = ProgressStyle.auto

  func validate() throws {
    func require(_ holds: Bool, _ message: String) throws { if !holds { throw ValidationError(message) } }
    try require(groups >= 1, "--groups must be at least 1, not \(groups)")
    try require(starts >= 1, "--starts must be at least 1, not \(starts)")
    try require(tolerance >= 0, "--tolerance must not be negative")
    try require(maxIterations >= 1, "--max-iterations must be at least 1, not \(maxIterations)")
    try require(checkpointEvery >= 1, "--checkpoint-every must be at least 1, not \(checkpointEvery)")
    try require(checkpointMinutes > 0, "--checkpoint-minutes must be positive")
    try require(maxHours ?? 1 > 0, "--max-hours must be positive")
    try require(!resume || out != nil, "--resume goes on in the folder of --out; name it")
    try require(!(resume && force), "--resume goes on and --force starts anew; give one of them")
  }

  private var fitConfiguration: Configuration {
    var configuration = Configuration(groups: groups)
    configuration.representation = representation ?? distribution.usualRepresentation
    configuration.distribution = distribution
    configuration.covariance = covariance
    configuration.outcomeBasis = outcomeBasis
    configuration.covariateBasis = covariateBasis
    configuration.freeShifts = freeShifts
    configuration.gaussianStart = start
    configuration.labels = labels
    configuration.starts = starts
    configuration.seed = seed
    configuration.tolerance = tolerance
    configuration.maximumIterations = maxIterations
    configuration.standardize = standardize
    configuration.useWeights = useWeights || data.weight != DatasetNames().weight
    configuration.names = data.names
    return configuration
  }

  private var storage: TableStorage { stream ? .stream() : .memory }

  func run(on communicator: any Communicator) throws {
    try RankSetup.requireOneKernel(communicator)
    let configuration = fitConfiguration
    var required: Set<Variable> = [.covariates, .treatment]
    if configuration.useWeights { required.insert(.weight) }
    if distribution == .joint { required.insert(.outcome) }
    let collection = try communicator.agree {
      try ShardCollection.open(data.shards, names: data.names, required: required)
    }
    if dryRun {
      let plan = DryRun(collection, configuration, storage, communicator)
      return communicator.isRoot ? try plan.print(json: json) : ()
    }
    let checkpoints = try checkpoints(on: communicator)
    let folder = try RunFolder(
      out, force: force, resumedPasses: resume ? checkpoints?.savedPasses ?? 0 : nil, on: communicator)
    checkpoints?.willSave = { try folder?.synchronize() }
    let display = ProgressDisplay(communicator.isRoot ? progress : .none)

    var metaEM = MetaEM(configuration)
    metaEM.observer = { record in
      try folder?.record(record)
      display.show(record)
    }
    metaEM.checkpoints = checkpoints
    metaEM.storage = storage
    let result = try metaEM.train(collection, on: communicator)
    display.finish()

    let posteriorDigest = try result.design.writePosteriors(
      of: result.rule, collection: collection, to: folder?.posteriors, force: false)
    let model = result.outcome.model
    try communicator.agree {
      guard let folder, communicator.isRoot else { return }
      try model.save(
        to: folder.model, configuration: configuration, inputDigest: result.design.table.digest,
        software: Software.versions, force: false)
      try folder.complete()
    }
    checkpoints?.remove()
    guard communicator.isRoot else { return }
    let report = TrainingReport(
      result, ranks: communicator.size, version: programVersion, kernel: Kernel.name,
      modelDigest: try model.digest(), posteriorDigest: posteriorDigest)
    print(json ? try jsonText(report) : TrainingSummary(result, report, folder: out).text)
  }
}

extension Train {
  /// Checkpoints in the folder of the run, if there is one.
  private func checkpoints(on communicator: any Communicator) throws -> CheckpointStore? {
    guard let out else { return nil }
    StopSignal.install()
    var policy = CheckpointStore.Policy()
    policy.passes = checkpointEvery
    policy.minutes = checkpointMinutes
    policy.maximumHours = maxHours
    return try CheckpointStore(folder: out, policy: policy, resume: resume, on: communicator) { StopSignal.isReceived }
  }
}

/// One JSON object on one line, with sorted keys.
func jsonText(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
