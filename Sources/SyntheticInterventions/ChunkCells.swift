import Diagnostics
import LinearAlgebra

/// The models of all arms, and their singular vectors as the rows of one matrix.
struct ArmModels: Sendable {
  let problem: PanelProblem
  let arms: [ArmModel]
  let fills: Fills
  /// U / scale of all arms [p, 1 + Σ width], with a column of 0 that kernels of layers have for a constant.
  private let projection: [Double]
  fileprivate let starts: [Int]

  init(_ problem: PanelProblem, _ arms: [ArmModel], fills: Fills) {
    self.problem = problem
    self.arms = arms
    self.fills = fills
    starts = arms.reduce(into: [0]) { $0.append($0.last! + $1.width) }
    projection = (0..<problem.beforeCount).flatMap { cell in
      [0]
        + arms.flatMap { arm in
          (0..<arm.width).map { arm.basis[cell, $0] / arm.scales[cell % arm.metricCount] }
        }
    }
  }

  /// The same without the estimates of other ranks than those of the arms.
  var atRank: ArmModels { ArmModels(problem, arms.map(\.atRank), fills: fills) }

  /// Finds the coordinates of all units of a block on all arms, and their square sums before.
  fileprivate func project(_ block: UnitBlock, in space: ChunkSpace) {
    let (width, metricCount, stride) = (starts.last!, problem.metrics.count, space.columnStride)
    space.squares.pointer.update(repeating: 0, count: space.squares.count)
    // Whole columns first, for memory is read fastest in long runs.
    for cell in 0..<problem.beforeCount {
      let (values, sums) = (block[cell], space.squares.pointer + cell % metricCount * block.stride)
      for row in 0..<block.units.count { sums[row] += values[row] * values[row] }
    }
    for first in Swift.stride(from: 0, to: block.units.count, by: ChunkSpace.unitsAtATime) {
      let count = min(ChunkSpace.unitsAtATime, block.units.count - first)
      for cell in 0..<problem.beforeCount {
        (space.before.pointer + cell * stride).update(from: block[cell] + first, count: count)
      }
      let columns = space.columns.pointer
      Kernel.Layer(inputs: width, outputs: problem.beforeCount, rowCount: count, stride: stride)
        .propagate(weights: projection, outputGradient: space.before.pointer, inputGradient: columns)
      let rows = space.coordinates.pointer + first * width
      for j in 0..<width {
        for row in 0..<count { rows[row * width + j] = columns[j * stride + row] }
      }
    }
  }
}

/// What the cells of a chunk are worked out in; the next chunk may take it over.
final class ChunkSpace {
  /// Units whose outcomes are copied and projected at a time, so that they stay in a cache.
  fileprivate static let unitsAtATime = 128

  /// Numbers from one column to the next of the units that are projected: at distances of a power of two, columns would
  /// share few lines of a cache.
  fileprivate let columnStride: Int
  /// Outcomes before and coordinates of the units that are projected.
  fileprivate let before: AlignedBuffer
  fileprivate let columns: AlignedBuffer
  /// Of all units [units][Σ width].
  fileprivate let coordinates: AlignedBuffer
  /// Square sums of outcomes before, by metric and unit at distances of a block.
  fileprivate let squares: AlignedBuffer
  /// Outcomes of donors after under their own arms [units][most cells], one unit's behind each other.
  fileprivate let donorOutcomes: AlignedBuffer
  fileprivate let donorWidth: Int

  init(_ models: ArmModels) {
    let (problem, width) = (models.problem, models.starts.last!)
    let grid = problem.panel.frame.rows.grid
    columnStride = Kernel.paddedCount(min(grid.chunkLength, Self.unitsAtATime)) + Kernel.lanes
    before = AlignedBuffer(count: problem.beforeCount * columnStride)
    columns = AlignedBuffer(count: width * columnStride)
    coordinates = AlignedBuffer(count: grid.chunkLength * width)
    squares = AlignedBuffer(count: problem.metrics.count * grid.columnStride)
    donorWidth = (0..<problem.armCount).map { problem.afterCells($0).count }.max()!
    donorOutcomes = AlignedBuffer(count: grid.chunkLength * donorWidth)
  }
}

/// The units of a chunk under all arms, except where a donor is left out exactly.
///
/// They are of use until another chunk takes over their space.
final class ChunkCells {
  let models: ArmModels
  let block: UnitBlock
  /// The rows of each arm's donors, ascending.
  private let donors: [[Int]]
  private let space: ChunkSpace
  private let problem: PanelProblem
  private let metricCount: Int
  private let afterCells: [Range<Int>]

  init(_ models: ArmModels, chunk: Int, in space: ChunkSpace? = nil) throws {
    let space = space ?? ChunkSpace(models)
    self.models = models
    self.space = space
    let problem = models.problem
    self.problem = problem
    metricCount = problem.metrics.count
    afterCells = (0..<problem.armCount).map(problem.afterCells)
    block = try UnitBlock(problem, chunk: chunk, fills: models.fills)
    models.project(block, in: space)
    donors = block.donors(problem)
    let (outcomes, width) = (space.donorOutcomes.pointer, space.donorWidth)
    for (rows, cells) in zip(donors, afterCells) {
      // As many at a time as stay in the first cache.
      for start in stride(from: 0, to: rows.count, by: 64) {
        for (place, cell) in cells.enumerated() {
          let column = block[cell]
          for row in rows[start..<min(start + 64, rows.count)] { outcomes[row * width + place] = column[row] }
        }
      }
    }
  }

  /// Whether a unit is a donor of an arm.
  func isOwn(_ row: Int, _ arm: Int) -> Bool { problem.donorArms[block.units.lowerBound + row] == arm }

  /// Gives a unit's coordinates on an arm, by regression on what is observed where some cells before are missing.
  ///
  /// - Throws: ``Failure`` data that names a unit with too few observed cells.
  func withCoordinates<Value>(_ row: Int, _ arm: Int, _ body: (TargetCoordinates) throws -> Value) throws -> Value {
    let model = models.arms[arm]
    if !block.isComplete(row), !isOwn(row, arm), case let missing = block.missing(row, 0..<problem.beforeCount),
      !missing.isEmpty
    {
      return try ObservedCoordinates(
        model, block.values(row, 0..<problem.beforeCount), missing: missing,
        unit: problem.panel.units[block.units.lowerBound + row]
      ).with(body)
    }
    return try body(under(arm).coordinates(row))
  }

  /// A donor's outcomes in the cells after of its arm.
  func ownOutcomes(_ row: Int) -> OwnOutcomes {
    OwnOutcomes(values: UnsafePointer(space.donorOutcomes.pointer) + row * space.donorWidth)
  }

  /// A unit's outcomes in the cells after of an arm, NaN where missing.
  func observedOutcomes(_ row: Int, _ arm: Int) -> [Double] { afterCells[arm].map { block.observed(row, $0) } }

  /// Mean outcome of a donor that lacks none in the periods of its arm.
  func meanOutcome(_ row: Int, _ arm: Int, metric: Int) -> Double {
    let (outcomes, periods) = (ownOutcomes(row), afterCells[arm].count / metricCount)
    var sum = 0.0
    for period in 0..<periods { sum += outcomes[period * metricCount + metric] }
    return sum / Double(periods)
  }

  /// The donors of a chunk under their own arms by metric, one unit's behind each other; nil for other units.
  func donorSummaries(_ rule: IntervalRule) throws -> [CellSummary?] {
    var summaries = [CellSummary?](repeating: nil, count: block.units.count * metricCount)
    for (arm, rows) in donors.enumerated() {
      let units = under(arm)
      for row in rows {
        for metric in 0..<metricCount {
          summaries[row * metricCount + metric] = CellSummary(try units.numbers(row, metric: metric), rule)
        }
      }
    }
    return summaries
  }

  /// A unit under an arm, as none of its donors or, where it is one, from the others on the subspace of all.
  func numbers(_ row: Int, _ arm: Int, metric: Int) throws -> CellNumbers {
    try under(arm).numbers(row, metric: metric)
  }

  /// What is needed for many units under one arm.
  func under(_ arm: Int) -> UnderArm {
    UnderArm(
      cells: self, arm: arm, model: models.arms[arm],
      values: UnsafePointer(space.coordinates.pointer) + models.starts[arm], width: models.starts.last!,
      squares: UnsafePointer(space.squares.pointer), stride: block.stride, beforeCount: problem.beforeCount)
  }

  /// The units of a chunk under one arm.
  struct UnderArm {
    fileprivate let cells: ChunkCells
    fileprivate let arm: Int
    fileprivate let model: ArmModel
    fileprivate let values: UnsafePointer<Double>
    fileprivate let width: Int
    fileprivate let squares: UnsafePointer<Double>
    fileprivate let stride: Int
    fileprivate let beforeCount: Int

    /// The coordinates of a unit that lacks no outcome before, or of a donor.
    @inline(__always) fileprivate func coordinates(_ row: Int) -> TargetCoordinates {
      let square = model.square { squares[$0 * stride + row] }
      let values = values + row * width
      return TargetCoordinates(
        values: values, residual: model.residual(square: square, values), observed: beforeCount)
    }

    @inline(__always) func numbers(_ row: Int, metric: Int) throws -> CellNumbers {
      if cells.isOwn(row, arm) {
        return model.own(
          coordinates(row), cells.ownOutcomes(row), metric: metric, unit: cells.block.units.lowerBound + row)
      }
      guard cells.block.isComplete(row) else {
        return try cells.withCoordinates(row, arm) { model.numbers($0, metric: metric) }
      }
      return model.numbers(coordinates(row), metric: metric)
    }
  }
}

/// The coordinates of a unit of which some cells before are missing: the regression of the others on their rows of U.
struct ObservedCoordinates {
  private let values: [Double]
  private let residual: Double
  private let observed: Int

  /// - Throws: ``Failure`` data that names the unit when fewer than k + 1 cells are observed, or they do not determine
  ///   the coordinates.
  init(_ model: ArmModel, _ before: [Double], missing: [Int], unit: String) throws {
    let rows = before.indices.filter { !missing.contains($0) }
    let rank = model.rank
    guard rows.count > rank else {
      throw Failure(
        .data,
        "unit '\(unit)' has \(rows.count) observed values before, and rank \(rank) needs \(rank + 1); leave it out with "
          + "--exclude, lower --rank, or give --targets without it")
    }
    let scaled = rows.map { before[$0] / model.scales[$0 % model.metricCount] }
    let basis = model.basis.selecting(rows: rows, columns: Array(0..<rank))
    let cross = basis.transposed * scaled
    guard let factor = try? Cholesky(basis.gram) else {
      throw Failure(
        .data,
        "the observed values of unit '\(unit)' before do not determine it at rank \(rank); leave it out with --exclude, or "
          + "lower --rank")
    }
    let solution = factor.solve(cross)
    let square = scaled.reduce(0) { $0 + $1 * $1 }
    let rest = zip(cross, solution).reduce(square) { $0 - $1.0 * $1.1 }
    // Other ranks have no coordinates of their own: estimates of lower ones take the first of these.
    values = solution + Array(repeating: 0, count: model.width - rank)
    residual = rest > 1e-13 * square ? rest : 0
    observed = rows.count
  }

  func with<Value>(_ body: (TargetCoordinates) throws -> Value) rethrows -> Value {
    try values.withUnsafeBufferPointer {
      try body(TargetCoordinates(values: $0.baseAddress!, residual: residual, observed: observed))
    }
  }
}
