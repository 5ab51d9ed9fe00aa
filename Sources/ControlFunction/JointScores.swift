import Communication
import Frames
import LinearAlgebra
import Mixture
import Regression

/// The sums over the rows from which information and sandwich of a joint mixture are made.
///
/// A is the observed information by Louis (1982), Σ_i w [Σ_k γ_ik (-∂² log π_k f_k) - Σ_k γ_ik s_ik s_ik' + s_i s_i'],
/// with s_ik the score of log π_k f_k at row i and s_i = Σ_k γ_ik s_ik that of the row's likelihood (Fisher's identity); see
/// ``RowCurvature``. B is Σ v s_i s_i', with v = w², or w where it counts equal rows: the variance of w s, or of the sum of w
/// independent s.
package struct JointScores: Reducible {
  package let parameters: JointParameters
  private let curvature: FamilyProducts
  /// Those of B; nil where scores are summed by cluster.
  private let squares: FamilyProducts?
  /// Σ w s of each family, times every column of φ.
  private let gradients: PackedTable
  private var sums: [Double]
  /// Scores summed by cluster; nil for independent rows.
  private var clustered: Meat?

  /// - Parameter clustered: takes scores of `parameters`; nil for independent rows.
  init(_ parameters: JointParameters, clustered: Meat? = nil) {
    self.parameters = parameters
    self.clustered = clustered
    var packing = Packing()
    curvature = FamilyProducts(parameters, packing: &packing)
    squares = clustered == nil ? FamilyProducts(parameters, packing: &packing) : nil
    gradients = packing.table(parameters.shared, parameters.families.count)
    sums = packing.zeros
  }

  package var summands: [Double] {
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

  /// The gradient of the log-likelihood.
  package var gradient: [Double] {
    parameters.families.enumerated().flatMap { f, family in (0..<family.width).map { sums[gradients[$0, f]] } }
  }

  /// A.
  package var information: Matrix { curvature.matrix(sums) }

  /// The variance of the gradient: B, or Σ_g S_g S_g' over clusters.
  package var meat: Matrix {
    if let clustered { return clustered.matrix }
    guard let squares else { preconditionFailure("one of the two is summed") }
    return squares.matrix(sums)
  }

  /// Adds one chunk.
  ///
  /// - Parameter clusters: adds the rows' scores to a meat by cluster.
  mutating func add(_ rows: ScoreRows, clusters: (ScoreRows, inout Meat) throws -> Void) rethrows {
    let own = RowCurvature(rows)
    curvature.add(rows, to: &sums, weights: own.fillInformation)
    squares?.add(rows, to: &sums, weights: own.fillSquares)
    addGradients(rows)
    if var meat = clustered.take() {
      try clusters(rows, &meat)
      clustered = meat
    }
  }

  private mutating func addGradients(_ rows: ScoreRows) {
    let numbers = AlignedBuffer(count: gradients.columnCount * rows.stride)
    for f in 0..<gradients.columnCount {
      let (target, mean) = (numbers.pointer + f * rows.stride, rows.mean(f))
      for row in 0..<rows.block.rowCount { target[row] = rows.rowWeights[row] * mean[row] }
    }
    let place = gradients
    sums.withUnsafeMutableBufferPointer {
      rows.addProducts(
        of: rows.regressors.pointer, rows.parameters.shared, with: numbers.pointer, place.columnCount,
        to: $0.baseAddress! + place.start)
    }
  }
}

extension Design {
  /// One pass over the scores of `model`.
  ///
  /// - Parameters:
  ///   - parameters: those of the model, and others that are 0 there; λ then is of the table's x and t.
  ///   - clusters: of rows whose errors may depend on each other; nil for independent ones.
  package func scores(
    of model: JointMixture, _ parameters: JointParameters, clusters: RowClusters? = nil
  ) throws -> JointScores {
    let zero = JointScores(parameters, clustered: try clusters?.meat(width: parameters.count))
    let takesTable = parameters.interactionCount > model.interactionCount
    return try rows.sum(zero) { partial, chunk in
      try withBlock(ofChunk: chunk) { block, weights in
        let control = takesTable ? try covariates(ofChunk: chunk) + [try treatment(ofChunk: chunk)] : nil
        let rows = ScoreRows(
          block: block, weights: RowWeights(values: weights, kind: table.weightKind), model: model,
          parameters: parameters, control: control)
        try partial.add(rows) { rows, meat in
          try rows.withScores {
            try clusters?.add($0, weights: rows.rowWeights, rowCount: block.rowCount, of: self, chunk: chunk, to: &meat)
          }
        }
      }
    }
  }
}
