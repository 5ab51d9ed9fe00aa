import LinearAlgebra

/// KernelIV (Singh, Sahani and Gretton 2019, "Kernel instrumental variable regression").
///
/// ```
/// rows -> landmarks, drawn by counter                       Landmarks
///   -> features P of (t, x), Q of (z, x), for each width    KernelFeatures
///   -> Q'Q, Q'P, P'P, Q'y, P'y, y'y by halves               KernelSums
///   -> V = (Q'Q + n λ)⁻¹ Q'P on one half                    stage 1: E[P | z, x] = V'Q
///   -> w = (V'Q'Q V + n ξ)⁻¹ V'Q'y on the other             stage 2: g = w'P
/// ```
/// λ has the least loss of stage 1 on the other half, |P - V'Q|² in the norm of the kernel's space, and ξ the least loss
/// of stage 2 on the first, (y - w'P)², as in the paper. The kernels' width is a multiple of the columns' standard
/// deviations, the one with the least loss of stage 2. The halves are then exchanged and the two g averaged.
///
/// The settings of the reference are 1000 rows, all of them landmarks, one way round, and h² half the median of squared
/// distances.
public struct KernelInstrumental: StructuralRegression {
  private let options: NonparametricOptions
  private let penalties: [Double]

  private static let referenceRows = 1000

  public init(_ options: NonparametricOptions) {
    self.options = options
    penalties = Self.penalties(options.isPaper ? 50 : 17)
  }

  /// Powers of ten from 1e-2 to 1e-10.
  static func penalties(_ count: Int) -> [Double] {
    (0..<count).map {
      Elementary.exp(-Elementary.log(10) * (2 + 8 * Double($0) / Double(count - 1)))
    }
  }

  public func fit(_ rows: some StructuralRows) throws -> StructuralFit<KernelExpansion> {
    guard options.isPaper else {
      return try fit(rows, Landmarks(rows, options), directions: [(0, 1), (1, 0)])
    }
    let landmarks = try Landmarks(rows, count: Self.referenceRows, seed: options.seed)
    return try fit(SampleRows(landmarks, of: rows), landmarks, directions: [(0, 1)])
  }

  private func fit(
    _ rows: some StructuralRows, _ landmarks: Landmarks, directions: [(Int, Int)]
  ) throws -> StructuralFit<KernelExpansion> {
    let problem = KernelProblem(
      rows, landmarks, dual: try KernelCoordinates.dual(rows), usesMedians: options.isPaper,
      seed: options.seed)
    return try problem.best { sums in
      let found = try directions.map { try stages(sums.parts[$0.0], sums.parts[$0.1]) }
      let share = 1 / Double(found.count)
      let coefficients = found[0].coefficients.indices.map { j in
        found.reduce(0) { $0 + share * $1.coefficients[j] }
      }
      return (coefficients, found.reduce(0) { $0 + share * $1.loss })
    }
  }

  /// Stage 1 on one part, judged on the other, and stage 2 on the other, judged on the first.
  private func stages(_ first: KernelSums.Part, _ second: KernelSums.Part) throws -> (
    coefficients: [Double], loss: Double
  ) {
    let embeddings = try first.embeddings
    let embedding = embeddings.solution(
      first.weight * penalties[embeddings.losses(first, penalties, on: second).placeOfLeast ?? 0])
    let path = try RidgePath(
      embedding.transposed * second.dual * embedding,
      Matrix(column: embedding.transposed * second.dualOutcome))
    let losses = path.outcomeLosses(second, penalties, on: first)
    let best = losses.placeOfLeast ?? 0
    return (path.solution(second.weight * penalties[best]).values, losses[best])
  }
}
