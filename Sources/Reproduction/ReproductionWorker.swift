import Communication
import ControlFunction
import Diagnostics
import Effects
import Features
import Frames
import LinearAlgebra
import MetaEM
import Mixture
import NonparametricIV
import Runs
import Simulation

/// Does cells on the ranks of a team, and keeps the models of groups that several of them share.
final class ReproductionWorker {
  private let grid: ReproductionGrid
  private let team: any Communicator
  private var models: [ModelKey: MetaEM.Result] = [:]

  private struct ModelKey: Hashable {
    let data: ReproductionData
    let row: InstrumentRow
    let replication: Int
  }

  /// Numbers of groups that k-means is chosen among.
  private static let groupNumbers = 2...8

  init(_ grid: ReproductionGrid, on team: any Communicator) {
    self.grid = grid
    self.team = team
  }

  /// Collective over the team.
  ///
  /// - Throws: on all ranks the same ``Failure``: what no other cell would be spared.
  func result(_ cell: ReproductionCell) throws -> ReproductionResult {
    let begin = ContinuousClock.now
    var result = ReproductionResult(cell)
    do {
      let draw = try ReproductionDraw(cell.data, grid.covariates, seed: seed(cell), on: team)
      switch cell.work {
      case .groups(let fit, let count): result.values = try groups(fit, count: count, draw, seed: seed(cell))
      case .effect(let row, let column):
        let found = try estimate(row, column, cell, draw)
        result.values = draw.errors(outcomes: found.outcomes, effects: found.effects)
        if cell.experiment == .figure3, let outcomes = found.outcomes { result.curve = draw.curve(outcomes) }
      }
    } catch let failure as Failure where [.data, .numerical].contains(failure.exitCode) {
      result = ReproductionResult(cell, failure: failure)
    }
    result.seconds = begin.duration(to: .now).seconds
    return result
  }

  private func seed(_ cell: ReproductionCell) -> UInt64 { grid.seed &+ UInt64(cell.replication) }

  // MARK: Groups

  private func groups(
    _ fit: GroupFit, count: Int, _ draw: ReproductionDraw, seed: UInt64
  ) throws -> [Measure: Double] {
    let ceiling = draw.bayesAccuracy
    guard fit != .bayes else { return [.accuracy: ceiling, .ceiling: ceiling] }
    var configuration = Configuration(groups: count)
    configuration.seed = seed
    configuration.distribution = fit == .kmeans ? .kmeans : .regression
    configuration.representation = fit == .metaEM ? .spline : .identity
    let scenario = draw.simulation.parameters.scenario
    let frame = try draw.frame(transform: fit == .functionEM ? { $0 + scenario($0) } : nil)
    let found = try MetaEM(configuration).fit(frame, in: Run())
    var values: [Measure: Double] = [.ceiling: ceiling]
    values[.accuracy] = found.agreement?.accuracy
    values[.discrepancy] = found.balance.mmd
    values[.bic] = found.comparableBIC
    return values
  }

  /// The groups of a row, fitted once for all its columns.
  private func model(_ row: InstrumentRow, _ cell: ReproductionCell, _ draw: ReproductionDraw) throws -> MetaEM.Result {
    let key = ModelKey(data: cell.data, row: row, replication: cell.replication)
    if let known = models[key] { return known }
    func fitted(_ count: Int) throws -> MetaEM.Result {
      var configuration = Configuration(groups: count)
      configuration.seed = seed(cell)
      switch row {
      case .joint: configuration.distribution = .joint
      case .em: configuration.distribution = .regression
      default:
        configuration.distribution = .kmeans
        configuration.representation = .identity
      }
      return try MetaEM(configuration).fit(draw.frame(), in: Run())
    }
    let found: MetaEM.Result
    if row == .kmeans {
      let all = try Self.groupNumbers.map(fitted)
      // Of equal ones the fewest.
      found = all.min { $0.balance.mmd ?? .infinity < $1.balance.mmd ?? .infinity }!
    } else {
      found = try fitted(cell.data.groups)
    }
    models[key] = found
    return found
  }

  // MARK: Effects

  /// ĝ, where a method gives it, and τ̂ of the test rows.
  private typealias Estimates = (outcomes: [Double]?, effects: [Double])

  private func estimate(
    _ row: InstrumentRow, _ column: RegressionColumn, _ cell: ReproductionCell, _ draw: ReproductionDraw
  ) throws -> Estimates {
    if column == .joint { return try joint(model(row, cell, draw), draw) }
    let source = try InstrumentSource(row, draw, seed: seed(cell)) { try model(row, cell, draw) }
    switch column {
    case .nonparametric(let method):
      var options = NonparametricOptions()
      options.seed = seed(cell)
      options.isPaper = grid.isPaper
      let function = try method.fit(source.structuralRows(), options).function
      return draw.estimates(function)
    case .ordinary, .sieve:
      // Without an instrument nothing is identified, and ordinary regression is the answer that is shown.
      let method: EffectOptions.Method = column == .sieve && row.isExcluded ? .hful : .ordinary
      let found = try draw.estimates(source.effect(method, seed: seed(cell)), source.scaling)
      // The outcome's level takes residuals in groups, of which these rows know nothing.
      return row.isExcluded ? found : (nil, found.effects)
    case .joint: preconditionFailure("the joint model has groups of its own")
    }
  }

  private func joint(_ result: MetaEM.Result, _ draw: ReproductionDraw) throws -> Estimates {
    guard let joint = result.model.joint else { preconditionFailure("a joint model") }
    let frame = try draw.testFrame(joint.tableScaling)
    let design = joint.design(of: frame)
    let chunks = frame.rows.localChunks.map(design.rows.chunk)
    return (
      try chunks.flatMap { try joint.outcomes(design, chunk: $0) },
      try chunks.flatMap { try joint.effects(design, chunk: $0) }
    )
  }
}

extension ReproductionDraw {
  /// g and τ of a function at the test rows.
  func estimates(_ function: some StructuralFunction) -> (outcomes: [Double]?, effects: [Double]) {
    let m = simulation.parameters.covariates
    let count = test.t.count
    let stride = Kernel.paddedCount(count)
    let storage = AlignedBuffer(count: (m + 4) * stride)
    for i in 0..<count {
      for j in 0..<m { storage.pointer[j * stride + i] = test.x[i * m + j] }
      storage.pointer[m * stride + i] = test.t[i]
    }
    let covariates = (0..<m).map { UnsafePointer(storage.pointer + $0 * stride) }
    let (t, zero) = (storage.pointer + m * stride, storage.pointer + (m + 1) * stride)
    let (values, base) = (storage.pointer + (m + 2) * stride, storage.pointer + (m + 3) * stride)
    return withExtendedLifetime(storage) {
      function.evaluate(t, covariates: covariates, rowCount: count, into: values)
      function.evaluate(zero, covariates: covariates, rowCount: count, into: base)
      return ((0..<count).map { values[$0] }, (0..<count).map { values[$0] - base[$0] })
    }
  }

  /// The test rows, scaled as those that are fitted.
  func testFrame(_ scaling: ColumnScaling) throws -> Frame {
    let m = simulation.parameters.covariates
    let frame = try Frame(
      rows: DistributedRows(rowCount: test.t.count, communicator: SoloCommunicator()),
      covariates: (0..<m).map { j in test.t.indices.map { test.x[$0 * m + j] } }, treatment: test.t, outcome: test.y,
      covariateNames: simulation.table?.names)
    frame.standardize(center: scaling.centers, scale: scaling.scales)
    return frame
  }

  /// g and τ at the test rows by the method that comes first.
  func estimates(
    _ result: EffectResult, _ scaling: ColumnScaling
  ) throws -> (outcomes: [Double]?, effects: [Double]) {
    guard let surface = result.surface else { preconditionFailure("a surface that was asked for") }
    let frame = try testFrame(scaling)
    let values = try frame.rows.localChunks.map { try surface.values(frame, chunk: $0, against: 0) }
    return (values.flatMap(\.g), values.flatMap(\.tau))
  }
}
