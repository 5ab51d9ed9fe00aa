import ArgumentParser
import Communication
import Diagnostics
import Effects
import Features
import Frames
import MetaEM
import NonparametricIV
import Reports
import Runs
import Shards
import Storage

extension EffectOptions.Method: ExpressibleByArgument {}
extension EffectOptions.Covariance: ExpressibleByArgument {}
extension EffectOptions.Errors: ExpressibleByArgument {}
extension EffectOptions.InstrumentBasis: ExpressibleByArgument {}
extension NonparametricOptions.Dual: ExpressibleByArgument {}
extension PosteriorInstrument.Label: ExpressibleByArgument {}

/// `giv-dist effect`: what happens to the outcome when the treatment is set.
struct Effect: JobCommand {
  static let configuration = CommandConfiguration(
    abstract: "Find the effect of the treatment on the outcome, with the groups of a run for instrument.",
    discussion: """
      The groups of a run, or a column that names them, serve as instrument: within a group the treatment follows the \
      covariates in the group's own way, which has nothing to do with what else moves the outcome. Prints the average \
      effect, contrasts, the curve, and whether to believe them.

        giv-dist effect run shards
        giv-dist effect run shards --contrast 2:5 --out effect
        giv-dist effect shards --instrument true --outcome-basis quadratic
      """)

  @OptionGroup var data: DatasetOptions
  @OptionGroup var checkpoint: CheckpointOptions
  @OptionGroup var job: JobOptions

  @Option(
    help: """
      The instrument: the groups of the run that comes before the shards, 'true' for the true source, or the name of a \
      column of categories or numbers; or made of --candidates: 'uas', their mean, 'was', weighted by correlations with \
      t, 'mode', the one amid the tightest half of their estimates, or 'auto', a representation that AutoIV learns; or \
      'none', for ordinary regression and the methods that solve a moment given the covariates alone. (default: group)
      """)
  var instrument: String?
  @Option(
    help: "What uas, was, mode and auto make one instrument of: columns or datasets, with commas between.",
    transform: commaSeparated)
  var candidates: [String] = []
  @Option(
    help: "What stands for the group of a row: its posterior, its likeliest group, or one drawn from the posterior.")
  var label = PosteriorInstrument.Label.posterior
  @Option(help: "Which functions of groups and covariates are the instruments.")
  var instrumentBasis = EffectOptions.InstrumentBasis.index
  @Option(
    help: """
      The functions of the treatment: linear, quadratic, cubic or spline:J, with '+interactions' for its products with \
      covariates; or auto, which chooses by MMSC-BIC.
      """)
  var outcomeBasis = "auto"
  @Option(help: "The controls: linear, quadratic or cubic in the covariates, or auto for what the rows allow.")
  var covariateBasis = CovariateControls.auto
  @Option(
    help: """
      The estimator that comes first; 2SLS and ordinary regression stand beside it. (default: hful, or fuller with \
      --cluster or a --covariance that hful does not have)
      """)
  var estimator: EffectOptions.Method?
  @Option(
    help: """
      Methods to set side by side, with commas between, or 'all': ols; 2sls, linear in t; sieve2sls, the default, which \
      the others are held against; liml; control, the control function; \(NonparametricMethod.helpText). Plug-in methods take functions of the mean of t \
      for the mean of functions of t.
      """,
    transform: effectMethods)
  var method: [EffectMethod] = []
  @Flag(help: "Give the nonparametric methods the settings of their papers' own programs.")
  var paper = false
  @Option(
    help: """
      Among which functions dualiv seeks the worst: of the instrument and the covariates, or of the outcome too, as \
      published, which is not consistent. (default: instrument)
      """)
  var dual: NonparametricOptions.Dual?
  @Option(
    help: """
      Rows drawn at random that the kernels of kerneliv and dualiv are told at; 'all' approximates nothing. (default: 400)
      """)
  var landmarks: String?
  @Option(help: "The most landmarks: memory grows with their square, time with their cube. (default: 2000)")
  var exactRows: Int?
  @Option(
    help: "What the errors may be; hful, jive and ujive have a covariance of their own, robust as HC0. (default: HC0)")
  var covariance: EffectOptions.Covariance?
  @Option(
    help: """
      Columns of categories whose levels are clusters of rows, one or two with a comma between; or 'institution'. \
      (default: the institutions, where there are 20 or more, unless --covariance or an --estimator without clusters is \
      asked for)
      """,
    transform: commaSeparated)
  var cluster: [String] = []
  @Option(
    help: """
      What standard errors take in of the groups' being estimated: robust, nothing; stacked, the errors of the joint \
      model's parameters, for two regressions per parameter; bootstrap, everything from the groups on, by doing it again \
      with random weights of rows or clusters. (default: stacked for the posterior groups of a run of joint, else robust)
      """)
  var se: EffectOptions.Errors?
  @Option(help: "Replicates of the bootstrap, which --se then is. (default: \(EffectOptions().replicates))")
  var bootstrap: Int?
  @Option(help: "Ranks that work on one replicate; a divisor of the number of ranks.")
  var ranksPerFit = 1
  @Flag(
    help: """
      Go on with the replicates, and with the training of networks, that the folder of --out holds, on any number of \
      ranks.
      """)
  var resume = false
  @Option(help: "Effects of one treatment instead of another, A:B, several with commas between. (default: quartiles)")
  var contrast: String?
  @Option(help: "The treatment that effects are told against: a number, 'zero' or 'median'.")
  var reference: String?
  @Option(help: "Treatments at which the curve is told, with commas between. (default: 21 quantiles)")
  var at: String?
  @Option(
    help: """
      A file of such treatments: one number a line, or a CSV table with a column that is named as the treatment.
      """)
  var grid: String?
  @Option(
    help: """
      A CSV table of covariates, with a column of the name of each, at whose rows the effects are told beside those on \
      average.
      """)
  var atX: String?
  @Flag(
    help: """
      Write rows.h5: for every row of the shards its outcome g at its own treatment and g0 at the reference, the effect \
      tau = g - g0, and the standard error of tau.
      """)
  var predict = false
  @Flag(
    help: """
      Give the Anderson-Rubin set by projection too, which is right even where the instruments do not tell the functions \
      of the treatment apart.
      """)
  var projection = false
  @Option(
    help: """
      What the row weights are where no run says it, of the dataset 'weight' or that of --weight: sampling, or frequency, \
      where a row stands for as many. (default with --weight: sampling)
      """)
  var weights: WeightKind?
  @Option(help: "The seed of all random numbers.")
  var seed: UInt64 = 1
  @Option(help: "The folder of the results; without it nothing is written.")
  var out: String?
  @Flag(help: "Replace what an earlier effect has left in the folder of --out.")
  var force = false
  @Flag(help: "Read the rows anew in every pass instead of holding them in memory; the result has the same bits.")
  var stream = false
  @Flag(help: "Print one JSON object.")
  var json = false
  @Option(help: "Progress on standard error: auto shows lines when the work takes more than two seconds.")
  var progress = ProgressStyle.auto
  @Flag(help: "Say what would be read, held and done, and stop.")
  var dryRun = false

  enum CovariateControls: String, ExpressibleByArgument, CaseIterable {
    case auto, linear, quadratic, cubic

    var degree: Int? { self == .auto ? nil : Self.allCases.firstIndex(of: self) }
  }

  func validate() throws {
    try methodOptions.requireReaders()
    do { _ = try options() } catch let failure as Failure { throw ValidationError(failure.message) }
  }

  func run(on communicator: any Communicator) throws {
    let phases = Phases.ofCommand(countsSums: true, on: communicator)
    var options = try options()
    let source = try EffectSource(
      data, instrument: instrument, candidates: candidates, clusters: choosesClusters ? nil : options.clusters,
      weights: weights, on: communicator)
    try complete(&options, source, on: communicator)
    let knowsTruth = try communicator.agree { try EffectErrors.areKnown(source.collection) }
    let storage: FrameStorage = stream ? .stream() : .memory
    if dryRun {
      let plan = try EffectDryRun(
        source, options, predicts: predict, knowsTruth: knowsTruth, storage, communicator)
      return communicator.isRoot ? try plan.print(json: json) : ()
    }
    let tables =
      EffectFiles.names + (method.isEmpty ? [] : [EffectFiles.methodTableName])
      + (atX == nil ? [] : [EffectFiles.covariateTableName])
    let files = tables + (predict ? [Self.rowsName] : [])
    let existing: ExistingRun = resume ? .resume : force ? .replace : .refuse
    let display = ProgressDisplay(communicator.isRoot ? progress : .none)
    let run = try out.map {
      try Run.kept(in: $0, files, existing, checkpoint.policy, phases, on: communicator, observer: display.show)
    }
    if predict { try source.collection.checkIdentifiers(on: communicator) }
    func begin(_ stage: String) {
      phases.start(stage)
      display.show(stage)
    }
    begin("reading the rows")
    func load(on ranks: any Communicator) throws -> EffectSource.Rows {
      try source.load(label: label, seed: seed, storage: storage, on: ranks)
    }
    let rows = try load(on: communicator)
    let replicates = out.map { EffectReplicates(folder: $0, ranksPerFit: ranksPerFit, existing: existing) }
    try run?.open(options.kept, inputDigest: rows.digest)
    var estimator = EffectEstimator(
      options, groups: rows.groups, features: rows.features, scaling: rows.scaling)
    estimator.findsSurface = predict || knowsTruth
    let result = try estimator.fit(
      rows.frame, observer: { begin($0.rawValue) }, in: run?.journal ?? Journal(phases: phases),
      replicating: replicates.map { replicates in
        { plan in
          func count(_ done: Int, of total: Int) { display.count("replicates", done: done, of: total) }
          return try replicates.run(plan, rows, phases, on: communicator, didFinish: count, load: load)
        }
      })
    begin("outcomes and files")
    let every = try result.surface.map { _ in try source.everyRow(rows, storage: storage, on: communicator) }
    let errors = try every.flatMap { try EffectErrors.measured(result, $0, source.collection) }
    display.finish()
    if let run {
      let files = EffectFiles(result, origin: rows.origin)
      try run.write(tables, on: communicator) { try files.write($0, to: $1) }
      if predict, let surface = result.surface, let every {
        try surface.write(
          every, to: run.path(of: Self.rowsName), carrying: source.collection.carriedIdentifiers, force: false)
      }
    }
    try (run ?? Run()).conclude(json: json, phases, on: communicator) { times in
      let report = EffectReport(result, instrument: rows.kind, ranks: communicator.size, errors: errors)
      return try Answer(
        "effect", report.report.text, report, PhaseReport(times, rowCount: rows.frame.rows.rowCount))
    }
    if communicator.isRoot { replicates?.finish() }
  }

  private static let rowsName = "rows.h5"

  /// Whether the clusters are those of institutions, if there are enough.
  private var choosesClusters: Bool {
    cluster.isEmpty && covariance == nil && !(estimator?.hasOwnCovariance ?? false)
  }

  /// Adds what depends on the shards. Collective.
  private func complete(
    _ options: inout EffectOptions, _ source: EffectSource, on communicator: any Communicator
  ) throws {
    if choosesClusters && !source.clusters.isEmpty {
      options.clusters = source.clusters
      options.covariance = .cluster
      options.method = estimator ?? (instrument == "none" ? .ordinary : .fuller)
    }
    let collection = source.collection
    var changed = options
    try communicator.agree {
      if let grid { changed.curve = try NumberTable.treatments(grid, column: collection.treatmentName) }
      if let atX { changed.places = try NumberTable.places(atX, collection.covariates) }
    }
    options = changed
  }
}
