import LinearAlgebra

/// The regression of outcomes after on those before over the donors of an arm, on the first k singular vectors U of
/// their outcomes before (principal component regression).
///
/// With X [p, n] and Z [q, n] the donors' outcomes, each metric over its scale, K = XX' = U Λ U' and E = ZX': a target
/// with y before has coordinates c = U'y, weights w = X'U Λ⁻¹ c of |w|² = c'Λ⁻¹c, and the path Zw = E U Λ⁻¹ c = B c.
final class ArmModel: Sendable {
  /// Ranks for which estimates are told.
  static let pathLength = 8
  /// What rounding may leave of a sum of squares.
  private static let rounding = 1e-13

  let donorCount: Int
  let beforeCount: Int
  let metricCount: Int
  /// By metric.
  let scales: [Double]
  /// Singular values of X, all min(p, n).
  let spectrum: [Double]
  /// k.
  let rank: Int
  /// The rank by the universal threshold, whatever the rule.
  let seenRank: Int
  /// T1.
  let periodCount: Int
  /// U [p, width], λ [width] and B [q, width] of the first singular vectors, k or more, for other ranks.
  let basis: Matrix
  let eigenvalues: [Double]
  /// 1 / λ.
  let inverses: [Double]
  let path: Matrix
  /// B once more [width, M, T1], so that the periods of a metric follow each other.
  let pathColumns: [Double]
  /// The means of B over periods, by metric [M, width].
  let means: Matrix
  /// |b|² by metric, the same for all targets that are none of the donors.
  let slopeSquares: [Double]
  /// |Z (I - VV')|² by metric, and the square sum of X beyond rank k.
  let afterResiduals: [Double]
  let beforeResidual: Double
  let missing: MissingCounts
  /// The donors of bias-corrected weights.
  let choice: DonorChoice?

  /// - Parameter spectrum: that of the moments, where it is there already.
  /// - Throws: ``Failure`` numerical when a sum is not finite.
  init(_ moments: ArmMoments, rule: RankRule, _ spectrum: ArmSpectrum? = nil) throws {
    let (p, q, metrics) = (moments.beforeCount, moments.afterCount, moments.metricCount)
    let scales = moments.scales
    let beforeScales = (0..<p).map { scales[$0 % metrics] }
    let afterScales = (0..<q).map { scales[$0 % metrics] }
    let products = moments.products
    var cross = Matrix(rows: q, columns: p)
    for j in 0..<p {
      for i in 0..<q { cross[i, j] = products[1 + p + i, 1 + j] / (afterScales[i] * beforeScales[j]) }
    }
    let eigen = try spectrum ?? ArmSpectrum(moments)
    let n = moments.donorCount
    let values = (0..<min(p, n)).map { max(0, eigen.values[p - 1 - $0]) }
    self.spectrum = values.map { $0.squareRoot() }
    rank = rule.rank(of: self.spectrum, rows: p, columns: n)
    let significant = values.count { $0 > Double(max(p, n)) * .ulpOfOne * values[0] }
    seenRank = RankRule.universalThreshold.rank(of: self.spectrum, rows: p, columns: n)
    let width = max(rank, seenRank, min(Self.pathLength, significant))
    basis = eigen.vectors.selecting(rows: Array(0..<p), columns: (0..<width).map { p - 1 - $0 })
    // A constant panel of zeros has no signal at all: weights of zero.
    eigenvalues = values.prefix(width).map { $0 > 0 ? $0 : .infinity }
    inverses = eigenvalues.map { 1 / $0 }
    var path = cross * basis
    for i in 0..<q { for j in 0..<width { path[i, j] /= eigenvalues[j] } }
    self.path = path
    periodCount = q / metrics
    pathColumns = Self.columns(path, metricCount: metrics)
    var means = Matrix(rows: metrics, columns: width)
    var residuals = [Double](repeating: 0, count: metrics)
    for i in 0..<q {
      let metric = i % metrics
      let square = products[1 + p + i, 1 + p + i] / (scales[metric] * scales[metric])
      residuals[metric] += square
      for j in 0..<width { means[metric, j] += path[i, j] / Double(q / metrics) }
    }
    let total = residuals
    for i in 0..<q {
      for j in 0..<rank where path[i, j] != 0 { residuals[i % metrics] -= path[i, j] * path[i, j] * eigenvalues[j] }
    }
    self.means = means
    slopeSquares = (0..<metrics).map { [rank] metric in
      (0..<rank).reduce(0) { $0 + means[metric, $1] * means[metric, $1] }
    }
    afterResiduals = zip(residuals, total).map { $0 > Self.rounding * $1 ? $0 : 0 }
    let rest = values.dropFirst(rank).reduce(0, +)
    beforeResidual = rest > Self.rounding * values.reduce(0, +) ? rest : 0
    donorCount = n
    beforeCount = p
    metricCount = metrics
    self.scales = scales
    missing = moments.missing
    choice = nil
  }

  private init(_ model: ArmModel, width: Int, choice: DonorChoice?) {
    func narrowed(_ matrix: Matrix) -> Matrix {
      matrix.selecting(rows: Array(0..<matrix.rows), columns: Array(0..<width))
    }
    (donorCount, beforeCount, metricCount) = (model.donorCount, model.beforeCount, model.metricCount)
    (scales, spectrum, rank, seenRank) = (model.scales, model.spectrum, model.rank, model.seenRank)
    (eigenvalues, inverses) = (Array(model.eigenvalues.prefix(width)), Array(model.inverses.prefix(width)))
    (basis, path, means) = (narrowed(model.basis), narrowed(model.path), narrowed(model.means))
    (periodCount, slopeSquares) = (model.periodCount, model.slopeSquares)
    pathColumns = Self.columns(path, metricCount: metricCount)
    (afterResiduals, beforeResidual, missing) = (model.afterResiduals, model.beforeResidual, model.missing)
    self.choice = choice
  }

  /// The same with the donors of bias-corrected weights.
  convenience init(_ model: ArmModel, choice: DonorChoice?) {
    self.init(model, width: model.width, choice: choice)
  }

  /// The same without the estimates of other ranks.
  var atRank: ArmModel { ArmModel(self, width: rank, choice: choice) }

  private static func columns(_ path: Matrix, metricCount: Int) -> [Double] {
    (0..<path.columns).flatMap { j in
      (0..<metricCount).flatMap { metric in
        stride(from: metric, to: path.rows, by: metricCount).map { path[$0, j] }
      }
    }
  }

  var width: Int { eigenvalues.count }
  /// p - k.
  var targetDegrees: Double { Double(beforeCount - rank) }

  /// Degrees of freedom of v₂ of one metric and of v₃, with n donors.
  func afterDegrees(_ donors: Int) -> Double {
    Double(periodCount * (donors - rank)) - Double(missing.after) / Double(metricCount)
  }
  func beforeDegrees(_ donors: Int) -> Double { Double((beforeCount - rank) * (donors - rank) - missing.before) }

  /// U' y for outcomes before in their own units, and |y|² over scales.
  func coordinates(_ before: [Double]) -> (values: [Double], square: Double) {
    let scaled = before.indices.map { before[$0] / scales[$0 % metricCount] }
    return (basis.transposed * scaled, scaled.reduce(0) { $0 + $1 * $1 })
  }
}
