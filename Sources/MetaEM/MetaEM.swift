import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Mixture
import Representation
import Runs
import Shards

/// The way of the data, from shards to labels.
///
/// ```
/// shards -> table of this rank's rows -> representation -> sufficient statistics -> one reduction -> parameters
///        -> posteriors and labels -> report
/// ```
/// A representation by networks is learned in turn with the parameters, by ``Alternation``.
///
/// Nothing here or below sees a rank: rows are walked chunk by chunk and summed by ``DistributedRows``, so every result
/// has the same bits on any number of ranks.
public struct MetaEM {
  public internal(set) var configuration: Configuration
  /// What is told of every pass over the rows, and keeps them so that an interrupted run can go on.
  public var run = Run()

  /// Where the rows are kept; the results have the same bits.
  public var storage = FrameStorage.memory

  public init(_ configuration: Configuration) { self.configuration = configuration }

  /// Fits groups to the rows of a collection. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: data that cannot be read or fitted.
  public func train(_ collection: ShardCollection, on communicator: any Communicator) throws -> TrainingResult {
    let begin = ContinuousClock().now
    let rows = try load(collection, on: communicator)
    return try fit(rows, journal: journal(for: rows), since: begin)
  }

  /// Reads and checks the rows of a collection and centers their columns. Collective.
  func load(_ collection: ShardCollection, on communicator: any Communicator) throws -> CenteredRows {
    try configuration.validate()
    let rows = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
    let table = try Frame.load(collection, rows: rows, variables: variables(of: collection), storage: storage)
    return CenteredRows(table: table, scaling: try prepare(table))
  }

  /// - Parameter groupsUpTo: the most groups tried where their number is chosen.
  func journal(for rows: CenteredRows, groupsUpTo: Int? = nil) throws -> Journal {
    try run.open(
      RunOptions(configuration: configuration, groupsUpTo: groupsUpTo), inputDigest: rows.table.digest)
    return run.journal
  }

  /// Fits groups to rows. Collective.
  func fit(
    _ rows: CenteredRows, journal: Journal, since begin: ContinuousClock.Instant = .now
  ) throws -> TrainingResult {
    let fitBegin = ContinuousClock.now
    let earlierPasses = journal.passes
    let joint =
      configuration.distribution == .joint
      ? try JointFitting.run(rows.table, scaling: rows.scaling, options: configuration.joint, journal: journal) : nil
    let outcome = try joint?.fit ?? Fitting(configuration, rows, journal: journal).run()
    let fitSeconds = fitBegin.duration(to: .now).seconds

    let design = outcome.model.design(rows.table)
    let rule = PosteriorRule(
      model: outcome.model.mixture.base, labelRule: configuration.labels, seed: configuration.seed)
    let truth = try Truth(rows.table)
    let summary = try LabelSummary(design, rule: rule, truth: truth)
    let passes = journal.passes - earlierPasses
    return TrainingResult(
      configuration: configuration, outcome: outcome, joint: joint, summary: summary, truth: truth, design: design,
      rule: rule, passes: passes, secondsPerPass: fitSeconds / Double(max(passes, 1)),
      seconds: begin.duration(to: .now).seconds)
  }

  private func variables(of collection: ShardCollection) -> Set<Variable> {
    var variables: Set<Variable> = [.covariates, .treatment]
    if configuration.useWeights { variables.insert(.weight) }
    if configuration.distribution == .joint { variables.insert(.outcome) }
    if collection.variables.contains(.source) { variables.insert(.source) }
    return variables
  }

  /// Refuses data that cannot be fitted, and centers the columns.
  private func prepare(_ table: Frame) throws -> ColumnScaling {
    try table.normalizeWeights()
    let summaries = try table.summary()
    let preconditions = Preconditions(configuration: configuration, table: table, summaries: summaries)
    try preconditions.checkColumns()
    try preconditions.checkTreatment()
    let columns = summaries.prefix(table.covariateCount + 1)
    let scaling = ColumnScaling(
      centers: columns.map(\.mean),
      // A column without spread in the rows that have weight is refused below.
      scales: columns.map { configuration.standardize && $0.variance > 0 ? $0.standardDeviation : 1 })
    table.standardize(center: scaling.centers, scale: scaling.scales)
    let identity = Design(table: table, featureNames: table.covariateNames, features: nil)
    try preconditions.checkDependence(try identity.pooledStatistics())
    return scaling
  }
}

/// What determines a run besides its data.
struct RunOptions: Encodable {
  let configuration: Configuration
  /// The most groups tried where their number is chosen; nil where it is given.
  var groupsUpTo: Int?
}

/// The rows of a collection, ready to be fitted any number of times.
struct CenteredRows: Sendable {
  let table: Frame
  let scaling: ColumnScaling
}

/// The true sources of the rows, coded 0 … in the order of their values; unknown when the data have none.
public struct Truth: Sendable {
  /// The distinct values, ascending; empty when unknown.
  public let values: [Int64]
  private let codes: [Int64: Int]
  /// More distinct sources than this are no sources.
  static let largestCount = 1000

  /// Collective.
  init(_ table: Frame) throws {
    let communicator = table.rows.communicator
    var mine: Set<Int64> = []
    try communicator.agree {
      for chunk in table.rows.localChunks {
        mine.formUnion(try table.sources(chunk: chunk) ?? [])
        guard mine.count <= Self.largestCount else {
          throw Failure(.data, "the true source has more than \(Self.largestCount) distinct values; name another --z")
        }
      }
    }
    values = Set(try communicator.allGather(elements: Array(mine)).joined()).sorted()
    codes = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($0.element, $0.offset) })
  }

  func codes(_ table: Frame, chunk: Int) throws -> [Int]? { try table.sources(chunk: chunk)?.map { codes[$0]! } }
}

extension LabelSummary {
  /// The final E step over all rows. Collective.
  init(_ design: Design, rule: PosteriorRule, truth: Truth) throws {
    let zero = LabelSummary(
      groupCount: rule.groupCount, covariateCount: design.table.covariateCount, truthCount: truth.values.count)
    self = try design.rows.sum(zero) { partial, chunk in
      let (block, totals) = try rule(design, chunk: chunk)
      partial.add(
        block, totals: totals, covariates: try design.covariates(ofChunk: chunk),
        weights: try design.table.weight(chunk: chunk), truth: try truth.codes(design.table, chunk: chunk))
    }
  }
}
