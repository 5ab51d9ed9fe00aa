import Communication
import Features
import Frames
import LinearAlgebra
import Statistics

/// Score tests of features that the regressions of a mixture leave out, at its maximum without them (Rao 1948).
///
/// With γ the posteriors, r_k = t - β_k'(1, r) and s_i the scores of row i in (β_k, log σ_k, log π_k / π_0) by Fisher's
/// identity, the score of feature f entering group k is u_ik = γ_ik r_ik f_i / σ_k², times the row's precision where errors
/// are of a t law. The statistic is U'V⁻¹U with
/// U = Σ w (u - C s), C = (Σ v u s')(Σ v s s')⁻¹, V = Σ v (u - C s)(u - C s)', v = w² or, of frequencies, w: once with one
/// coefficient for all groups, u_i = Σ_k u_ik, and once with one for each.
public struct OmittedFeatures: Sendable {
  /// What the rows say of one feature.
  public struct Tests: Sendable, Equatable {
    /// With one coefficient common to the groups.
    public let common: ChiSquareTest
    /// With a coefficient for each group; nil where the rows of the groups do not determine them.
    public let byGroup: ChiSquareTest?

    /// The smaller of two p values, for two tests.
    public var pValue: Double { byGroup.map { min(1, 2 * min($0.pValue, common.pValue)) } ?? common.pValue }

    /// The tests where each row counts for a share of an observation.
    package func counting(_ share: Double) -> Tests {
      Tests(common: common.counting(share), byGroup: byGroup?.counting(share))
    }
  }

  /// Of each feature; nil where the regressions hold it already.
  public let tests: [Tests?]

  /// The least share of the square sum of a feature's score that the scores of the mixture leave, for a test.
  private static let leastShare = 1e-6

  init(_ sums: Matrix, _ scores: OmittedScores) {
    let own = Array(1..<1 + scores.ownCount)
    let rest = Array(1 + scores.ownCount..<sums.rows)
    guard let factor = try? Cholesky(sums.selecting(rows: own, columns: own), tolerance: 0) else {
      tests = Array(repeating: nil, count: scores.featureCount)
      return
    }
    let crossed = sums.selecting(rows: own, columns: rest)
    let projection = factor.solve(crossed)
    let gradient = projection.transposed * own.map { sums[0, $0] }
    tests = (0..<scores.featureCount).map { feature in
      let places = scores.places(of: feature).map { $0 - rest[0] }
      let score = places.map { sums[0, rest[$0]] - gradient[$0] }
      var variance = Matrix(rows: places.count, columns: places.count)
      for (a, i) in places.enumerated() {
        for (b, j) in places.enumerated() {
          let explained = own.indices.reduce(0) { $0 + projection[$1, i] * crossed[$1, j] }
          variance[a, b] = sums[rest[i], rest[j]] - explained
        }
      }
      let ones = Array(repeating: 1.0, count: places.count)
      let total = places.reduce(0) { sum, i in places.reduce(sum) { $0 + sums[rest[i], rest[$1]] } }
      let left = (variance * ones).reduce(0, +)
      guard left > Self.leastShare * total else { return nil }
      let sum = score.reduce(0, +)
      let each = try? Cholesky(variance, tolerance: Self.leastShare).solve(score)
      return Tests(
        common: ChiSquareTest(statistic: sum * sum / left, degreesOfFreedom: 1),
        byGroup: each.map { solved in
          ChiSquareTest(
            statistic: zip(score, solved).reduce(0) { $0 + $1.0 * $1.1 }, degreesOfFreedom: places.count)
        })
    }
  }
}

/// The scores of one chunk's rows, column by column: (1, s, u), with the weights that make of their products the sums.
final class OmittedScores {
  private let model: RegressionMixture
  let featureCount: Int
  private var groupCount: Int { model.groupCount }
  private var width: Int { model.coefficients[0].count }

  /// Those of β_k, log σ_k and log π_k / π_0.
  var ownCount: Int { groupCount * (width + 2) - 1 }
  /// All, and the constant.
  var columnCount: Int { 1 + ownCount + groupCount * featureCount }

  init(_ model: RegressionMixture, featureCount: Int) {
    self.model = model
    self.featureCount = featureCount
  }

  /// The columns of the scores of a column's coefficients, a group after another.
  func places(ofColumn column: Int) -> [Int] { (0..<groupCount).map { 2 + $0 * (width + 1) + column } }

  /// The columns of a feature, a group after another.
  func places(of feature: Int) -> [Int] {
    (0..<groupCount).map { 1 + ownCount + $0 * featureCount + feature }
  }

  /// Adds Σ w (s, u) of a chunk, as row 0, and Σ v (s, u)(s, u)' to a packed triangle.
  ///
  /// - Parameters:
  ///   - features: feature j of row i at `features[j * stride + i]`.
  ///   - stride: of columns; a whole number of tiles.
  func add(
    _ block: Kernel.Block, weights: RowWeights, features: UnsafePointer<Double>, stride: Int, to sums: inout [Double]
  ) {
    let rows = block.rowCount
    let buffer = AlignedBuffer(count: stride * (columnCount + groupCount + 2))
    func column(_ index: Int) -> UnsafeMutablePointer<Double> { buffer.pointer + index * stride }
    let (residual, products) = (column(columnCount + groupCount), column(columnCount + groupCount + 1))
    let posteriors = column(columnCount)
    model.forms.withKernelMixture(at: block) { mixture in
      _ = Kernel.responsibilities(of: block, under: mixture, into: posteriors, stride: stride)
    }
    for row in 0..<rows {
      products[row] = weights[row].products
      column(0)[row] = 1
      for k in 0..<groupCount { posteriors[k * stride + row] *= weights[row].scores }
    }
    var next = 1
    func append(_ fill: (UnsafeMutablePointer<Double>) -> Void) {
      fill(column(next))
      next += 1
    }
    let forms = model.forms
    for k in 0..<groupCount {
      let gamma = posteriors + k * stride
      let precision = 1 / (model.standardDeviations[k] * model.standardDeviations[k])
      block.evaluate(model.coefficients[k].map { -$0 } + [1], into: residual)
      append { target in
        forms.withPrecisions(at: block) { u, width in
          for row in 0..<rows {
            let weight = (u?[k * width + row] ?? 1) * precision
            target[row] = gamma[row] * (residual[row] * residual[row] * weight - 1)
            residual[row] *= gamma[row] * weight
          }
        }
      }
      for j in 0..<width {
        let values = block.columns[j]!
        append { target in for row in 0..<rows { target[row] = residual[row] * values[row] } }
      }
      for j in 0..<featureCount {
        let (values, target) = (features + j * stride, column(places(of: j)[k]))
        for row in 0..<rows { target[row] = residual[row] * values[row] }
      }
    }
    for k in 1..<max(groupCount, 1) {
      let (gamma, share) = (posteriors + k * stride, model.mixingWeights[k])
      append { target in for row in 0..<rows { target[row] = gamma[row] - share * weights[row].scores } }
    }
    let columns = (0..<columnCount).map { UnsafePointer<Double>?(column($0)) }
    sums.withUnsafeMutableBufferPointer { sums in
      columns.withUnsafeBufferPointer { columns in
        Kernel.addWeightedGram(
          of: Kernel.Block(columns: columns.baseAddress!, columnCount: columnCount, rowCount: rows), weights: products,
          groupCount: 1, stride: stride, to: sums.baseAddress!)
      }
    }
  }

  /// Sampling weights multiply scores, and frequencies their products.
  struct RowWeights {
    let values: UnsafePointer<Double>?
    let kind: WeightKind?

    subscript(row: Int) -> (scores: Double, products: Double) {
      let weight = values?[row] ?? 1
      return kind == .frequency ? (1, weight) : (weight, 1)
    }
  }
}

extension Design {
  /// Score tests of features of x that the regressions of `model` leave out, by one pass. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  public func tests(omitting features: some FeatureMap, from model: RegressionMixture) throws -> OmittedFeatures {
    let (sums, scores) = try scoreProducts(of: model, features)
    return OmittedFeatures(sums, scores)
  }

  private func scoreProducts(
    of model: RegressionMixture, _ features: some FeatureMap
  ) throws -> (Matrix, OmittedScores) {
    let scores = OmittedScores(model, featureCount: features.dimension)
    let zero = Array(repeating: 0.0, count: PackedTriangle.count(order: scores.columnCount))
    let sums = try rows.sum(zero) { partial, chunk in
      let stride = (chunk.rows.count + 31) / 32 * 32
      let values = AlignedBuffer(count: stride * features.dimension)
      features.transform(
        try covariates(ofChunk: chunk), rowCount: chunk.rows.count, into: values.pointer, stride: stride)
      try withBlock(ofChunk: chunk) { block, weights in
        scores.add(
          block, weights: OmittedScores.RowWeights(values: weights, kind: table.weightKind), features: values.pointer,
          stride: stride, to: &partial)
      }
    }
    return (Matrix(packedTriangle: sums, order: scores.columnCount), scores)
  }

  /// Wald tests of some columns having no coefficient in any group of `model`, at its maximum: b'V⁻¹b with V the block of
  /// (Σ v s s')⁻¹, by one pass. Collective.
  ///
  /// - Returns: nil for a column whose coefficients the rows do not determine.
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  public func tests(ofColumns columns: [Int], in model: RegressionMixture) throws -> [ChiSquareTest?] {
    let none = PolynomialBasis(monomials: [], covariateNames: [], origin: [])
    let (sums, scores) = try scoreProducts(of: model, none)
    let own = Array(1..<1 + scores.ownCount)
    guard let factor = try? Cholesky(sums.selecting(rows: own, columns: own), tolerance: 0) else {
      return columns.map { _ in nil }
    }
    return columns.map { column in
      let places = scores.places(ofColumn: column)
      var units = Matrix(rows: own.count, columns: places.count)
      for (a, place) in places.enumerated() { units[place - 1, a] = 1 }
      let variance = factor.solve(units).selecting(rows: places.map { $0 - 1 }, columns: Array(places.indices))
      let coefficients = model.coefficients.map { $0[column] }
      guard let solved = try? Cholesky(variance).solve(coefficients) else { return nil }
      return ChiSquareTest(
        statistic: zip(coefficients, solved).reduce(0) { $0 + $1.0 * $1.1 }, degreesOfFreedom: places.count)
    }
  }
}
