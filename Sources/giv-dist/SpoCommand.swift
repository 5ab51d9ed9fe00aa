import ArgumentParser
import Communication
import Diagnostics
import Frames
import Reports
import Runs
import Shards
import Storage
import SyntheticPotentialOutcomes

extension SyntheticOutcomesOptions.Solver: ExpressibleByArgument {}

/// `giv-dist spo`: effects under an unobserved class, from proxies of it.
struct Spo: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "spo",
    abstract: "Find the average effect, and classes with their effects, from proxies of an unobserved confounder.",
    discussion: """
      Nobody measured the class that confounds treatment and outcome, but some variables follow it: some that lead to the \
      treatment (Z), some that lead to the outcome (X). From both it finds the average effect free of that confounding, \
      and how many classes there are, how large, and the effect in each (synthetic potential outcomes), with tests of what \
      it rests on.

        giv-dist spo shards --treatment-proxies z0,z1 --outcome-proxies x0,x1
        giv-dist spo shards --treatment-proxies referral --outcome-proxies frailty,smoking --out spo
      """)

  @OptionGroup var data: DatasetOptions
  @OptionGroup var running: RunOptions
  @OptionGroup var job: JobOptions

  @Option(
    help:
      "Z, columns of x or proxies by name, with commas between: what follows the class and may lead to the treatment.",
    transform: commaSeparated)
  var treatmentProxies: [String]
  @Option(
    help:
      "X, columns of x or proxies by name, with commas between: what follows the class and the treatment does not move.",
    transform: commaSeparated)
  var outcomeProxies: [String]
  @Option(
    help: """
      How proxies become features: onehot, a joint cell of values each; poly:D, standardised monomials of degree D; auto, \
      cells where values are few and whole, else poly:2. (default: auto)
      """)
  var features: String?
  @Option(help: "The features of --treatment-proxies alone.")
  var treatmentFeatures: String?
  @Option(help: "The features of --outcome-proxies alone.")
  var outcomeFeatures: String?
  @Option(help: "The number of classes, or auto for the rank that the proxies show. (default: auto)")
  var classes: String?
  @Option(help: "How classes are found. (default: spectral; pencil with --paper)")
  var solver: SyntheticOutcomesOptions.Solver?
  @Flag(help: "The choices of the paper: full pseudo-inverse and pencil, with a number of --classes.")
  var paper = false
  @Option(
    help: "Arms to compare, T:C by values of the treatment, several with commas between. (default: all with the least)")
  var contrast: String?
  @Option(help: "The blocks of the jackknife, into which rows fall by chance. (default: 40)")
  var jackknife: Int?
  @Option(help: "The column whose levels are the blocks of the jackknife, such as institution.")
  var jackknifeBy: String?
  @Option(help: "The column whose levels are strata, each with classes of its own.")
  var strata: String?
  @Option(help: "The level of intervals.")
  var level = 0.95
  @Flag(help: "Use the row weights of the dataset 'weight'.")
  var useWeights = false
  @Option(help: "An HDF5 file for P(class | outcome's proxies) of every row; joint cells only.")
  var posteriors: String?
  @Option(help: "The folder of the results; without it nothing is written.")
  var out: String?
  @Flag(help: "Say what the run would read, hold and send, and stop.")
  var dryRun = false

  func validate() throws {
    do { _ = try options() } catch let failure as Failure { throw ValidationError(failure.message) }
    try [ScopedOption("--resume", running.resume ? true : nil, with: "--out", isRead: out != nil)].requireReaders()
  }

  func run(on communicator: any Communicator) throws {
    let start = ContinuousClock.now
    let options = try options()
    let phases = Phases.ofCommand(on: communicator)
    let display = ProgressDisplay(communicator.isRoot ? running.progress : .none)
    // The sums are all that takes time, and one pass makes them.
    var policy = CheckpointStore.Policy()
    policy.passes = 1
    let run = try running.run(
      in: dryRun ? nil : out, files: SyntheticOutcomesFiles.names, policy: policy, phases, on: communicator,
      observer: display.show)
    run.start("rows")
    let heldBytes = Phases.peakBytes
    let source = try SpoSource(
      data, options, usesWeights: useWeights || data.names.named.contains(.weight),
      storage: dryRun ? .stream() : running.storage, out: out, posteriors: posteriors, on: communicator)
    let frame = try source.frame(on: communicator)
    let estimator = SyntheticPotentialOutcomes(options)
    if dryRun {
      let plan = try SpoDryRun(estimator, frame, running.storage, heldBytes: heldBytes, on: communicator)
      return communicator.isRoot ? print(running.json ? try jsonText(plan) : plan.words) : ()
    }
    run.start("fit")
    let result = try estimator.run(on: frame, in: run)
    display.finish()
    run.start("files")
    let posteriorDigest =
      try posteriors.flatMap { path in
        result.hasPosteriors || !result.outcomeFeatures.isOneHot
          ? try result.writePosteriors(
            source.everyRow(frame, on: communicator), to: path, carrying: source.collection.carriedIdentifiers,
            force: running.force) : nil
      }
    if out != nil {
      let files = SyntheticOutcomesFiles(
        result, origin: Software.versions.merging(["input-digest": frame.digest]) { $1 })
      try run.write(SyntheticOutcomesFiles.names, on: communicator) { try files.write($0, to: $1) }
    }
    try run.conclude(json: running.json, phases, on: communicator) { times in
      let report = SyntheticOutcomesReport(
        result, ranks: communicator.size, posteriorDigest: posteriorDigest, seconds: start.duration(to: .now).seconds)
      return try Answer(
        "spo", report.report.text, report, PhaseReport(times, rowCount: frame.rows.rowCount))
    }
    if communicator.isRoot, !running.json, posteriorDigest != nil, let posteriors { print("wrote \(posteriors)") }
  }

  // MARK: Options

  private func options() throws -> SyntheticOutcomesOptions {
    var options = SyntheticOutcomesOptions(treatmentProxies: treatmentProxies, outcomeProxies: outcomeProxies)
    options.treatmentFeatures = try Self.features(treatmentFeatures ?? features ?? "auto")
    options.outcomeFeatures = try Self.features(outcomeFeatures ?? features ?? "auto")
    if let classes, classes != "auto" {
      guard let number = Int(classes), number >= 1 else {
        throw Failure(.usage, "--classes \(classes): give auto, or a whole number from 1 on")
      }
      options.classes = number
    }
    options.solver = solver ?? (paper ? .pencil : .spectral)
    options.usesFullInverse = paper
    guard !paper || options.classes != nil else {
      throw Failure(.usage, "--paper takes the number of classes as given; add --classes K")
    }
    guard jackknife == nil || jackknifeBy == nil else {
      throw Failure(
        .usage, "--jackknife makes blocks by chance and --jackknife-by by a column; give one of them")
    }
    if let jackknife {
      guard jackknife >= 2 else {
        throw Failure(.usage, "--jackknife is \(jackknife); give 2 blocks at least")
      }
      options.blocks = jackknife
    }
    options.blockColumn = jackknifeBy
    options.strata = strata
    guard level > 0, level < 1 else { throw Failure(.usage, "--level is \(level); give a number between 0 and 1") }
    options.level = level
    options.contrasts = try (contrast ?? "").split(separator: ",").map { pair in
      let ends = pair.split(separator: ":", omittingEmptySubsequences: false).map { Double($0) }
      guard ends.count == 2, let treated = ends[0], let control = ends[1] else {
        throw Failure(.usage, "--contrast \(pair): give two values of the treatment as T:C")
      }
      return SyntheticOutcomesOptions.Contrast(treated: treated, control: control)
    }
    return options
  }

  private static func features(_ text: String) throws -> SyntheticOutcomesOptions.Features {
    switch text {
    case "auto": return .automatic
    case "onehot": return .oneHot
    default:
      guard let degree = text.wholeMatch(of: /poly:([1-9])/).flatMap({ Int($0.1) }) else {
        throw Failure(.usage, "--features \(text): give auto, onehot, or poly:D with D from 1 to 9")
      }
      return .polynomial(degree: degree)
    }
  }
}
