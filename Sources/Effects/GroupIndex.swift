import Communication
import Diagnostics
import Features
import Frames
import LinearAlgebra
import Mixture
import Regression

/// The treatment that each group gives at the covariates of a row, f_k(x): weighted least squares of t on features of x
/// in every group, cross-fitted.
///
/// Row i takes f_k from the rows of the other folds,
/// β_k^(-v) = (G_k - G_k^(v))⁻¹ (h_k - h_k^(v)), from the Gram matrices of (1, r, t) by group and fold which one pass sums. So an index does not lean on the error of its own row, and an instrument made of it is valid
/// however many features there are (jackknife and split-sample instruments: Angrist and Krueger 1995, Angrist, Imbens and
/// Krueger 1999).
struct GroupIndex: Sendable {
  static let foldCount = 5

  let table: EffectTable
  let design: Design
  /// Of each row of this rank.
  private let folds: [UInt8]
  /// Sums of (1, r, t)(1, r, t)' by fold, then group.
  private let grams: [Double]
  /// By fold, then group: coefficients on (1, r), in the units of the frame.
  let crossFitted: [[[Double]]]
  /// By group, from all rows.
  private let whole: [[Double]]
  /// π_k, the weighted means of Z_ik.
  let shares: [Double]
  /// Σ v Z_ik.
  let sizes: [Double]
  /// The cross-fitted f_k(x_i).
  private let cache: RowCache

  var groupCount: Int { shares.count }

  /// One pass. Collective.
  ///
  /// - Parameters:
  ///   - features: r(x), of the covariates as the frame has them, or of what else the groups name as causes.
  ///   - seed: of the folds.
  /// - Throws: on all ranks the same ``Failure`` (data) that names a group without rows.
  init(_ table: EffectTable, _ groups: some GroupInstrument, features: any FeatureMap, seed: UInt64) throws {
    let evaluation: Design.Evaluation = { features.transform($0, rowCount: $1, into: $2, stride: $3) }
    let design = Design(
      table: groups.causes ?? table.frame, featureNames: features.featureNames,
      features: features.isIdentity ? nil : evaluation)
    let random = CounterRandom(seed: seed, stream: .indexFolds)
    let folds = table.rows.localRows.map { UInt8(random.integer(below: Self.foldCount, row: $0, draw: 0)) }
    let firstRow = table.rows.localRows.lowerBound
    let (groupCount, columns) = (groups.groupCount, design.columnCount)
    let length = PackedTriangle.count(order: columns)
    let zero = [Double](repeating: 0, count: Self.foldCount * groupCount * length)
    let sums = try table.rows.sum(zero) { sums, chunk in
      let rows = design.rows.chunk(chunk).rows
      let own = folds[rows.lowerBound - firstRow..<rows.upperBound - firstRow]
      try Self.addGrams(of: design, groups, chunk: chunk, Array(own), to: &sums)
    }
    func gram(_ fold: Int, _ group: Int) -> Matrix {
      Self.gram(sums, fold * groupCount + group, order: columns)
    }
    let totals = (0..<groupCount).map { k in (1..<Self.foldCount).reduce(gram(0, k)) { $0 + gram($1, k) } }
    sizes = totals.map { $0[0, 0] }
    // In an order in which the names of groups play no part.
    let all = sizes.sorted().reduce(0, +)
    shares = sizes.map { $0 / all }
    for (k, total) in totals.enumerated() where total[0, 0] < Double(columns) {
      throw Failure(
        .data,
        "group '\(groups.groupNames[k])' has \(Self.words(total[0, 0])) rows, too few for the regression of the treatment on "
          + "\(columns - 2) features; leave the group out, or train with fewer groups")
    }
    whole = try totals.map(Self.coefficients)
    crossFitted = try (0..<Self.foldCount).map { fold in
      try totals.enumerated().map { k, total in try Self.coefficients(total - gram(fold, k)) }
    }
    self.table = table
    self.design = design
    self.folds = folds
    grams = sums
    cache = RowCache(width: groupCount, of: table.frame)
  }

  /// The one of some features whose regressions of the treatment err least in the rows that they do not know: of
  /// polynomials of degree 1 and 2 and of additive splines, as far as the rows of every group allow them.
  ///
  /// A pass for each, and the quantiles. Collective.
  ///
  /// - Throws: as ``init(_:_:features:seed:)`` when the rows allow none.
  static func best(
    _ table: EffectTable, _ groups: some GroupInstrument, seed: UInt64
  ) throws -> (index: GroupIndex, features: any FeatureMap) {
    let names = table.covariateNames
    func polynomial(_ degree: Int) -> PolynomialBasis {
      PolynomialBasis(degree: degree, covariateNames: names, origin: Array(repeating: 0, count: names.count))
    }
    let linear = polynomial(1)
    var best: (index: GroupIndex, features: any FeatureMap) = (
      try GroupIndex(table, groups, features: linear, seed: seed), linear
    )
    let others: [any FeatureMap] = [polynomial(2), try SplineBasis(fitting: table.frame)]
    for features in others where best.index.sizes.allSatisfy({ $0 >= Double(features.dimension + 2) }) {
      let index = try GroupIndex(table, groups, features: features, seed: seed)
      if index.squaredError < best.index.squaredError { best = (index, features) }
    }
    return best
  }

  /// Σ v Z_ik (t_i - f_k(x_i))², every f_k from the rows of other folds.
  private var squaredError: Double {
    canonicalOrder.reduce(0) { sum, k in
      (0..<Self.foldCount).reduce(sum) { sum, v in
        let own = Self.gram(grams, v * groupCount + k, order: design.columnCount)
        return sum + NormalEquations(ofLastColumn: own).residualSquares(of: crossFitted[v][k])
      }
    }
  }

  private static func gram(_ sums: [Double], _ place: Int, order: Int) -> Matrix {
    let length = PackedTriangle.count(order: order)
    return Matrix(packedTriangle: sums[place * length..<(place + 1) * length], order: order)
  }

  /// A sum of weights, which may be no whole number, to a tenth.
  private static func words(_ size: Double) -> String {
    let rounded = (10 * size).rounded() / 10
    return rounded == rounded.rounded() ? String(Int(rounded)) : String(rounded)
  }

  /// The Gram matrix of (1, r, t) of a group in the rows of all folds but one.
  func gram(without fold: Int, group: Int) -> Matrix {
    (0..<Self.foldCount).filter { $0 != fold }
      .map { Self.gram(grams, $0 * groupCount + group, order: design.columnCount) }
      .reduce(Matrix(rows: design.columnCount, columns: design.columnCount), +)
  }

  /// The fold of each row of a chunk.
  func folds(ofChunk chunk: Int) -> [Int] {
    let (rows, first) = (design.rows.chunk(chunk).rows, table.rows.localRows.lowerBound)
    return folds[rows.lowerBound - first..<rows.upperBound - first].map(Int.init)
  }

  /// The regression of the last column on the others; features that others determine in these rows have no part in it.
  private static func coefficients(_ gram: Matrix) throws -> [Double] {
    do { return try gram.regressionOfLastColumn().coefficients } catch {
      throw Failure(.numerical, "the regression of the treatment on covariates in a group has no solution: \(error)")
    }
  }

  /// Adds the Gram matrices of a chunk's rows, fold by fold, each group's with its weights.
  private static func addGrams(
    of design: Design, _ groups: some GroupInstrument, chunk: Int, _ fold: [UInt8], to sums: inout [Double]
  ) throws {
    let place = design.rows.chunk(chunk)
    let stride = Kernel.paddedCount(place.rows.count)
    let groupCount = groups.groupCount
    let weights = AlignedBuffer(count: groupCount * stride)
    try groups.fill(chunk, into: weights.pointer, stride: stride)
    try design.withBlock(ofChunk: place) { block, rowWeights in
      let gathered = AlignedBuffer(count: (block.columnCount + groupCount) * stride)
      for v in 0..<foldCount {
        let rows = fold.indices.filter { Int(fold[$0]) == v }
        let padding = Kernel.paddedCount(rows.count)
        guard !rows.isEmpty else { continue }
        var columns: [UnsafePointer<Double>?] = []
        for j in 0..<block.columnCount {
          let (source, target) = (block.columns[j]!, gathered.pointer + j * stride)
          for (place, row) in rows.enumerated() { target[place] = source[row] }
          for place in rows.count..<padding { target[place] = 0 }
          columns.append(UnsafePointer(target))
        }
        let own = gathered.pointer + block.columnCount * stride
        for k in 0..<groupCount {
          for (place, row) in rows.enumerated() {
            own[k * stride + place] = weights.pointer[k * stride + row] * (rowWeights?[row] ?? 1)
          }
          for place in rows.count..<padding { own[k * stride + place] = 0 }
        }
        let length = block.gramCount
        sums.withUnsafeMutableBufferPointer { sums in
          columns.withUnsafeBufferPointer { columns in
            Kernel.addWeightedGram(
              of: Kernel.Block(columns: columns.baseAddress!, columnCount: columns.count, rowCount: rows.count),
              weights: own, groupCount: groupCount, stride: stride, to: sums.baseAddress! + v * groupCount * length)
          }
        }
      }
    }
  }

  /// Writes f_k(x_i) in the units of the data to `index[k * stride + row]`.
  ///
  /// - Parameter isCrossFitted: whether a row takes the regressions of the other folds, or those of all rows.
  func fill(_ chunk: Int, isCrossFitted: Bool, into index: UnsafeMutablePointer<Double>, stride: Int) throws {
    let place = design.rows.chunk(chunk)
    guard isCrossFitted else {
      return try fill(place, into: index, stride: stride) { k, block, target in
        block.evaluate(whole[k] + [0], into: target)
      }
    }
    try cache.fill(chunk, rowCount: place.rows.count, into: index, stride: stride) { index, stride in
      let fold = folds(ofChunk: chunk)
      let scratch = AlignedBuffer(count: Self.foldCount * stride)
      try fill(place, into: index, stride: stride) { k, block, target in
        for v in 0..<Self.foldCount { block.evaluate(crossFitted[v][k] + [0], into: scratch.pointer + v * stride) }
        for (row, v) in fold.enumerated() { target[row] = scratch.pointer[v * stride + row] }
      }
    }
  }

  private func fill(
    _ chunk: DesignChunk, into index: UnsafeMutablePointer<Double>, stride: Int,
    _ evaluate: (_ group: Int, Kernel.Block, _ target: UnsafeMutablePointer<Double>) -> Void
  ) throws {
    try design.withBlock(ofChunk: chunk) { block, _ in
      for k in 0..<groupCount {
        let target = index + k * stride
        evaluate(k, block, target)
        for row in 0..<block.rowCount { target[row] = table.inDataUnits(target[row]) }
      }
    }
  }

  /// p, the number of features r.
  var featureCount: Int { design.columnCount - 2 }

  /// Writes feature j of row i, in the units of the frame, to `features[j * stride + i]`.
  func fillFeatures(_ chunk: Int, into features: UnsafeMutablePointer<Double>, stride: Int) throws {
    try design.withBlock(ofChunk: design.rows.chunk(chunk)) { block, _ in
      for j in 0..<featureCount { (features + j * stride).update(from: block.columns[1 + j]!, count: block.rowCount) }
    }
  }

  /// Writes the shares that recentre the weights of a row, π_k(x_i) where they depend on x and else π_k, to
  /// `shares[k * stride + row]`.
  ///
  /// - Returns: whether they depend on x.
  func fillShares(
    of groups: some GroupInstrument, _ chunk: Int, rowCount: Int, into output: UnsafeMutablePointer<Double>, stride: Int
  ) throws -> Bool {
    if try groups.fillShares(chunk, into: output, stride: stride) { return true }
    for (k, share) in shares.enumerated() { (output + k * stride).update(repeating: share, count: rowCount) }
    return false
  }

  /// The groups by share, then by their regressions: an order in which their names play no part, so that sums over groups
  /// round alike whatever the groups are called.
  var canonicalOrder: [Int] {
    shares.indices.sorted { a, b in
      if shares[a] != shares[b] { return shares[a] > shares[b] }
      return whole[a].lexicographicallyPrecedes(whole[b])
    }
  }
}
