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

  /// Coordinates of all units of a block on all arms [units][Σ width].
  fileprivate func project(_ block: UnitBlock) -> [Double] {
    let (width, stride) = (starts.last!, block.stride)
    let columns = AlignedBuffer(count: width * stride)
    Kernel.Layer(
      inputs: width, outputs: problem.beforeCount, rowCount: block.units.count, stride: stride
    ).propagate(weights: projection, outputGradient: block[0], inputGradient: columns.pointer)
    let unitCount = block.units.count
    return Array(unsafeUninitializedCapacity: unitCount * width) { rows, count in
      // As many rows at a time as a cache line of each column holds.
      for first in Swift.stride(from: 0, to: unitCount, by: 8) {
        for j in 0..<width {
          for row in first..<min(first + 8, unitCount) {
            rows[row * width + j] = columns.pointer[j * stride + row]
          }
        }
      }
      count = unitCount * width
    }
  }
}

/// The units of a chunk under all arms, except where a donor is left out exactly.
final class ChunkCells {
  let models: ArmModels
  let block: UnitBlock
  private let coordinates: [Double]
  /// Square sums of outcomes before, by metric.
  private let squares: AlignedBuffer
  private let problem: PanelProblem
  private let metricCount: Int
  private let afterCells: [Range<Int>]

  init(_ models: ArmModels, chunk: Int) throws {
    self.models = models
    let problem = models.problem
    self.problem = problem
    metricCount = problem.metrics.count
    afterCells = (0..<problem.armCount).map(problem.afterCells)
    block = try UnitBlock(problem, chunk: chunk, fills: models.fills)
    coordinates = models.project(block)
    let unitCount = block.units.count
    squares = AlignedBuffer(count: metricCount * block.stride)
    for cell in 0..<problem.beforeCount {
      let (values, sums) = (block[cell], squares.pointer + cell % metricCount * block.stride)
      for row in 0..<unitCount { sums[row] += values[row] * values[row] }
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
    var square = 0.0
    for metric in model.scales.indices {
      square += squares[metric * block.stride + row] / (model.scales[metric] * model.scales[metric])
    }
    return try coordinates.withUnsafeBufferPointer { coordinates in
      let values = coordinates.baseAddress! + row * models.starts.last! + models.starts[arm]
      return try body(
        TargetCoordinates(
          values: values, residual: model.residual(square: square, values), observed: problem.beforeCount))
    }
  }

  /// A unit's outcomes in the cells after of an arm.
  func outcomes(_ row: Int, _ arm: Int) -> OwnOutcomes {
    OwnOutcomes(values: block[afterCells[arm].lowerBound] + row, stride: block.stride)
  }

  /// A unit's outcomes in the cells after of an arm, NaN where missing.
  func observedOutcomes(_ row: Int, _ arm: Int) -> [Double] { afterCells[arm].map { block.observed(row, $0) } }

  /// Mean observed outcome of a unit in the periods of an arm; NaN where all are missing.
  func observed(_ row: Int, _ arm: Int, metric: Int) -> Double {
    let (cells, isComplete) = (afterCells[arm], block.isComplete(row))
    var (sum, count) = (0.0, 0)
    for cell in stride(from: cells.lowerBound + metric, to: cells.upperBound, by: metricCount)
    where isComplete || !block.missing[row]!.contains(cell) {
      sum += block[cell][row]
      count += 1
    }
    return count > 0 ? sum / Double(count) : .nan
  }

  /// A unit under an arm, as none of its donors or, where it is one, from the others on the subspace of all.
  func numbers(_ row: Int, _ arm: Int, metric: Int) throws -> CellNumbers {
    try withCoordinates(row, arm) { c in
      guard isOwn(row, arm) else { return models.arms[arm].numbers(c, metric: metric) }
      return models.arms[arm].own(c, outcomes(row, arm), metric: metric, unit: block.units.lowerBound + row)
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
