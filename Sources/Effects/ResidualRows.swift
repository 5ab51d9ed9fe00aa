import Communication
import Frames
import LinearAlgebra

/// The columns of the two regressions of ``ResidualInclusion``, evaluated chunk by chunk in every pass:
/// 1, W, φ - mean, y - mean, v, r, t - mean.
struct ResidualRows: Sendable {
  let functions: OutcomeFunctions
  private let design: EffectDesign
  private let means: OutcomeMeans
  private var groups: any GroupInstrument { design.groups }
  /// The order in which groups are summed, in which their names play no part.
  let order: [Int]

  init(_ design: EffectDesign, _ functions: OutcomeFunctions, _ means: OutcomeMeans) {
    (self.design, self.functions, self.means) = (design, functions, means)
    order = design.index.canonicalOrder
  }

  // MARK: Places of columns

  private var controlCount: Int { design.controls.count }
  /// 1, W, φ: the regressors that all groups share.
  var base: [Int] { Array(0...controlCount + functions.count) }
  var outcome: Int { 1 + controlCount + functions.count }
  /// That of the group at hand.
  var residual: Int { outcome + 1 }
  /// h.
  var features: [Int] {
    let own = Array(residual + 1..<residual + 1 + design.index.featureCount)
    return [0] + (groups.causes == nil ? [] : Array(1...controlCount)) + own
  }
  private var treatment: Int { residual + 1 + design.index.featureCount }
  private var columnCount: Int { treatment + 1 }

  // MARK: Passes

  /// β and the inverse Gram matrix of h for each group, in their order; 0 for features that others determine. One pass.
  /// Collective.
  func firstStage() throws -> [(coefficients: [Double], inverse: Matrix)] {
    try sums(of: features + [treatment]) { _, _ in }.map { gram in
      let h = features.count
      let dependent = Set(
        gram.dependentColumns(inOrder: Array(0..<h), tolerance: ResidualInclusion.dependenceTolerance))
      let inverse = try ResidualInclusion.inverse(
        gram.selecting(rows: Array(0..<h), columns: Array(0..<h)), (0..<h).filter { !dependent.contains($0) })
      return (inverse * (0..<h).map { gram[$0, h] }, inverse)
    }
  }

  /// The Gram matrices of all columns but t with the weights of each group, v by its own β. One pass. Collective.
  func grams(_ coefficients: [[Double]]) throws -> [Matrix] {
    try sums(of: Array(0..<treatment)) { block, k in block.fillResidual(coefficients[k]) }
  }

  private func sums(of places: [Int], prepare: (Chunk, Int) -> Void) throws -> [Matrix] {
    let length = PackedTriangle.count(order: places.count)
    let zero = [Double](repeating: 0, count: order.count * length)
    let sums = try design.table.rows.sum(zero) { sums, index in
      try withChunk(index) { block in
        for k in order.indices {
          prepare(block, k)
          let columns = places.map { Optional(UnsafePointer(block.column($0))) }
          columns.withUnsafeBufferPointer { columns in
            sums.withUnsafeMutableBufferPointer { sums in
              Kernel.addWeightedGram(
                of: Kernel.Block(columns: columns.baseAddress!, columnCount: columns.count, rowCount: block.rowCount),
                weights: block.totals(k), groupCount: 1, stride: block.stride, to: sums.baseAddress! + k * length)
            }
          }
        }
      }
    }
    return order.indices.map { Matrix(packedTriangle: sums[$0 * length..<($0 + 1) * length], order: places.count) }
  }

  // MARK: Chunks

  /// The columns of a chunk, one after another, and the weights of its rows in each group.
  struct Chunk {
    let rowCount: Int
    let stride: Int
    fileprivate let rows: ResidualRows
    fileprivate let storage: AlignedBuffer
    /// Z_k, then f v Z_k, group by group in order; v and f behind them.
    fileprivate let groupWeights: AlignedBuffer

    func column(_ place: Int) -> UnsafeMutablePointer<Double> { storage.pointer + place * stride }
    /// Z_k.
    func shares(_ k: Int) -> UnsafeMutablePointer<Double> { groupWeights.pointer + 2 * k * stride }
    /// f v Z_k, of all observations that each row stands for, 0 behind the rows.
    func totals(_ k: Int) -> UnsafeMutablePointer<Double> { groupWeights.pointer + (2 * k + 1) * stride }
    /// v, of one observation of each row.
    var weights: UnsafeMutablePointer<Double> { groupWeights.pointer + 2 * rows.order.count * stride }
    /// f, how many observations each row stands for.
    var frequencies: UnsafeMutablePointer<Double> { weights + stride }

    /// target = form · columns.
    func evaluate(_ form: Matrix, over places: [Int], into target: UnsafeMutablePointer<Double>) {
      for row in 0..<form.rows {
        let own = target + row * stride
        own.update(repeating: 0, count: rowCount)
        for (j, place) in places.enumerated() {
          let (factor, column) = (form[row, j], column(place))
          for i in 0..<rowCount { own[i] += factor * column[i] }
        }
      }
    }

    /// v = t - β'h.
    func fillResidual(_ coefficients: [Double]) {
      let (target, t) = (column(rows.residual), column(rows.treatment))
      evaluate(Matrix([coefficients]), over: rows.features, into: target)
      for i in 0..<rowCount { target[i] = t[i] - target[i] }
    }
  }

  func rowCount(ofChunk index: Int) -> Int { design.table.rowCount(index) }

  func withChunk<Result>(_ index: Int, _ body: (Chunk) throws -> Result) throws -> Result {
    let table = design.table
    let (rowCount, m) = (table.rowCount(index), table.covariates.count)
    let stride = Kernel.paddedCount(rowCount)
    let block = Chunk(
      rowCount: rowCount, stride: stride, rows: self, storage: AlignedBuffer(count: columnCount * stride),
      groupWeights: AlignedBuffer(count: 2 * (order.count + 1) * stride))
    let covariates = AlignedBuffer(count: m * stride)
    func pointers() -> [UnsafePointer<Double>] { (0..<m).map { UnsafePointer(covariates.pointer + $0 * stride) } }
    block.column(0).update(repeating: 1, count: rowCount)
    try table.fillCovariates(index, inStandardDeviations: true, into: covariates.pointer, stride: stride)
    design.controls.evaluate(pointers(), rowCount: rowCount, into: block.column(1), stride: stride)
    let t = block.column(treatment)
    try table.fillTreatment(index, into: t)
    try table.fillCovariates(index, inStandardDeviations: false, into: covariates.pointer, stride: stride)
    functions.evaluate(t, pointers(), rowCount: rowCount, into: block.column(1 + controlCount), stride: stride)
    guard let outcome = try table.frame.outcome(chunk: index) else { preconditionFailure("the frame has an outcome") }
    block.column(self.outcome).update(from: outcome, count: rowCount)
    try design.index.fillFeatures(index, into: block.column(residual + 1), stride: stride)
    let centers = means.functions + [means.outcome]
    for (place, center) in zip(1 + controlCount...self.outcome, centers) + [(treatment, table.treatment.mean)] {
      let column = block.column(place)
      for i in 0..<rowCount { column[i] -= center }
    }
    try fillWeights(index, block)
    return try withExtendedLifetime(covariates) { try body(block) }
  }

  private func fillWeights(_ index: Int, _ block: Chunk) throws {
    let given = AlignedBuffer(count: groups.groupCount * block.stride)
    try groups.fill(index, into: given.pointer, stride: block.stride)
    let frame = design.table.frame
    let (own, frequencies) = (try frame.observationWeights(chunk: index), try frame.frequencies(chunk: index))
    for i in 0..<block.rowCount {
      block.weights[i] = own?[i] ?? 1
      block.frequencies[i] = frequencies?[i] ?? 1
    }
    for (place, k) in order.enumerated() {
      let (shares, totals) = (block.shares(place), block.totals(place))
      for i in 0..<block.rowCount {
        shares[i] = given.pointer[k * block.stride + i]
        totals[i] = block.frequencies[i] * (block.weights[i] * shares[i])
      }
    }
  }
}
