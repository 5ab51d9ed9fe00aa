import LinearAlgebra

/// KernelIV (Singh, Sahani and Gretton 2019, "Kernel instrumental variable regression").
///
/// ```
/// rows -> landmarks, drawn by counter                       Landmarks
///   -> features P of (t, x), Q of (z, x), for each width    KernelFeatures
///   -> Q'Q, Q'P, P'P, Q'y, P'y, y'y by quarters             KernelSums
///   -> V = (Q'Q + n λ)⁻¹ Q'P on one half                    stage 1: E[P | z, x] = V'Q
///   -> w = (V'Q'Q V + n ξ)⁻¹ V'Q'y on the other             stage 2: g = w'P
/// ```
/// λ has the least loss of stage 1 on the other half, |P - V'Q|² in the norm of the kernel's space, as in the paper. ξ has
/// the least error of the reduced form, (y - w'V'Q)², of w from one quarter of the other half on the other quarter: what
/// g predicts of y given z and x. The paper's loss (y - w'P)² is least for E[y | t, x], which is what ordinary regression
/// seeks, and the more rows there are the finer it sees that. The kernels' width is a multiple of the columns' standard
/// deviations, the one with the least error of the reduced form. The halves are exchanged, with the same ξ, and the two g
/// averaged.
///
/// Without an instrument the reduced form says nothing of t, and the paper's loss judges: what is left is ordinary
/// regression.
///
/// The settings of the reference are 1000 rows, all of them landmarks, one way round, h² half the median of squared
/// distances, and ξ by the paper's loss on the first half.
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
      return try fit(rows, Landmarks(rows, options), directions: [(.first, .second), (.second, .first)])
    }
    let landmarks = try Landmarks(rows, count: Self.referenceRows, seed: options.seed)
    return try fit(SampleRows(landmarks, of: rows), landmarks, directions: [(.first, .second)])
  }

  private func fit(
    _ rows: some StructuralRows, _ landmarks: Landmarks, directions: [(KernelHalf, KernelHalf)]
  ) throws -> StructuralFit<KernelExpansion> {
    let problem = KernelProblem(
      rows, landmarks, dual: try KernelCoordinates.dual(rows), usesMedians: options.isPaper,
      seed: options.seed)
    let byOutcome = options.isPaper || rows.instrumentCount == 0
    return try problem.best { sums in
      let found = try directions.map { try Stages(sums, first: $0.0, second: $0.1, self, byOutcome: byOutcome) }
      let losses = found.map(\.losses).means
      let best = losses.placeOfLeast ?? 0
      return (found.map { $0.coefficients(penalties[best]) }.means, losses[best])
    }
  }

  /// Stage 1 on one half, judged on the other, and stage 2 on the other, judged there between its quarters.
  private struct Stages {
    private let path: RidgePath
    private let weight: Double
    /// Of stage 2, for each penalty.
    let losses: [Double]

    init(
      _ sums: KernelSums, first half: KernelHalf, second other: KernelHalf, _ method: KernelInstrumental,
      byOutcome: Bool
    ) throws {
      let (first, second, penalties) = (sums[half.quarters], sums[other.quarters], method.penalties)
      let embeddings = try first.embeddings
      let embedding = embeddings.solution(
        first.weight * penalties[embeddings.losses(first, penalties, on: second).placeOfLeast ?? 0])
      let path = try ReducedForm(second, embedding).path
      losses =
        byOutcome
        ? path.outcomeLosses(second, penalties, on: first)
        : try other.ways.map { fitting, judging in
          try ReducedForm(sums[[fitting]], embedding).path
            .reducedFormLosses(sums[[fitting]], penalties, on: ReducedForm(sums[[judging]], embedding))
        }.means
      self.path = path
      weight = second.weight
    }

    /// w at a penalty per row.
    func coefficients(_ penalty: Double) -> [Double] { path.solution(weight * penalty).values }
  }
}
