import LinearAlgebra

/// DualIV (Muandet, Mehrjou, Lee and Raj 2020, "Dual instrumental variable regression"): the g that the worst function u
/// of the dual finds least wrong,
///
/// min_g max_u E[(g(t, x) - y) u] - E[u²] / 2, with ridge penalties n λ on u and n ξ on g.
///
/// With features Q of the dual's variables and P of (t, x) the saddle point is
/// w = (B'(A + n λ)⁻¹ B + n ξ)⁻¹ B'(A + n λ)⁻¹ Q'y, A = Q'Q, B = Q'P.
///
/// Published are functions u(y, z), which ask for E[g - y | y, z] = 0: that is not what an instrument gives, since the
/// error is not independent of y, and the estimate is not consistent. Ours are functions u(z, x), whose saddle point is
/// the IV restriction; see ``NonparametricOptions/Dual``. λ has the least loss of the regression of P on Q between
/// halves. ξ and the kernels' width have the least error of the reduced form, (y - w'V'Q)², of w from one half on a quarter
/// of the other, with the V of the other quarter there: an embedding that w has not been fitted to. The error of y itself
/// is least for ordinary regression. Then all rows make the fit.
///
/// The settings of the reference are 100 rows, all of them landmarks, u(y, z) without x, penalties of 1e-3 and h² half the
/// median of squared distances.
public struct DualInstrumental: StructuralRegression {
  private let options: NonparametricOptions
  private let penalties: [Double]

  private static let referenceRows = 100
  private static let referencePenalty = 1e-3

  public init(_ options: NonparametricOptions) {
    self.options = options
    penalties = options.isPaper ? [Self.referencePenalty] : KernelInstrumental.penalties(17)
  }

  public func fit(_ rows: some StructuralRows) throws -> StructuralFit<KernelExpansion> {
    guard options.isPaper else { return try fit(rows, Landmarks(rows, options)) }
    let landmarks = try Landmarks(rows, count: Self.referenceRows, seed: options.seed)
    return try fit(SampleRows(landmarks, of: rows), landmarks)
  }

  private func fit(_ rows: some StructuralRows, _ landmarks: Landmarks) throws -> StructuralFit<
    KernelExpansion
  > {
    let dual = try KernelCoordinates.dual(
      rows, hasCovariates: !options.isPaper, hasOutcome: options.isPaper || options.dual == .outcome
    )
    let problem = KernelProblem(
      rows, landmarks, dual: dual, usesMedians: options.isPaper, seed: options.seed)
    let byOutcome = options.isPaper || rows.instrumentCount == 0
    return try problem.best { try saddle($0, byOutcome: byOutcome) }
  }

  private func saddle(_ sums: KernelSums, byOutcome: Bool) throws -> (coefficients: [Double], loss: Double) {
    let halves = KernelHalf.allCases.map { sums[$0.quarters] }
    let first = try zip(halves, halves.reversed()).map { part, other in
      try part.embeddings.losses(part, penalties, on: other)
    }
    let penalty = penalties[first.means.placeOfLeast ?? 0]
    let losses = try zip(halves, KernelHalf.allCases.reversed()).map { part, other in
      let path = try path(part, penalty)
      guard !byOutcome else { return path.outcomeLosses(part, penalties, on: sums[other.quarters]) }
      return try other.ways.map { embedding, judging in
        try path.reducedFormLosses(
          part, penalties, on: ReducedForm(sums[[judging]], embedded(sums[[embedding]], penalty)))
      }.means
    }.means
    let best = losses.placeOfLeast ?? 0
    let whole = sums[KernelHalf.allCases.flatMap(\.quarters)]
    return (try path(whole, penalty).solution(whole.weight * penalties[best]).values, losses[best])
  }

  /// V at a penalty per row.
  private func embedded(_ part: KernelSums.Part, _ penalty: Double) throws -> Matrix {
    try part.embeddings.solution(part.weight * penalty)
  }

  /// The saddle points at one penalty of the dual, for every penalty of g.
  private func path(_ part: KernelSums.Part, _ penalty: Double) throws -> RidgePath {
    let embedding = try embedded(part, penalty)
    return try RidgePath(
      part.cross.transposed * embedding, Matrix(column: embedding.transposed * part.dualOutcome))
  }
}
