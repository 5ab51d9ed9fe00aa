import Communication
import Frames
import LinearAlgebra
import Mixture
import Regression

/// The sums over the rows from which information and sandwich of a joint mixture are made.
///
/// A is the observed information by Louis (1982), Σ_i w [Σ_k γ_ik (-∂² log π_k f_k) - Σ_k γ_ik s_ik s_ik' + s_i s_i'],
/// with s_ik the score of log π_k f_k at row i and s_i = Σ_k γ_ik s_ik that of the row's likelihood (Fisher's identity).
/// B is Σ v s_i s_i', with v = w², or w where it counts equal rows: the variance of w s, or of the sum of w independent
/// s. What the coefficients b take in them is summed over the groups row by row, see ``RowCurvature``; of the other
/// parameters there are few, and each group has sums of its own.
struct JointScores: Reducible {
  let parameters: JointParameters
  private let groups: [GroupProducts]
  /// The triangles of b in A and in B.
  private let outcome: PackedTable
  /// For each of b, its score, and its products with the other parameters in A and then in B.
  private let crossed: PackedTable
  /// Σ (1, s)(1, s)' of the other parameters: with weights, and with v behind them; without weights both are one.
  private let totals: PackedTable
  private let totalCount: Int
  private var sums: [Double]
  /// Scores summed by cluster; nil for independent rows.
  private var clustered: Meat?

  /// Where the products of one group lie, as triangles but for `bilinear`.
  private struct GroupProducts {
    /// Σ w γ (1, s)(1, s)' of the group's own parameters but b.
    let own: PackedVector
    /// Σ w π a a' of the part a of s that is of the shares.
    let shares: PackedVector
    /// Σ w γ u/τ² E E' and Σ w γ u/σ² F F', with the constant before the columns.
    let outcome: PackedVector
    let selection: PackedVector
    /// Σ w γ u a (1, C, 2 V) ρ', and with κ2 Σ w γ u a ρρ'.
    let bilinear: PackedVector
    let pulls: PackedVector
  }

  /// - Parameter clustered: takes scores of `parameters`; nil for independent rows.
  init(_ parameters: JointParameters, hasWeights: Bool, clustered: Meat? = nil) {
    self.parameters = parameters
    self.clustered = clustered
    var packing = Packing()
    func triangle(_ order: Int) -> PackedVector { packing.vector(PackedTriangle.count(order: order)) }
    groups = (0..<parameters.groups).map { k in
      GroupProducts(
        own: triangle(parameters.own(k).count - parameters.shared + 1), shares: triangle(parameters.logShares.count),
        outcome: triangle(parameters.density(k).count - parameters.shared + 1),
        selection: triangle(parameters.selection + 2),
        bilinear: packing.vector(parameters.bilinearCount * parameters.selection),
        pulls: triangle(parameters.hasBends ? parameters.selection : 0))
    }
    outcome = packing.table(2, PackedTriangle.count(order: parameters.shared))
    crossed = packing.table(parameters.shared, 1 + 2 * parameters.restCount)
    totalCount = hasWeights ? 2 : 1
    totals = packing.table(totalCount, PackedTriangle.count(order: parameters.restCount + 1))
    sums = packing.zeros
  }

  var summands: [Double] {
    get { clustered.map { sums + $0.summands } ?? sums }
    set {
      guard clustered != nil else {
        sums = newValue
        return
      }
      clustered?.summands = Array(newValue[sums.count...])
      sums = Array(newValue[..<sums.count])
    }
  }

  private func matrix(_ places: Range<Int>, order: Int) -> Matrix {
    Matrix(packedTriangle: sums[places], order: order)
  }

  /// The gradient of the log-likelihood.
  var gradient: [Double] {
    parameters.outcome.map { sums[crossed[$0, 0]] }
      + matrix(totals.row(0), order: parameters.restCount + 1)[row: 0].dropFirst()
  }

  /// The variance of the gradient: B, or Σ_g S_g S_g' over clusters.
  var meat: Matrix {
    if let clustered { return clustered.matrix }
    return matrix(outcome: 1, crossedFrom: 1 + parameters.restCount, rest: totalCount - 1)
  }

  /// The matrix in all parameters of a triangle of b, its products with the others, and those of these among themselves.
  private func matrix(outcome place: Int, crossedFrom first: Int, rest: Int) -> Matrix {
    var result = Matrix(rows: parameters.count, columns: parameters.count)
    result.add(matrix(outcome.row(place), order: parameters.shared), at: Array(parameters.outcome))
    for j in parameters.outcome {
      for index in 0..<parameters.restCount {
        let value = sums[crossed[j, first + index]]
        result[j, parameters.shared + index] = value
        result[parameters.shared + index, j] = value
      }
    }
    let others = matrix(totals.row(rest), order: parameters.restCount + 1)
    result.add(others.withoutConstant, at: Array(parameters.shared..<parameters.count))
    return result
  }

  // MARK: The observed information

  /// A.
  ///
  /// - Parameter model: that of the scores.
  func information(of model: JointMixture) -> Matrix {
    var result = matrix(outcome: 0, crossedFrom: 1, rest: 0)
    for k in 0..<parameters.groups {
      let own = Array(parameters.own(k).dropFirst(parameters.shared))
      let scores = matrix(groups[k].own.places, order: own.count + 1)
      result.add(scores.withoutConstant, at: own, times: -1)
      result.add(
        matrix(groups[k].shares.places, order: parameters.logShares.count), at: Array(parameters.logShares))
      let density = Array(parameters.density(k).dropFirst(parameters.shared))
      if let errors = model.errors {
        result.add(lifted(scores, density, k), at: density, times: -2 / (errors.degreesOfFreedom + 2))
      }
      addCurvature(of: model, density, group: k, to: &result)
    }
    return result
  }

  /// Σ w γ ã ã' of a group, ã = s + 1 in log τ and log σ.
  private func lifted(_ scores: Matrix, _ density: [Int], _ k: Int) -> Matrix {
    let (tau, sigma) = (
      parameters.logOutcomeDeviations.lowerBound + k, parameters.logSelectionDeviations.lowerBound + k
    )
    let lift = density.map { $0 == tau || $0 == sigma ? 1.0 : 0 }
    var result = Matrix(rows: density.count, columns: density.count)
    for a in density.indices {
      for b in density.indices {
        result[a, b] =
          scores[a + 1, b + 1] + lift[a] * scores[0, b + 1] + lift[b] * scores[a + 1, 0] + lift[a] * lift[b]
          * scores[0, 0]
      }
    }
    return result
  }

  /// Adds Σ w γ u [E E'/τ² + F F'/σ² + a ∂²e - 2 e²/τ² 1_τ 1_τ' - 2 V²/σ² 1_σ 1_σ'] of a group.
  private func addCurvature(of model: JointMixture, _ density: [Int], group k: Int, to result: inout Matrix) {
    let places = groups[k]
    let (tau, sigma) = (
      parameters.logOutcomeDeviations.lowerBound + k, parameters.logSelectionDeviations.lowerBound + k
    )
    let slopes = Array(parameters.slopes(k))
    // E is 2 e in log τ, and F 2 V in log σ: half of their squares is the second derivative.
    var outcome = matrix(places.outcome.places, order: density.count + 1).withoutConstant
    let place = density.firstIndex(of: tau)!
    outcome[place, place] *= 0.5
    result.add(outcome, at: density)
    var selection = matrix(places.selection.places, order: slopes.count + 2).withoutConstant
    selection[slopes.count, slopes.count] *= 0.5
    result.add(selection, at: slopes + [sigma])

    let bilinear = Matrix(
      rows: parameters.bilinearCount, columns: slopes.count, values: Array(sums[places.bilinear.places]))
    let kappa = parameters.endogeneities.lowerBound + k
    let bend = parameters.hasBends ? [parameters.bends.lowerBound + k] : []
    for (row, i) in ([kappa] + Array(parameters.interactions) + bend).enumerated() {
      for (column, j) in slopes.enumerated() {
        result[i, j] += bilinear[row, column]
        result[j, i] += bilinear[row, column]
      }
    }
    guard let bend = bend.first else { return }
    let (value, variance) = (model.bends?[k] ?? 0, model.selectionDeviations[k] * model.selectionDeviations[k])
    result.add(matrix(places.pulls.places, order: slopes.count), at: slopes, times: -2 * value)
    // ρ begins with the constant.
    result[bend, sigma] += 2 * variance * bilinear[0, 0]
    result[sigma, bend] += 2 * variance * bilinear[0, 0]
    result[sigma, sigma] += 4 * value * variance * bilinear[0, 0]
  }

  // MARK: Summing

  /// Adds one chunk.
  ///
  /// - Parameter clusters: adds the rows' scores to a meat by cluster.
  mutating func add(_ rows: ScoreRows, clusters: (ScoreRows, inout Meat) throws -> Void) rethrows {
    let curvature = RowCurvature(rows)
    func columns(_ column: (Int) -> UnsafeMutablePointer<Double>, _ range: Range<Int>) -> [UnsafePointer<Double>?] {
      [UnsafePointer(rows.column(0))] + range.map { UnsafePointer(column($0)) }
    }
    let selection = parameters.selection
    for k in 0..<parameters.groups {
      rows.fillRest(k)
      rows.addToTotal(k, from: parameters.shared)
      curvature.fill(k)
      let (own, density) = (parameters.own(k).count, parameters.density(k).count)
      addGram(
        columns(rows.column, parameters.shared + 1..<own + 1), weights: rows.weightedPosterior(k),
        at: groups[k].own[0], of: rows)
      addGram(
        columns(curvature.outcome, 0..<density - parameters.shared), weights: curvature.outcomeWeights,
        at: groups[k].outcome[0], of: rows)
      addGram(
        columns(curvature.selection, 0..<selection + 1), weights: curvature.selectionWeights,
        at: groups[k].selection[0], of: rows)
      addProducts(
        curvature.bilinear(0), parameters.bilinearCount, with: curvature.regressor(0), selection,
        at: groups[k].bilinear[0], of: rows)
      let shares = rows.columns(own + 1 - parameters.logShares.count..<own + 1)
      if !shares.isEmpty { addGram(shares, weights: rows.weightedShare(k), at: groups[k].shares[0], of: rows) }
      if parameters.hasBends {
        addGram(
          (0..<selection).map { rows.block.columns[$0] }, weights: curvature.pulls, at: groups[k].pulls[0], of: rows)
      }
    }
    curvature.finish()
    let isClustered = clustered != nil
    addGram(
      (0..<parameters.shared).map { rows.block.columns[$0] }, weights: curvature.squareWeights,
      groups: isClustered ? 1 : 2, at: outcome.start, of: rows)
    addProducts(
      curvature.regressor(0), parameters.shared, with: curvature.crossed(0), 1 + 2 * parameters.restCount,
      at: crossed.start, of: rows)
    addGram(
      columns(rows.total, parameters.shared + 1..<parameters.count + 1), weights: rows.rowWeights, groups: totalCount,
      at: totals.start, of: rows)
    if var meat = clustered.take() {
      curvature.fillOutcomeTotals()
      try clusters(rows, &meat)
      clustered = meat
    }
  }

  private mutating func addGram(
    _ columns: [UnsafePointer<Double>?], weights: UnsafePointer<Double>, groups: Int = 1, at start: Int,
    of rows: ScoreRows
  ) {
    sums.withUnsafeMutableBufferPointer { sums in
      columns.withUnsafeBufferPointer { columns in
        Kernel.addWeightedGram(
          of: Kernel.Block(
            columns: columns.baseAddress!, columnCount: columns.count, rowCount: rows.block.rowCount),
          weights: weights, groupCount: groups, stride: rows.stride, to: sums.baseAddress! + start)
      }
    }
  }

  /// Adds Σ f g' of columns that lie one after another.
  private mutating func addProducts(
    _ first: UnsafePointer<Double>, _ firstCount: Int, with second: UnsafePointer<Double>, _ secondCount: Int,
    at start: Int, of rows: ScoreRows
  ) {
    // The kernel counts inputs without the first of their columns.
    let layer = Kernel.Layer(
      inputs: secondCount - 1, outputs: firstCount, rowCount: rows.block.rowCount, stride: rows.stride)
    sums.withUnsafeMutableBufferPointer {
      layer.addGradient(inputs: second, outputGradient: first, to: $0.baseAddress! + start)
    }
  }
}

extension Design {
  /// One pass over the scores of `model`.
  ///
  /// - Parameters:
  ///   - parameters: those of the model, and others that are 0 there; λ then is of the table's x and t.
  ///   - clusters: of rows whose errors may depend on each other; nil for independent ones.
  func scores(
    of model: JointMixture, _ parameters: JointParameters, clusters: RowClusters? = nil
  ) throws -> JointScores {
    let zero = JointScores(
      parameters, hasWeights: hasWeights, clustered: try clusters?.meat(width: parameters.count))
    let takesTable = parameters.interactionCount > model.interactionCount
    return try rows.sum(zero) { partial, chunk in
      try withBlock(ofChunk: chunk) { block, weights in
        let control = takesTable ? try covariates(ofChunk: chunk) + [try treatment(ofChunk: chunk)] : nil
        let rows = ScoreRows(
          block: block, weights: RowWeights(values: weights, kind: table.weightKind), model: model,
          parameters: parameters, control: control)
        try partial.add(rows) { scores, meat in
          try clusters?.add(
            scores.totals.dropFirst().compactMap(\.self), weights: scores.rowWeights, rowCount: block.rowCount,
            of: self, chunk: chunk, to: &meat)
        }
      }
    }
  }
}

extension Matrix {
  /// Adds a multiple of a matrix to the rows and columns `indices`.
  fileprivate mutating func add(_ other: Matrix, at indices: [Int], times factor: Double = 1) {
    for (a, i) in indices.enumerated() { for (b, j) in indices.enumerated() { self[i, j] += factor * other[a, b] } }
  }

  /// The block without row and column 0.
  var withoutConstant: Matrix {
    var block = Matrix(rows: rows - 1, columns: columns - 1)
    for i in 1..<rows { for j in 1..<columns { block[i - 1, j - 1] = self[i, j] } }
    return block
  }
}
