import Communication
import LinearAlgebra
import Regression
import Statistics

/// What balance and certainty of groups are made of.
struct BalanceSums: Reducible {
  private let groups: Int
  private let covariates: Int
  /// Σ v and Σ v h, h the entropy of a row's group weights.
  let total: Int
  let entropy: Int
  /// Of each group Σ v Z, Σ (v Z)², and Σ v Z x, Σ v Z x² of each covariate.
  let group: PackedTable
  /// Of g = (Z_k - π_k)(x, x² - 1), all groups in their canonical order but the last: Σ v g and Σ v² g g'.
  let moments: PackedVector
  let products: PackedVector
  var summands: [Double]

  init(groups: Int, covariates: Int) {
    (self.groups, self.covariates) = (groups, covariates)
    var packing = Packing()
    total = packing.number()
    entropy = packing.number()
    group = packing.table(groups, 2 + 2 * covariates)
    let count = (groups - 1) * 2 * covariates
    moments = packing.vector(count)
    products = packing.vector(PackedTriangle.count(order: count))
    summands = packing.zeros
  }

  /// Mean and variance of each covariate in a group, in standard deviations of all rows.
  private func location(_ k: Int) -> [(mean: Double, variance: Double)] {
    let size = summands[group[k, 0]]
    return (0..<covariates).map { j in
      let mean = summands[group[k, 2 + j]] / size
      return (mean, max(0, summands[group[k, 2 + covariates + j]] / size - mean * mean))
    }
  }

  var pairs: [GroupBalance.Pair] {
    let locations = (0..<groups).map(location)
    return (0..<groups).flatMap { first in
      (first + 1..<groups).map { second in
        let both = zip(locations[first], locations[second])
        return GroupBalance.Pair(
          first: first, second: second,
          differences: both.map { a, b in
            let spread = ((a.variance + b.variance) / 2).squareRoot()
            return spread > 0 ? (a.mean - b.mean) / spread : 0
          },
          varianceRatios: both.map { $1.variance > 0 ? $0.variance / $1.variance : nil })
      }
    }
  }

  var wald: ChiSquareTest? {
    ChiSquareTest(
      Array(summands[moments.places]),
      covariance: Matrix(packedTriangle: summands[products.places], order: moments.places.count))
  }

  var labels: LabelCertainty {
    let mean = summands[entropy] / summands[total]
    return LabelCertainty(
      entropy: mean, share: mean / Elementary.log(Double(groups)),
      sizes: (0..<groups).map { summands[group[$0, 0]] * summands[group[$0, 0]] / summands[group[$0, 1]] })
  }
}

/// The rows of a chunk as balance sees them.
struct BalanceTerms {
  private let design: EffectDesign
  /// The groups, in an order in which their names play no part.
  let order: [Int]

  init(_ design: EffectDesign) {
    self.design = design
    order = design.index.canonicalOrder
  }

  var groupCount: Int { order.count }
  var covariateCount: Int { design.table.covariates.count }

  /// Adds the sums of a chunk, and the rows of it that are sampled.
  ///
  /// - Returns: whether the shares of groups depend on covariates.
  func add(
    _ chunk: Int, to sums: inout BalanceSums, sampling sample: BalanceSample, _ sampled: inout [[Double]]
  ) throws -> Bool {
    let table = design.table
    let rowCount = table.rowCount(chunk)
    let (stride, m) = (Kernel.paddedCount(rowCount), covariateCount)
    // x and x²; Z, π and Z - π; v and v², or of observations that a row stands for their number twice.
    let storage = AlignedBuffer(count: (2 * m + 3 * groupCount + 2) * stride)
    let x = storage.pointer
    let weights = x + 2 * m * stride
    let (shares, rest) = (weights + groupCount * stride, weights + 2 * groupCount * stride)
    let (v, squares) = (rest + groupCount * stride, rest + (groupCount + 1) * stride)
    try table.fillCovariates(chunk, inStandardDeviations: true, into: x, stride: stride)
    try design.groups.fill(chunk, into: weights, stride: stride)
    let isDependent = try design.index.fillShares(
      of: design.groups, chunk, rowCount: rowCount, into: shares, stride: stride)
    let given = try table.frame.weight(chunk: chunk)
    let frequencies = try table.frame.frequencies(chunk: chunk)
    for row in 0..<rowCount {
      v[row] = given?[row] ?? 1
      squares[row] = frequencies?[row] ?? v[row] * v[row]
    }
    for place in 0..<m * stride { x[m * stride + place] = x[place] * x[place] }
    for place in 0..<groupCount * stride { rest[place] = weights[place] - shares[place] }
    addGroups(x, weights, v, squares, rowCount: rowCount, stride: stride, to: &sums)
    addMoments(x, rest, v, squares, rowCount: rowCount, stride: stride, to: &sums)
    for (place, row) in sample.rows(of: table.rows.grid.rows(ofChunk: chunk)) {
      sampled.append(
        [Double(place), v[row]] + order.map { rest[$0 * stride + row] } + (0..<m).map { x[$0 * stride + row] })
    }
    return isDependent
  }

  private func addGroups(
    _ x: UnsafePointer<Double>, _ weights: UnsafePointer<Double>, _ v: UnsafePointer<Double>,
    _ squares: UnsafePointer<Double>, rowCount: Int, stride: Int, to sums: inout BalanceSums
  ) {
    let m = covariateCount
    for row in 0..<rowCount {
      var entropy = 0.0
      for k in order {
        let z = weights[k * stride + row]
        if z > 0 && z < 1 { entropy -= z * Elementary.log(z) }
      }
      sums.summands[sums.total] += v[row]
      sums.summands[sums.entropy] += v[row] * entropy
    }
    for k in 0..<groupCount {
      for row in 0..<rowCount {
        let z = weights[k * stride + row]
        sums.summands[sums.group[k, 0]] += v[row] * z
        sums.summands[sums.group[k, 1]] += squares[row] * z * z
      }
      for j in 0..<2 * m {
        var sum = 0.0
        for row in 0..<rowCount { sum += v[row] * weights[k * stride + row] * x[j * stride + row] }
        sums.summands[sums.group[k, 2 + j]] += sum
      }
    }
  }

  private func addMoments(
    _ x: UnsafePointer<Double>, _ rest: UnsafePointer<Double>, _ v: UnsafePointer<Double>,
    _ squares: UnsafePointer<Double>, rowCount: Int, stride: Int, to sums: inout BalanceSums
  ) {
    let m = covariateCount
    let count = (groupCount - 1) * 2 * m
    let storage = AlignedBuffer(count: count * stride)
    for (place, k) in order.dropLast().enumerated() {
      for j in 0..<2 * m {
        let column = storage.pointer + (place * 2 * m + j) * stride
        let center: Double = j < m ? 0 : 1
        var sum = 0.0
        for row in 0..<rowCount {
          column[row] = rest[k * stride + row] * (x[j * stride + row] - center)
          sum += v[row] * column[row]
        }
        sums.summands[sums.moments[place * 2 * m + j]] += sum
      }
    }
    let columns = (0..<count).map { Optional(UnsafePointer(storage.pointer + $0 * stride)) }
    columns.withUnsafeBufferPointer { columns in
      sums.summands.withUnsafeMutableBufferPointer { values in
        Kernel.addWeightedGram(
          of: Kernel.Block(columns: columns.baseAddress!, columnCount: count, rowCount: rowCount), weights: squares,
          groupCount: 1, stride: stride, to: values.baseAddress! + sums.products[0])
      }
    }
  }
}
