import Communication
import Diagnostics
import LinearAlgebra
import Statistics

/// Hansen's J of several models of one response which share controls and instruments and differ in their endogenous
/// columns, from three passes over the rows for all of them.
///
/// The first pass centres and scales the columns, the second sums one Gram matrix, of whose blocks the two-stage least
/// squares of every model follow. The third evaluates the instruments once for all models and sums, for each, the
/// variance Σ v² u² q q' of its moments with its residuals u.
public struct OveridentificationComparison: Sendable {
  /// n, the number of observations of positive weight.
  public let rowCount: Double
  /// For each model J; nil where it has as many endogenous columns as there are instruments, and what is wrong with it
  /// where the rows do not determine it.
  public let tests: [Result<ChiSquareTest?, any Error>]

  /// Collective.
  ///
  /// - Parameters:
  ///   - source: all endogenous columns that some model has; clusters are not looked at.
  ///   - models: the endogenous columns of each, by their places among those of the source.
  /// - Throws: on all ranks the same ``Failure``: what no model can be fitted to.
  public init(_ source: some InstrumentalRows, models: [[Int]]) throws {
    let standardization = try Standardization(source)
    let gram = try Orthonormalization.gram(source, standardization)
    rowCount = standardization.rowCount
    let fits = models.map { places in
      Result { try ModelFit(gram, source.names, endogenous: places, rowCount: standardization.rowCount) }
    }
    let found = fits.compactMap { try? $0.get() }
    let variances = try Self.variances(of: found, source, standardization)
    var next = variances.makeIterator()
    tests = fits.map { fit in
      fit.flatMap { fit in
        let variance = next.next()!
        return Result { try fit.hansenJ(variance) }
      }
    }
  }

  /// Σ v² u² q q' of each model, in one pass.
  private static func variances(
    of fits: [ModelFit], _ source: some InstrumentalRows, _ standardization: Standardization
  ) throws -> [Matrix] {
    guard let basis = fits.first?.basis else { return [] }
    let (c, l) = (basis.controlCount, basis.instrumentCount)
    let exogenous = source.names.controls.count + source.names.instruments.count
    // Controls and instruments depend on each other in the same way whatever the model.
    let kept = basis.kept.prefix(c - 1 + l) + (exogenous..<source.names.all.count)
    let rows = StandardizedRows(columnCount: kept.count + 1)
    let stride = rows.stride
    let errors = Matrix(fits.map { $0.error(endogenousCount: source.names.endogenous.count) })
    let (q, factors) = (AlignedBuffer(count: l * stride), AlignedBuffer(count: fits.count * stride))
    let instruments = (0..<l).map { q.pointer + $0 * stride }
    let length = PackedTriangle.count(order: l)
    let sums = try source.rows.sum([Double](repeating: 0, count: fits.count * length)) { sums, index in
      try source.withChunk(index) { chunk in
        for block in chunk.blocks {
          rows.fill(block, standardization, kept: Array(kept))
          let count = Kernel.paddedCount(block.rowCount)
          rows.forward(basis.instruments, into: q.pointer, count)
          rows.forward(errors, into: factors.pointer, count)
          let (weights, totals) = (rows.weights.pointer, rows.totals.pointer)
          for model in fits.indices {
            let factor = factors.pointer + model * stride
            for i in 0..<count { factor[i] = totals[i] * weights[i] * factor[i] * factor[i] }
          }
          Kernel.addWeightedGram(
            of: instruments, rowCount: count, weights: factors.pointer, groupCount: fits.count, stride: stride,
            to: &sums, at: 0)
        }
      }
    }
    return fits.indices.map { Matrix(packedTriangle: sums[$0 * length..<($0 + 1) * length], order: l) }
  }
}

/// One of the models after the second pass.
private struct ModelFit {
  let basis: Orthonormalization
  /// Places among the endogenous columns of the source.
  private let endogenous: [Int]
  /// b of two-stage least squares.
  private let slopes: [Double]
  private let names: InstrumentalNames

  /// - Parameter gram: of the columns 1, W, Z, D, y, with the endogenous columns of all models.
  init(_ gram: Matrix, _ names: InstrumentalNames, endogenous: [Int], rowCount: Double) throws {
    let first = 1 + names.controls.count + names.instruments.count
    let columns = Array(0..<first) + endogenous.map { first + $0 } + [gram.columns - 1]
    var own = names
    own.endogenous = endogenous.map { names.endogenous[$0] }
    self.endogenous = endogenous
    self.names = own
    basis = try Orthonormalization(gram.selecting(rows: columns, columns: columns), own, rowCount: rowCount)
    let moments = basis.reducedForm
    slopes = try Self.slopes(moments, own) { $0 }
  }

  /// The residual as a form of the columns 1, W, Z, D, y.
  func error(endogenousCount: Int) -> [Double] {
    let beta = slopes.map(-) + [1]
    let (c, l) = (basis.controlCount, basis.instrumentCount)
    let explained = basis.explained.transposed * beta
    var form = explained.map(-) + Array(repeating: 0, count: l + endogenousCount) + [1]
    for (place, slope) in zip(endogenous, slopes) { form[c + l + place] = -slope }
    return form
  }

  /// What two-step GMM leaves of the moments.
  func hansenJ(_ variance: Matrix) throws -> ChiSquareTest? {
    let moments = basis.reducedForm
    guard moments.rows > slopes.count else { return nil }
    let factor: Cholesky
    do { factor = try Cholesky(variance) } catch {
      throw Failure(.numerical, "the moments of \(moments.rows) instruments have no variance matrix (\(error))")
    }
    let second = try Self.slopes(moments, names) { factor.solve($0) }
    let rest = moments * (second.map(-) + [1])
    return ChiSquareTest(statistic: dot(rest, factor.solve(rest)), degreesOfFreedom: moments.rows - slopes.count)
  }

  /// (M_D' A M_D)⁻¹ M_D' A M_y of the moments M of D and y.
  private static func slopes(
    _ moments: Matrix, _ names: InstrumentalNames, weighted: (Matrix) -> Matrix
  ) throws -> [Double] {
    let (all, q) = (Array(0..<moments.rows), moments.columns - 1)
    let own = moments.selecting(rows: all, columns: Array(0..<q))
    let onInstruments = weighted(own).transposed
    return try InstrumentalRegression.named(names) {
      try Cholesky(onInstruments * own).solve(onInstruments * all.map { moments[$0, q] })
    }
  }
}
