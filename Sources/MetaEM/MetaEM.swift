import Communication
import ControlFunction
import Diagnostics
import Features
import Frames
import LinearAlgebra
import Mixture
import Runs
import Shards

/// The way of the data, from shards to labels.
///
/// ```
/// shards -> frame of this rank's rows, checked and centered      load
///   -> representation -> starts -> EM -> parameters              estimate: MixtureEstimation, ControlFunction
///   -> posteriors and labels, against balance and the truth      label
///   -> result
/// ```
/// A representation by networks is learned in turn with the parameters, by ``Alternation``.
///
/// Nothing here or below sees a rank: rows are walked chunk by chunk and summed by ``DistributedRows``, so every result
/// has the same bits on any number of ranks.
public struct MetaEM: Estimator {
  public typealias Options = Configuration

  public internal(set) var configuration: Configuration
  public var options: Configuration { configuration }

  /// Where the rows are kept; the results have the same bits.
  public var storage = FrameStorage.memory

  public init(_ configuration: Configuration) { self.configuration = configuration }

  /// Fits groups to the rows of a collection. Collective.
  ///
  /// - Parameter run: is told of every pass, and keeps what an interrupted fit goes on from.
  /// - Throws: on all ranks the same ``Failure``: data that cannot be read or fitted.
  public func train(
    _ collection: ShardCollection, on communicator: any Communicator, in run: Run = Run()
  ) throws -> Result {
    let begin = ContinuousClock().now
    run.start("rows")
    let rows = try load(collection, on: communicator)
    try open(run, for: rows)
    return try fit(rows, in: run, since: begin)
  }

  /// Fits groups to the rows of a frame, whose columns are centered in place. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: rows that cannot be fitted, or have no weight.
  public func fit(_ frame: Frame, in run: Run) throws -> Result {
    try configuration.validate()
    try frame.requirePositiveWeights()
    if frame.weightKind == nil { try frame.takeWeights(as: configuration.weights ?? .sampling) }
    return try fit(prepare(frame), in: run)
  }

  /// Fits groups to rows. Collective.
  func fit(_ rows: CenteredRows, in run: Run, since begin: ContinuousClock.Instant = .now) throws -> Result {
    run.start("fit")
    let fitBegin = ContinuousClock.now
    let earlierPasses = run.journal.passes
    // Sources that are none are found before the fit.
    let truth = try Truth.read(rows.table)
    let estimate: Estimate
    do { estimate = try self.estimate(rows, in: run) } catch let failure as Failure {
      throw failure.explained(by: rowFindings(rows))
    }
    let fitSeconds = fitBegin.duration(to: .now).seconds
    run.start("labels")

    let design = estimate.model.design(rows.table)
    let everyRow = rows.whole.map(estimate.model.design) ?? design
    let rule = PosteriorRule(
      model: estimate.model.mixture.base, labelRule: configuration.labels, seed: configuration.seed)
    let summary = try design.label(by: rule, truth: truth)
    var everyRule = rule
    everyRule.numbering = rows.used?.fitted
    let testScore = try rows.used?.tests.map {
      try TestScore($0, of: everyRow, under: everyRule, logVolume: estimate.model.logVolume)
    }
    let instrumentalSlope = try instrumentalSlope(estimate, of: rows.table, in: run)
    func number(_ row: Int) -> Int { rows.used?.fitted?.row(row) ?? row }
    let groupFindings =
      try groupFindings(summary, estimate, design, rule, row: number) + farRows(estimate, design, row: number)
    let passes = run.journal.passes - earlierPasses
    return Result(
      configuration: configuration, estimate: estimate, summary: summary, truth: truth, design: design, rule: rule,
      everyRow: everyRow, fittedRows: rows.used?.fitted, testScore: testScore,
      rowFindings: rowFindings(rows), groupFindings: groupFindings, instrumentalSlope: instrumentalSlope,
      passes: passes,
      secondsPerPass: fitSeconds / Double(max(passes, 1)), seconds: begin.duration(to: .now).seconds)
  }

  // MARK: Rows

  /// What the rows give reason to tell of this fit.
  private func rowFindings(_ rows: CenteredRows) -> [Finding] {
    rows.findings.filter { $0.code != .massAtPoint || configuration.distribution == .gaussian }
  }

  /// Reads and checks the rows of a collection and centers their columns. Collective.
  func load(_ collection: ShardCollection, on communicator: any Communicator) throws -> CenteredRows {
    try configuration.validate()
    let roles = try roles(of: collection)
    let (table, used) = try Self.tableInUse(
      of: collection, roles: roles, weights: configuration.weights, storage: storage, on: communicator)
    var centered = try prepare(table)
    centered.used = used
    centered.findings = centered.findings.located { row in
      let row = used.fitted?.row(row) ?? row
      let place = collection.place(ofRow: row)
      return (row, place.file, place.row)
    }
    centered.findings += collection.findings + used.findings(of: collection.rowCount)
    guard used.fitted != nil else { return centered }
    // All rows are read anew where they are asked for, since most fits ask once.
    let all = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
    let whole = try Frame.load(collection, rows: all, roles: roles, covariatesAsNumbers: true, storage: .stream())
    whole.standardize(center: centered.scaling.centers, scale: centered.scaling.scales)
    centered.whole = whole
    return centered
  }

  /// The roles of the columns that a fit reads.
  ///
  /// - Throws: ``Failure`` `usage` when there is no column of clusters of the name given.
  func roles(of collection: ShardCollection) throws -> Set<Role> {
    var roles: Set<Role> = [.covariate, .treatment]
    if configuration.weights != nil { roles.insert(.weight) }
    if configuration.distribution == .joint {
      roles.insert(.outcome)
      if let cluster = configuration.cluster {
        roles.insert(try collection.schema.columns[collection.schema.clusterColumn(named: cluster)].role)
      }
    }
    if collection.roles.contains(.source) { roles.insert(.source) }
    return roles
  }

  /// Refuses data that cannot be fitted, and centers the columns.
  private func prepare(_ table: Frame) throws -> CenteredRows {
    let summaries = try table.summary()
    let preconditions = Preconditions(configuration: configuration, table: table, summaries: summaries)
    try preconditions.checkColumns()
    try preconditions.checkTreatment()
    let findings = try RowFindings(table: table, distribution: configuration.distribution).all()
    let columns = summaries.prefix(table.covariateCount + 1)
    let scaling = ColumnScaling(
      centers: columns.map(\.mean),
      // A column without spread in the rows that have weight is refused below.
      scales: columns.map { configuration.standardize && $0.variance > 0 ? $0.standardDeviation : 1 })
    table.standardize(center: scaling.centers, scale: scaling.scales)
    let identity = Design(table: table, featureNames: table.covariateNames, features: nil)
    try preconditions.checkDependence(try identity.pooledStatistics())
    var rows = CenteredRows(table: table, scaling: scaling)
    rows.findings = findings
    return rows
  }

  // MARK: Parameters

  /// Fits the representation and the distribution. Collective.
  package func estimate(_ rows: CenteredRows, in run: Run) throws -> Estimate {
    guard configuration.distribution == .joint else {
      return .mixture(try MixtureEstimation.prepared(configuration, rows, journal: run.journal).run())
    }
    let clusters = try configuration.cluster.map { try RowClusters($0, of: rows.table) }
    try ControlFunction.check(rows.table, configuration.joint, clusters: clusters)
    let (start, groups) = try controlFunctionStart(rows, clusters: clusters, journal: run.journal)
    let estimator = ControlFunction(configuration.joint, from: start, scaling: rows.scaling, clusters: clusters)
    return .joint(try estimator.fit(rows.table, in: run), start: groups)
  }

  /// The groups of t given x that a joint fit starts from, and the fit that found them. Collective.
  package func controlFunctionStart(
    _ rows: CenteredRows, clusters: RowClusters? = nil, journal: Journal
  ) throws -> (ControlFunction.Start, MixtureResult) {
    var regression = configuration
    regression.distribution = .regression
    let estimation = try MixtureEstimation.prepared(
      regression, rows, effectiveShare: clusters?.effectiveShare ?? 1, journal: journal)
    let groups = try estimation.run()
    guard case .regression(let mixture) = groups.model.mixture, case .basis(let basis) = groups.model.representation
    else { preconditionFailure("a regression on a basis") }
    // Where t is linear in x in every group, or is to be, splines would only add noise.
    let isLinear = groups.forms?.chosen == .linear || configuration.representation == .identity
    let products = groups.forms?.products ?? []
    let selection =
      isLinear
      ? Basis.linear(in: rows.table.covariateNames, with: products)
      : Basis.spline(try estimation.splineBasis(with: products).0)
    let start = ControlFunction.Start(
      mixture: mixture, representation: basis, parameterCount: groups.parameterCount,
      selection: selection)
    return (start, groups)
  }

  // MARK: Checkpoints

  /// Begins a run on some rows, or goes on with it.
  ///
  /// - Parameter groupsUpTo: the most groups tried where their number is chosen.
  func open(_ run: Run, for rows: CenteredRows, groupsUpTo: Int? = nil) throws {
    try run.open(
      RunOptions(configuration: configuration, groupsUpTo: groupsUpTo), inputDigest: rows.table.digest)
  }
}

/// What determines a run besides its data.
struct RunOptions: Encodable {
  let configuration: Configuration
  /// The most groups tried where their number is chosen; nil where it is given.
  var groupsUpTo: Int?
}

/// The rows of a collection, ready to be fitted any number of times.
package struct CenteredRows: Sendable {
  /// Those that are fitted.
  package let table: Frame
  /// The map by which the columns came from the data.
  package let scaling: ColumnScaling
  /// All rows, in the same columns; nil when all are fitted.
  var whole: Frame?
  var used: RowsInUse?
  /// What the rows give reason to tell, whatever is fitted to them.
  var findings: [Finding] = []

  package init(table: Frame, scaling: ColumnScaling, findings: [Finding] = []) {
    self.table = table
    self.scaling = scaling
    self.findings = findings
  }
}
