import Communication
import Diagnostics
import InstrumentalVariables
import LinearAlgebra
import Regression
import Statistics

/// The control function estimate: the residuals v of t on what moves it enter the regression of the outcome, and take up
/// what confounds t (Wooldridge 2015, "Control function methods in applied econometrics"; two-stage residual inclusion,
/// Terza, Basu and Rathouz 2008).
///
/// ```
/// t = β_k'h + v_k in each group           h = (1, r(x)); for columns that are the instrument (1, W, r(columns))
/// y = φ'b + W'c + Σ_k λ_k 1{k} v_k + e
/// ```
/// It is right where E[u | v, z, x] is a multiple of v in each group, which the estimates that use moments alone do not
/// need. Group weights that are no labels take the place of the unknown label in both sums of squares,
/// Σ_i Σ_k Z_ik (..)², which are expectations of those of the labels where Z is their posterior; a
/// regression on the mean residual Σ_k Z_ik v_ik would be biased by its error.
struct ResidualInclusion: Sendable {
  let rows: ResidualRows
  /// b, then λ in the order of ``ResidualRows/order``.
  let coefficients: [Double]
  /// On (1, W) that stay, φ - mean, v [p]; the constant first.
  private let whole: [Double]
  /// The rows of the inverse Gram matrix of these columns that give ``coefficients`` [q + K, p].
  private let bread: Matrix
  /// For each group in order β, and what its scores move ``coefficients`` by [q + K, h].
  private let firstStage: [(coefficients: [Double], influence: Matrix)]

  var groupCount: Int { firstStage.count }
  /// p, without columns that others determine.
  let parameterCount: Int

  /// Two passes. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` (data) when v and controls determine a function of t.
  init(_ rows: ResidualRows) throws {
    self.rows = rows
    let stages = try rows.firstStage()
    let grams = try rows.grams(stages.map(\.coefficients))
    let (base, q) = (rows.base, rows.functions.count)
    let p = base.count + grams.count
    var gram = Matrix(rows: p, columns: p)
    var products = [Double](repeating: 0, count: p)
    for (k, own) in grams.enumerated() {
      // The columns of a row that counts for group k: those of all groups, and v_k.
      let places = base + [rows.residual]
      let targets = Array(base.indices) + [base.count + k]
      for (i, row) in zip(places, targets) {
        for (j, column) in zip(places, targets) { gram[row, column] += own[i, j] }
        products[row] += own[i, rows.outcome]
      }
    }
    let dependent = Set(gram.dependentColumns(inOrder: Array(0..<p), tolerance: Self.dependenceTolerance))
    let first = base.count - q
    if let lost = dependent.min(by: { ($0 >= first ? 0 : 1, $0) < ($1 >= first ? 0 : 1, $1) }), lost >= first {
      throw Failure(
        .data,
        "the residuals of the first stage and the controls determine "
          + (lost < base.count ? "'\(rows.functions.names[lost - first])'" : "each other")
          + ", so that --method control has no estimate; the instrument is too weak, leave the method out")
    }
    let kept = (0..<p).filter { !dependent.contains($0) }
    let inverse = try Self.inverse(gram, kept)
    let whole = inverse * products
    let wanted = Array(first..<p)
    let bread = inverse.selecting(rows: wanted, columns: Array(0..<p))
    self.whole = whole
    self.bread = bread
    coefficients = wanted.map { whole[$0] }
    parameterCount = kept.count
    firstStage = zip(stages, grams).enumerated().map { k, stage in
      // ∂/∂β_k of the scores Σ v Z_k S (y - S'c): λ_k S h' - e (0, h'), S with v_k last.
      let (own, columns, lambda) = (stage.1, base + [rows.residual], whole[base.count + k])
      let places = Array(base.indices) + [base.count + k]
      let onFeatures = own.selecting(rows: columns, columns: rows.features)
      var slopes = Matrix(rows: p, columns: rows.features.count)
      for (j, feature) in rows.features.enumerated() {
        var error = own[rows.outcome, feature]
        for (i, place) in places.enumerated() {
          error -= whole[place] * onFeatures[i, j]
          slopes[place, j] = lambda * onFeatures[i, j]
        }
        slopes[base.count + k, j] -= error
      }
      return (stage.0.coefficients, bread * slopes * stage.0.inverse)
    }
  }

  /// The share of a column that those before it must leave for it to stay.
  static let dependenceTolerance = 1e-9

  /// The inverse of some rows and columns, with 0 for the others.
  static func inverse(_ gram: Matrix, _ kept: [Int]) throws -> Matrix {
    let block: Matrix
    do { block = try Cholesky(gram.selecting(rows: kept, columns: kept), tolerance: 0).inverse } catch {
      throw Failure(.numerical, "a regression of --method control has no solution: \(error)")
    }
    var whole = Matrix(rows: gram.rows, columns: gram.columns)
    for (i, row) in kept.enumerated() { for (j, column) in kept.enumerated() { whole[row, column] = block[i, j] } }
    return whole
  }

  /// Calls `body` with the rows of a chunk and, for each group in order, ψ_ik of all coefficients, one column after another:
  /// what one observation of row i would move them by, through both stages, if it were of group k; by Σ_k Z_ik ψ_ik it does.
  func withInfluences(
    _ chunk: Int, _ body: (ResidualRows.Chunk, _ k: Int, UnsafeMutablePointer<Double>) -> Void
  ) throws {
    let (count, base) = (coefficients.count, rows.base)
    let onBase = bread.selecting(rows: Array(0..<count), columns: Array(base.indices))
    try rows.withChunk(chunk) { block in
      let stride = block.stride
      let storage = AlignedBuffer(count: (2 * count + 1) * stride)
      let (error, form) = (storage.pointer, storage.pointer + stride)
      let influences = form + count * stride
      for (k, stage) in firstStage.enumerated() {
        block.fillResidual(stage.coefficients)
        let (weights, residual, outcome) = (block.weights, block.column(rows.residual), block.column(rows.outcome))
        let lambda = whole[base.count + k]
        block.evaluate(Matrix([base.indices.map { whole[$0] }]), over: base, into: error)
        for i in 0..<block.rowCount { error[i] = outcome[i] - error[i] - lambda * residual[i] }
        // e (B S), S with v_k behind the columns of all groups; then v F h.
        block.evaluate(onBase, over: base, into: form)
        for a in 0..<count {
          let (own, target, onResidual) = (form + a * stride, influences + a * stride, bread[a, base.count + k])
          for i in 0..<block.rowCount { target[i] = error[i] * (own[i] + onResidual * residual[i]) }
        }
        block.evaluate(stage.influence, over: rows.features, into: form)
        for a in 0..<count {
          let (own, target) = (form + a * stride, influences + a * stride)
          for i in 0..<block.rowCount { target[i] = weights[i] * (target[i] + residual[i] * own[i]) }
        }
        body(block, k, influences)
      }
    }
  }

  /// Adds what one observation of each row moves ``coefficients`` by to `values[a * stride + row]`.
  func addInfluence(_ chunk: Int, to values: UnsafeMutablePointer<Double>, stride: Int) throws {
    try withInfluences(chunk) { block, k, influences in
      let shares = block.shares(k)
      for a in coefficients.indices {
        for i in 0..<block.rowCount { values[a * stride + i] += shares[i] * influences[a * block.stride + i] }
      }
    }
  }

  /// What ``coefficients`` follow the groups of the rows of a chunk by.
  func gradient(chunk: Int) throws -> GroupGradient {
    let count = coefficients.count
    let gradient = GroupGradient(
      quantities: count, groupCount: groupCount, rowCount: rows.rowCount(ofChunk: chunk))
    try withInfluences(chunk) { block, k, influences in
      for a in 0..<count {
        let target = gradient.weights.pointer + (rows.order[k] * count + a) * block.stride
        for i in 0..<block.rowCount { target[i] = block.frequencies[i] * influences[a * block.stride + i] }
      }
    }
    return gradient
  }
}

/// A control function estimate with its errors.
struct ControlEstimate: Sendable {
  /// b.
  let coefficients: [Double]
  /// Of b, over both stages, and of the groups where these were estimated.
  let covariance: Matrix
  /// Of λ = 0 in all groups: what confounds t would be nothing. Nil where λ has no variance.
  let exogeneity: ChiSquareTest?

  /// One pass, and one more for groups that were estimated. Collective.
  ///
  /// - Parameters:
  ///   - regression: with instruments, of the same rows.
  ///   - kind: HC0, HC1 or clusters.
  init(
    _ design: EffectDesign, _ functions: OutcomeFunctions, _ means: OutcomeMeans,
    _ regression: InstrumentalRegression, _ kind: InstrumentalCovariance, _ estimation: (any GroupEstimation)?
  ) throws {
    let fit = try ResidualInclusion(ResidualRows(design, functions, means))
    let source = design.rows([functions], .groups)
    let labels = try estimation.map { estimation in
      let derivatives = try estimation.derivatives(of: fit.coefficients.count, over: source.rows, fit.gradient)
      return (estimation, estimation.influence(ofDerivatives: derivatives))
    }
    let count = fit.coefficients.count
    let products = InfluenceProducts(count, source.clusterings)
    let sums = try source.rows.sum(products.zeros) { sums, index in
      let stride = Kernel.paddedCount(design.table.rowCount(index))
      let values = AlignedBuffer(count: count * stride)
      if let (estimation, influence) = labels {
        try estimation.fill(influence, chunk: index, into: values.pointer, stride: stride)
      }
      try fit.addInfluence(index, to: values.pointer, stride: stride)
      try source.withChunk(index) { products.add(values.pointer, stride: stride, of: $0, to: &sums) }
    }
    let whole = regression.covariance(kind, of: products, sums, parameters: fit.parameterCount)
    let q = functions.count
    let (own, residuals) = (Array(0..<q), Array(q..<count))
    coefficients = own.map { fit.coefficients[$0] }
    covariance = whole.selecting(rows: own, columns: own)
    exogeneity = ChiSquareTest(
      residuals.map { fit.coefficients[$0] }, covariance: whole.selecting(rows: residuals, columns: residuals))
  }
}
