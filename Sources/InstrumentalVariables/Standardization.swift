import Communication
import Diagnostics
import LinearAlgebra

/// The first pass: where the columns lie and how far they spread, so that their products do not cancel later.
///
/// Scales are powers of two, which round nothing; what is computed on (x - center) / scale is given back in the columns'
/// own units.
struct Standardization: Sendable, Equatable {
  /// n, the observations of positive weight.
  let rowCount: Double
  /// What brings the weights of these observations to mean 1.
  let weightFactor: Double
  /// The weighted means of W, Z, D, y.
  let centers: [Double]
  /// The power of two at or below each standard deviation; 1 where there is none.
  let scales: [Double]

  /// Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (data) that names a column whose numbers are too large to be squared, or
  ///   says that no row has a positive weight.
  init(_ source: some InstrumentalRows) throws {
    self = try Self.all(SingleRegression(source: source))[0].get()
  }

  /// Those of several regressions, or why one has none. One pass. Collective.
  static func all(_ family: some InstrumentalFamily) throws -> [Result<Standardization, any Error>] {
    let own = AlignedBuffer(count: family.rows.grid.columnStride)
    let weights = AlignedBuffer(count: family.rows.grid.columnStride)
    let zeros = family.names.map { [Double](repeating: 0, count: 2 + 2 * $0.all.count) as [Double]? }
    let sums = try family.sums(zeros) { _, block, _, sums in
      sums[0] += block.fillWeights(factor: 1, own: own, totals: weights)
      sums[1] += weights.pointer.sum(block.rowCount)
      for (j, column) in block.columns.enumerated() {
        let (first, second) = column.momentSums(weights.pointer, block.rowCount)
        sums[2 + j] += first
        sums[2 + block.columns.count + j] += second
      }
    }
    return zip(sums, family.names).map { sums, names in Result { try Standardization(sums!, names.all) } }
  }

  /// - Parameter sums: the observations, Σ v, and Σ v c and Σ v c² of each column.
  private init(_ sums: [Double], _ names: [String]) throws {
    let count = names.count
    guard sums[0] > 0, sums[1] > 0, sums[1].isFinite else {
      throw Failure(.data, "no row of the regression has a positive weight; at least one must have")
    }
    rowCount = sums[0]
    weightFactor = sums[0] / sums[1]
    centers = (0..<count).map { sums[2 + $0] / sums[1] }
    var scales: [Double] = []
    for j in 0..<count {
      let square = sums[2 + count + j] / sums[1]
      guard square.isFinite else {
        throw Failure(
          .data, "the squares of column '\(names[j])' add up to \(square); give it in larger units, so that they do not"
        )
      }
      let variance = square - centers[j] * centers[j]
      // Where the mean is so large that rounding hides the spread, no scale is needed: products are centred anyway.
      scales.append(
        variance > 1e-12 * square ? Double(sign: .plus, exponent: variance.squareRoot().exponent, significand: 1) : 1)
    }
    self.scales = scales
  }
}

extension UnsafeMutablePointer<Double> {
  /// The sum in eight lanes that are folded in a fixed order; padding must be 0.
  func sum(_ count: Int) -> Double {
    var lanes = SIMD8<Double>.zero
    let start = UnsafeRawPointer(self)
    for offset in stride(from: 0, to: Kernel.paddedCount(count) * 8, by: 64) {
      lanes += start.load(fromByteOffset: offset, as: SIMD8<Double>.self)
    }
    return lanes.folded
  }
}

extension UnsafePointer<Double> {
  /// Σ w x and Σ w x², in lanes; weights behind the rows must be 0.
  func momentSums(_ weights: UnsafePointer<Double>, _ count: Int) -> (first: Double, second: Double) {
    var (first, second) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
    let (values, weights) = (UnsafeRawPointer(self), UnsafeRawPointer(weights))
    for offset in stride(from: 0, to: Kernel.paddedCount(count) * 8, by: 64) {
      let value = values.load(fromByteOffset: offset, as: SIMD8<Double>.self)
      let weighted = weights.load(fromByteOffset: offset, as: SIMD8<Double>.self) * value
      first += weighted
      second += weighted * value
    }
    return (first.folded, second.folded)
  }
}

extension SIMD8<Double> {
  /// The sum of the lanes, by halves.
  var folded: Double {
    let four = lowHalf + highHalf
    let two = four.lowHalf + four.highHalf
    return two.x + two.y
  }
}
