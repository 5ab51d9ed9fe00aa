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
  /// Units whose outcomes are copied and projected at a time, so that they stay in a cache.
  private static let unitsAtATime = 128

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

  /// Coordinates of all units of a block on all arms [units][Σ width].
  ///
  /// - Parameter squares: to which the squares of outcomes before are added, by metric and unit at distances of a block.
  fileprivate func project(_ block: UnitBlock, addingSquaresTo squares: UnsafeMutablePointer<Double>) -> AlignedBuffer {
    let (width, unitCount, metricCount) = (starts.last!, block.units.count, problem.metrics.count)
    // At distances of a power of two, columns would share few lines of a cache.
    let stride = Kernel.paddedCount(min(unitCount, Self.unitsAtATime)) + Kernel.lanes
    let before = AlignedBuffer(count: problem.beforeCount * stride)
    let columns = AlignedBuffer(count: width * stride)
    let coordinates = AlignedBuffer(count: unitCount * width)
    for first in Swift.stride(from: 0, to: unitCount, by: Self.unitsAtATime) {
      let count = min(Self.unitsAtATime, unitCount - first)
      for cell in 0..<problem.beforeCount {
        let (values, held) = (block[cell] + first, before.pointer + cell * stride)
        let sums = squares + cell % metricCount * block.stride + first
        for row in 0..<count {
          held[row] = values[row]
          sums[row] += values[row] * values[row]
        }
      }
      Kernel.Layer(inputs: width, outputs: problem.beforeCount, rowCount: count, stride: stride)
        .propagate(weights: projection, outputGradient: before.pointer, inputGradient: columns.pointer)
      let rows = coordinates.pointer + first * width
      for j in 0..<width {
        let column = columns.pointer + j * stride
        for row in 0..<count { rows[row * width + j] = column[row] }
      }
    }
    return coordinates
  }
}

/// The units of a chunk under all arms, except where a donor is left out exactly.
final class ChunkCells {
  let models: ArmModels
  let block: UnitBlock
  private let coordinates: AlignedBuffer
  /// Square sums of outcomes before, by metric.
  private let squares: AlignedBuffer
  private let problem: PanelProblem
  private let metricCount: Int
  private let afterCells: [Range<Int>]
  /// Outcomes of donors after under their own arms [units][most cells], one unit's behind each other.
  private let donorOutcomes: AlignedBuffer
  private let donorWidth: Int

  init(_ models: ArmModels, chunk: Int) throws {
    self.models = models
    let problem = models.problem
    self.problem = problem
    metricCount = problem.metrics.count
    afterCells = (0..<problem.armCount).map(problem.afterCells)
    block = try UnitBlock(problem, chunk: chunk, fills: models.fills)
    squares = AlignedBuffer(count: metricCount * block.stride)
    coordinates = models.project(block, addingSquaresTo: squares.pointer)
    donorWidth = afterCells.map(\.count).max()!
    donorOutcomes = AlignedBuffer(count: block.units.count * donorWidth)
    let firsts = block.units.map { problem.donorArms[$0] < 0 ? -1 : afterCells[problem.donorArms[$0]].lowerBound }
    // As many units at a time as a line of a cache holds.
    for start in stride(from: 0, to: firsts.count, by: 8) {
      for place in 0..<donorWidth {
        for row in start..<min(start + 8, firsts.count) where firsts[row] >= 0 {
          // Shorter windows are followed by cells that nobody reads.
          let cell = min(firsts[row] + place, problem.cellCount - 1)
          donorOutcomes.pointer[row * donorWidth + place] = block[cell][row]
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
    OwnOutcomes(values: UnsafePointer(donorOutcomes.pointer) + row * donorWidth)
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
  func donorNumbers() throws -> [CellNumbers?] {
    var numbers = [CellNumbers?](repeating: nil, count: block.units.count * metricCount)
    for arm in models.arms.indices {
      let units = under(arm)
      for row in 0..<block.units.count where isOwn(row, arm) {
        for metric in 0..<metricCount { numbers[row * metricCount + metric] = try units.numbers(row, metric: metric) }
      }
    }
    return numbers
  }

  /// A unit under an arm, as none of its donors or, where it is one, from the others on the subspace of all.
  func numbers(_ row: Int, _ arm: Int, metric: Int) throws -> CellNumbers {
    try under(arm).numbers(row, metric: metric)
  }

  /// What is needed for many units under one arm.
  func under(_ arm: Int) -> UnderArm {
    UnderArm(
      cells: self, arm: arm, model: models.arms[arm],
      values: UnsafePointer(coordinates.pointer) + models.starts[arm], width: models.starts.last!,
      squares: UnsafePointer(squares.pointer), stride: block.stride, beforeCount: problem.beforeCount)
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
    fileprivate func coordinates(_ row: Int) -> TargetCoordinates {
      let square = model.square { squares[$0 * stride + row] }
      let values = values + row * width
      return TargetCoordinates(
        values: values, residual: model.residual(square: square, values), observed: beforeCount)
    }

    func numbers(_ row: Int, metric: Int) throws -> CellNumbers {
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
