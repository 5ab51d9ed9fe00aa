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
    transform: { $0.split(separator: ",").map(String.init) })
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
      the others are held against; liml; \(NonparametricMethod.helpText). Plug-in methods take functions of the mean of t \
      for the mean of functions of t.
      """,
    transform: methods)
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
    transform: { $0.split(separator: ",").map(String.init) })
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
  @Flag(help: "Go on with the replicates that the folder of --out holds, on any number of ranks.")
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
    let tables = EffectFiles.names + (atX == nil ? [] : [EffectFiles.covariateTableName])
    let files = tables + (predict ? [Self.rowsName] : [])
    let existing: ExistingRun = resume ? .resume : force ? .replace : .refuse
    let run = try out.map { try Run(folder: $0, files: files, existing: existing, on: communicator) }
    if predict { try source.collection.checkIdentifiers(on: communicator) }
    let display = ProgressDisplay(communicator.isRoot ? progress : .none)
    display.show("reading the rows")
    func load(on ranks: any Communicator) throws -> EffectSource.Rows {
      try source.load(label: label, seed: seed, storage: storage, on: ranks)
    }
    let rows = try load(on: communicator)
    let replicates = out.map { EffectReplicates(folder: $0, ranksPerFit: ranksPerFit, existing: existing) }
    if options.errors == .bootstrap { StopSignal.install() }
    var estimator = EffectEstimator(
      options, groups: rows.groups, features: rows.features, scaling: rows.scaling)
    guard instrument != "none" else {
      let report = OrdinaryEffectReport(try estimator.fitWithoutInstrument(rows.frame), ranks: communicator.size)
      display.finish()
      return communicator.isRoot ? print(json ? try jsonText(report) : report.report.text) : ()
    }
    estimator.findsSurface = predict || knowsTruth
    let result = try estimator.fit(
      rows.frame, observer: { display.show($0.rawValue) },
      replicating: replicates.map { replicates in
        { try replicates.run($0, rows, on: communicator, load: load) }
      })
    let every = try result.surface.map { _ in try source.everyRow(rows, storage: storage, on: communicator) }
    let errors = try every.flatMap { try EffectErrors.measured(result, $0, source.collection) }
    display.finish()
    if let run {
      let files = EffectFiles(result, origin: rows.origin)
      try communicator.agree {
        guard communicator.isRoot else { return }
        for name in tables { try files.write(name, to: run.path(of: name)!) }
      }
      if predict, let surface = result.surface, let every {
        try surface.write(
          every, to: run.path(of: Self.rowsName), carrying: source.collection.carriedIdentifiers, force: false)
      }
      try run.complete(on: communicator)
      if communicator.isRoot { replicates?.finish() }
    }
    guard communicator.isRoot else { return }
    let report = EffectReport(result, instrument: rows.kind, ranks: communicator.size, errors: errors)
    print(json ? try jsonText(report) : report.report(folder: out, files: files).text)
  }

  private static let rowsName = "rows.h5"

  /// Whether the clusters are those of institutions, if there are enough.
  private var choosesClusters: Bool {
    instrument != "none" && cluster.isEmpty && covariance == nil && !(estimator?.hasOwnCovariance ?? false)
  }

  /// Adds what depends on the shards. Collective.
  private func complete(
    _ options: inout EffectOptions, _ source: EffectSource, on communicator: any Communicator
  ) throws {
    if choosesClusters && !source.clusters.isEmpty {
      options.clusters = source.clusters
      options.covariance = .cluster
      options.method = estimator ?? .fuller
    }
    let collection = source.collection
    var changed = options
    try communicator.agree {
      if let grid { changed.curve = try NumberTable.treatments(grid, column: collection.treatmentName) }
      if let atX { changed.places = try NumberTable.places(atX, collection.covariates) }
    }
    options = changed
  }

  // MARK: Options

  private func options() throws -> EffectOptions {
    var options = EffectOptions()
    options.instrumentBasis = instrumentBasis
    options.controlDegree = covariateBasis.degree
    options.covariance = covariance ?? (cluster.isEmpty ? .hc0 : .cluster)
    options.method = estimator ?? (options.covariance == .hc0 ? .hful : .fuller)
    if options.method.hasOwnCovariance && options.covariance != .hc0 {
      throw Failure(
        .usage,
        "--estimator \(options.method.rawValue) has a covariance of its own, for independent rows; leave out --covariance "
          + "and --cluster, or choose 2sls, liml, fuller or gmm")
    }
    if !cluster.isEmpty && options.covariance != .cluster {
      throw Failure(.usage, "--cluster needs --covariance cluster, which is its default; leave one of them out")
    }
    let needing: [(String, Bool)] = [
      ("--out", out != nil), ("--at-x", atX != nil), ("--predict", predict), ("--projection", projection),
      ("--se", se != nil), ("--bootstrap", bootstrap != nil), ("--dry-run", dryRun),
    ]
    if instrument == "none", let (name, _) = needing.first(where: \.1) {
      throw Failure(
        .usage, "\(name) is for an effect with an instrument, and --instrument none has none; leave it out")
    }
    options.clusters = cluster
    options.errors = bootstrap == nil ? se : .bootstrap
    if let bootstrap {
      if let se, se != .bootstrap {
        throw Failure(.usage, "--bootstrap gives other errors than --se \(se.rawValue); leave one of them out")
      }
      guard bootstrap >= 2 else { throw Failure(.usage, "--bootstrap \(bootstrap): give two replicates at least") }
      options.replicates = bootstrap
    }
    if out == nil && (resume || ranksPerFit != 1) {
      throw Failure(
        .usage, "--resume and --ranks-per-fit are for replicates that are kept in a folder; name it with --out")
    }
    if resume && force { throw Failure(.usage, "--resume goes on and --force starts anew; give one of them") }
    if ranksPerFit < 1 { throw Failure(.usage, "--ranks-per-fit must be at least 1, not \(ranksPerFit)") }
    if se == .stacked, [.unadjusted, .hc2, .hc3].contains(options.covariance) {
      throw Failure(
        .usage,
        "--se stacked adds to sums over rows or clusters; choose --covariance HC0 or HC1, or --cluster, or --se robust")
    }
    let rule = instrument.flatMap(CandidateRule.init)
    if rule == nil && !candidates.isEmpty {
      throw Failure(
        .usage,
        "--candidates is for --instrument \(CandidateRule.allCases.map(\.rawValue).joined(separator: ", ")); leave "
          + "it out, or name one of these")
    }
    if rule != nil && instrumentBasis != .index {
      throw Failure(
        .usage,
        "--instrument-basis \(instrumentBasis.rawValue) is made of groups, and --instrument \(instrument!) has none; "
          + "leave it out")
    }
    options.seed = seed
    options.methods = method
    options.nonparametric = try nonparametricOptions()
    if outcomeBasis != "auto" {
      guard let form = OutcomeForm(outcomeBasis) else {
        throw Failure(
          .usage,
          "--outcome-basis \(outcomeBasis): give auto, linear, quadratic, cubic or spline:J, with +interactions or without"
        )
      }
      options.form = form
    }
    guard cluster.count <= 2 else {
      throw Failure(.usage, "--cluster names \(cluster.count) columns; give two at most")
    }
    if options.covariance == .cluster && cluster.isEmpty { options.clusters = ["institution"] }
    if let contrast { options.contrasts = try contrasts(contrast) }
    guard at == nil || grid == nil else {
      throw Failure(.usage, "--at and --grid both give the treatments of the curve; leave one of them out")
    }
    guard !predict || out != nil else {
      throw Failure(.usage, "--predict writes to the folder of --out; name one")
    }
    options.hasProjection = projection
    if let at { options.curve = try numbers(at, "--at").sorted() }
    switch reference {
    case nil: break
    case "median": options.reference = .median
    case "zero": options.reference = .treatment(0)
    case let text?: options.reference = .treatment(try number(text, "--reference"))
    }
    return options
  }

  private func nonparametricOptions() throws -> NonparametricOptions {
    var options = NonparametricOptions()
    options.isPaper = paper
    if let dual { options.dual = dual }
    if let exactRows { options.exactRows = exactRows }
    if let landmarks {
      options.landmarks = landmarks == "all" ? nil : Int(landmarks)
      guard landmarks == "all" || (options.landmarks ?? 0) > 1 else {
        throw Failure(.usage, "--landmarks \(landmarks): give a number of rows, at least 2, or 'all'")
      }
    }
    guard options.exactRows > 1 else { throw Failure(.usage, "--exact-rows \(options.exactRows): give at least 2") }
    return options
  }

  /// The options that not every method reads.
  private var methodOptions: [ScopedOption] {
    let asked = method.compactMap { if case .nonparametric(let method) = $0 { method } else { nil } }
    func option(_ name: String, _ value: Any?, _ methods: [NonparametricMethod]) -> ScopedOption {
      ScopedOption(name, value, with: "--method", methods, fitted: asked)
    }
    return [
      option("--paper", paper ? true : nil, NonparametricMethod.allCases), option("--dual", dual, [.dualiv]),
      option("--landmarks", landmarks, [.kerneliv, .dualiv]), option("--exact-rows", exactRows, [.kerneliv, .dualiv]),
    ]
  }

  private func contrasts(_ text: String) throws -> [Contrast] {
    try text.split(separator: ",").map { pair in
      let ends = pair.split(separator: ":", omittingEmptySubsequences: false)
      guard ends.count == 2 else { throw Failure(.usage, "--contrast \(pair): give two treatments as A:B") }
      return Contrast(from: try number(String(ends[0]), "--contrast"), to: try number(String(ends[1]), "--contrast"))
    }
  }

  private func numbers(_ text: String, _ option: String) throws -> [Double] {
    try text.split(separator: ",").map { try number(String($0), option) }
  }

  private func number(_ text: String, _ option: String) throws -> Double {
    guard let value = Double(text), value.isFinite else { throw Failure(.usage, "\(option) \(text): give a number") }
    return value
  }
}

// MARK: Methods

/// Names of methods with commas between, or `all`.
@Sendable private func methods(_ text: String) throws -> [EffectMethod] {
  if text == "all" { return EffectMethod.all }
  return try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
    guard let method = EffectMethod(name: String(name)) else {
      let names = EffectMethod.all.map(\.name).joined(separator: ", ")
      throw ValidationError("--method \(name): give 'all', or some of \(names)")
    }
    return method
  }
}

extension NonparametricMethod {
  /// The methods for the help of an option, the plug-in ones named as such.
  fileprivate static var helpText: String {
    allCases.map { $0.rawValue + ($0.isPlugIn ? " (plug-in)" : "") }.joined(separator: ", ")
  }
}
