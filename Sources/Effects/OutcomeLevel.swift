import Diagnostics
import Frames
import LinearAlgebra
import Regression

/// How well X(x) is fitted by functions of one kind.
public struct LevelCriterion: Sendable, Codable, Equatable {
  /// `polynomial:3`, `splines:4`.
  public let name: String
  /// n RSS / (n - p)².
  public let gcv: Double
}

/// X(x), what the outcome has of covariates alone once the effect of the treatment is known: least squares of y - φ'b on
/// functions of x and, as nuisances, on the residual of the treatment in each group, Z_k (t - f_k(x)).
///
/// That residual moves with what confounds t and y, so it takes out most of the noise; its coefficients are dropped. The
/// functions are chosen by generalised cross-validation, n RSS / (n - p)² (Craven and Wahba 1979), among polynomials of
/// degree 2 to 5 and cubic splines of single covariates and of pairs on 3, 4 and 5 knots.
struct OutcomeLevel: Sendable {
  let basis: LevelBasis
  let criteria: [LevelCriterion]
  /// Of the constant, then of the basis.
  private let coefficients: [Double]

  static let degrees = 2...5
  static let knotCounts = [3, 4, 5]
  /// Functions that a basis has at most, with nuisances.
  static let mostColumns = 300
  /// Rows that each needs at least.
  static let rowsPerColumn = 10

  /// The quantiles and one pass. Collective.
  ///
  /// - Parameters:
  ///   - coefficients: b.
  ///   - level: E[y - φ'b].
  init(_ design: EffectDesign, _ functions: OutcomeFunctions, coefficients: [Double], level: Double) throws {
    let table = design.table
    let observations = table.frame.observationCount
    let bases = try Self.candidates(design)
    let nuisances = design.groups.groupCount
    let orders = bases.map { 1 + $0.count + nuisances + 1 }
    let lengths = orders.map(PackedTriangle.count)
    let starts = lengths.indices.map { lengths[..<$0].reduce(0, +) }
    let rows = LevelRows(design, functions, coefficients: coefficients, level: level)
    let sums = try table.rows.sum([Double](repeating: 0, count: lengths.reduce(0, +))) { sums, chunk in
      try rows.withChunk(chunk) { covariates, rest, weights, rowCount, stride in
        for (basis, start) in zip(bases, starts) {
          let values = AlignedBuffer(count: basis.count * stride)
          basis.evaluate(covariates, rowCount: rowCount, into: values.pointer, stride: stride)
          let columns = [rest[0]] + (0..<basis.count).map { values.pointer + $0 * stride } + rest.dropFirst()
          let pointers = columns.map { Optional(UnsafePointer($0)) }
          sums.withUnsafeMutableBufferPointer { sums in
            pointers.withUnsafeBufferPointer { pointers in
              Kernel.addWeightedGram(
                of: Kernel.Block(columns: pointers.baseAddress!, columnCount: pointers.count, rowCount: rowCount),
                weights: weights, groupCount: 1, stride: stride, to: sums.baseAddress! + start)
            }
          }
        }
      }
    }
    var best: (index: Int, coefficients: [Double], gcv: Double)?
    var criteria: [LevelCriterion] = []
    for index in bases.indices {
      let gram = Matrix(packedTriangle: sums[starts[index]..<starts[index] + lengths[index]], order: orders[index])
      guard let (found, kept) = try? gram.regressionOfLastColumn() else { continue }
      let squares = NormalEquations(ofLastColumn: gram).residualSquares(of: found)
      let freedom = Double(observations - kept)
      let gcv = Double(observations) * squares / (freedom * freedom)
      criteria.append(LevelCriterion(name: bases[index].name, gcv: gcv))
      if best.map({ gcv < $0.gcv }) ?? true { best = (index, found, gcv) }
    }
    guard let best else {
      throw Failure(.numerical, "the outcome has no regression on covariates; leave out those that others determine")
    }
    basis = bases[best.index]
    self.criteria = criteria
    self.coefficients = [best.coefficients[0] + level] + best.coefficients[1...basis.count]
  }

  /// What the rows allow of the bases; the covariates themselves where that is none.
  private static func candidates(_ design: EffectDesign) throws -> [LevelBasis] {
    let table = design.table
    let names = table.covariateNames
    let most = min(mostColumns, table.frame.observationCount / rowsPerColumn) - 1 - design.groups.groupCount
    var bases = degrees.filter { ControlBasis.count(covariates: names.count, degree: $0) <= most }
      .map { LevelBasis(degree: $0, covariateNames: names) }
    let shares = knotCounts.map { count in (0..<count).map { Double($0) / Double(count - 1) } }
    let quantiles = try table.covariateQuantiles(of: Array(Set(shares.joined())).sorted())
    for (count, own) in zip(knotCounts, shares) {
      let basis = LevelBasis(knots: quantiles.map { values in own.map { values[$0]! } }, count: count)
      if basis.count <= most { bases.append(basis) }
    }
    return bases.isEmpty ? [LevelBasis(degree: 1, covariateNames: names)] : bases
  }

  /// Adds X(x_i) to `output[i]`.
  ///
  /// - Parameter covariates: standardised.
  func add(_ covariates: [UnsafePointer<Double>], rowCount: Int, to output: UnsafeMutablePointer<Double>) {
    let stride = Kernel.paddedCount(rowCount)
    let values = AlignedBuffer(count: basis.count * stride)
    basis.evaluate(covariates, rowCount: rowCount, into: values.pointer, stride: stride)
    for row in 0..<rowCount { output[row] += coefficients[0] }
    for j in 0..<basis.count {
      let (own, coefficient) = (values.pointer + j * stride, coefficients[j + 1])
      for row in 0..<rowCount { output[row] += coefficient * own[row] }
    }
  }
}

/// The rows of that regression but for the functions of x: 1, Z_k (t - f_k(x)) and y - φ'b less its mean.
private struct LevelRows {
  let design: EffectDesign
  let functions: OutcomeFunctions
  let coefficients: [Double]
  let level: Double

  init(_ design: EffectDesign, _ functions: OutcomeFunctions, coefficients: [Double], level: Double) {
    self.design = design
    self.functions = functions
    self.coefficients = coefficients
    self.level = level
  }

  /// Calls `body` with the standardised covariates, these columns, the row weights, with 0 behind the rows, the number of
  /// rows and the stride of columns.
  func withChunk(
    _ chunk: Int,
    _ body: (
      _ covariates: [UnsafePointer<Double>], _ rest: [UnsafeMutablePointer<Double>], _ weights: UnsafePointer<Double>,
      _ rowCount: Int, _ stride: Int
    ) throws -> Void
  ) throws {
    let table = design.table
    let (rowCount, m, groupCount) = (table.rowCount(chunk), table.covariates.count, design.groups.groupCount)
    let stride = Kernel.paddedCount(rowCount)
    let storage = AlignedBuffer(count: (2 * m + 2 * groupCount + functions.count + 4) * stride)
    func column(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * stride }
    let (standardized, deviations) = (column(0), column(m))
    let (constant, residuals, response) = (column(2 * m), column(2 * m + 1), column(2 * m + 1 + groupCount))
    let (weights, t) = (column(2 * m + 2 + groupCount), column(2 * m + 3 + groupCount))
    let (groups, values) = (column(2 * m + 4 + groupCount), column(2 * m + 4 + 2 * groupCount))
    try table.fillCovariates(chunk, inStandardDeviations: true, into: standardized, stride: stride)
    try table.fillCovariates(chunk, inStandardDeviations: false, into: deviations, stride: stride)
    try table.fillTreatment(chunk, into: t)
    constant.update(repeating: 1, count: rowCount)
    try design.groups.fill(chunk, into: groups, stride: stride)
    try design.index.fill(chunk, isCrossFitted: false, into: residuals, stride: stride)
    for k in 0..<groupCount {
      let (own, weight) = (residuals + k * stride, groups + k * stride)
      for row in 0..<rowCount { own[row] = weight[row] * (t[row] - own[row]) }
    }
    functions.evaluate(
      t, (0..<m).map { UnsafePointer(deviations + $0 * stride) }, rowCount: rowCount, into: values, stride: stride)
    let (outcome, given) = (try table.frame.outcome(chunk: chunk)!, try table.frame.weight(chunk: chunk))
    for row in 0..<rowCount {
      response[row] = outcome[row] - level
      weights[row] = given?[row] ?? 1
    }
    for (j, coefficient) in coefficients.enumerated() {
      let own = values + j * stride
      for row in 0..<rowCount { response[row] -= coefficient * own[row] }
    }
    let rest = [constant] + (0..<groupCount).map { residuals + $0 * stride } + [response]
    try withExtendedLifetime(storage) {
      try body((0..<m).map { UnsafePointer(standardized + $0 * stride) }, rest, weights, rowCount, stride)
    }
  }
}
