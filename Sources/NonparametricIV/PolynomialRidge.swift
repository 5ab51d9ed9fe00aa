import Communication
import Diagnostics
import Features
import LinearAlgebra
import Regression

/// Ridge regression on the monomials of some variables, with degree and penalty chosen by cross-validation.
///
/// min Σ v (y - a - b'p(x))² + α |b|². Judged is the mean over folds of the mean squared error on the fold of a fit to the
/// others. Of the choices that are worse than the best by at most one standard error of the difference over folds the
/// one of the lowest degree is taken, then the largest penalty (Breiman, Friedman, Olshen and Stone 1984). One reduction
/// sums the Gram matrices of (1, p(x), y) by fold; everything else is made of them.
struct PolynomialRidge: Sendable {
  static let foldCount = 5
  static let highestDegree = 3
  /// The most monomials that a regression may have; higher degrees than they allow are not tried.
  static let mostMonomials = 400
  static let penalties = (-5...5).map { exponent in
    exponent < 0 ? 1 / Elementary.power(10, -exponent) : Elementary.power(10, exponent)
  }

  let polynomial: Polynomial
  let penalty: Double
  /// The mean over folds of the held-out mean squared error.
  let error: Double

  /// One pass. Collective.
  ///
  /// - Parameters:
  ///   - folds: the parts of the rows that are held out in turn.
  ///   - takesLeast: whether the least error decides alone.
  ///   - columns: calls its last argument with the variables of a chunk, and the response.
  /// - Throws: on all ranks the same ``Failure``: (data) too few rows for a fold.
  init<Source: StructuralRows>(
    _ source: Source, folds: RowParts, takesLeast: Bool, variableCount: Int,
    _ columns: (StructuralChunk, (_ variables: [UnsafePointer<Double>], _ response: UnsafePointer<Double>) -> Void) ->
      Void
  ) throws {
    let degrees = (1...Self.highestDegree).filter {
      $0 == 1 || PolynomialBasis.count(covariates: variableCount, degree: $0) <= Self.mostMonomials
    }
    let counts = degrees.map { PolynomialBasis.count(covariates: variableCount, degree: $0) }
    let grams = try Self.grams(source, folds, degree: degrees.last!, variableCount, columns)
    guard grams.allSatisfy({ $0[0, 0] > 0 }) else {
      throw Failure(
        .data, "one of the \(folds.count) folds that polynomials are judged on has no row with weight; give more rows")
    }
    let whole = Self.sum(grams)
    let rests = grams.indices.map { fold in Self.sum(grams.enumerated().filter { $0.offset != fold }.map(\.element)) }
    var choices: [Choice] = []
    for (degree, count) in zip(degrees, counts) {
      for penalty in Self.penalties.reversed() {
        let errors = try zip(grams, rests).map { pair in
          let held = NormalEquations(pair.0, regressors: Array(0...count), response: whole.columns - 1)
          return held.residualSquares(of: try Self.fit(pair.1, count, penalty).coefficients) / pair.0[0, 0]
        }
        choices.append(Choice(degree: degree, penalty: penalty, errors: errors))
      }
    }
    guard let least = choices.filter({ !$0.error.isNaN }).min(by: { $0.error < $1.error }) else {
      throw Failure(.numerical, "no polynomial has a finite error; check the columns")
    }
    let best = takesLeast ? least : choices.first { $0.isAsGood(as: least) } ?? least
    let count = PolynomialBasis.count(covariates: variableCount, degree: best.degree)
    polynomial = Polynomial(
      degree: best.degree, variableCount: variableCount,
      coefficients: try Self.fit(whole, count, best.penalty).coefficients)
    penalty = best.penalty
    error = best.error
  }

  /// A degree and a penalty with their errors on the folds.
  private struct Choice {
    let degree: Int
    let penalty: Double
    let errors: [Double]

    var error: Double { errors.reduce(0, +) / Double(errors.count) }

    /// Whether the mean difference is at most its standard error.
    func isAsGood(as best: Choice) -> Bool {
      let differences = zip(errors, best.errors).map { $0 - $1 }
      let (count, mean) = (Double(errors.count), error - best.error)
      let squares = differences.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      return mean <= (squares / (count * (count - 1))).squareRoot()
    }
  }

  private static func fit(_ gram: Matrix, _ count: Int, _ penalty: Double) throws -> Ridge {
    do {
      return try Ridge(gram, regressors: Array(1..<count + 1), response: gram.columns - 1, penalty: penalty)
    } catch {
      throw Failure(.numerical, "ridge regression on polynomials has no solution at penalty \(penalty): \(error)")
    }
  }

  private static func sum(_ grams: [Matrix]) -> Matrix { grams.dropFirst().reduce(grams[0], +) }

  /// Σ v c c' of c = (1, monomials, response), by fold.
  private static func grams<Source: StructuralRows>(
    _ source: Source, _ folds: RowParts, degree: Int, _ variableCount: Int,
    _ columns: (StructuralChunk, ([UnsafePointer<Double>], UnsafePointer<Double>) -> Void) -> Void
  ) throws -> [Matrix] {
    let basis = Polynomial.monomials(degree: degree, variableCount: variableCount)
    let order = basis.dimension + 2
    let length = PackedTriangle.count(order: order)
    let sums = try source.rows.sum([Double](repeating: 0, count: folds.count * length)) { sums, chunk in
      try source.withChunk(chunk) { block in
        let stride = Kernel.paddedCount(block.rowCount)
        let storage = AlignedBuffer(count: order * stride)
        storage.pointer.update(repeating: 1, count: stride)
        columns(block) { variables, response in
          basis.transform(variables, rowCount: block.rowCount, into: storage.pointer + stride, stride: stride)
          (storage.pointer + (order - 1) * stride).update(from: response, count: block.rowCount)
        }
        let weights = folds.weights(of: block, firstRow: source.rows.grid.rows(ofChunk: chunk).lowerBound)
        let columns = (0..<order).map { UnsafePointer(storage.pointer + $0 * stride) as UnsafePointer<Double>? }
        columns.withUnsafeBufferPointer { columns in
          sums.withUnsafeMutableBufferPointer {
            Kernel.addWeightedGram(
              of: Kernel.Block(columns: columns.baseAddress!, columnCount: order, rowCount: block.rowCount),
              weights: weights.pointer, groupCount: folds.count, stride: stride, to: $0.baseAddress!)
          }
        }
      }
    }
    return (0..<folds.count).map {
      Matrix(packedTriangle: sums[$0 * length..<($0 + 1) * length], order: order)
    }
  }
}
