import LinearAlgebra

/// All that rows of a stratum give, without its precision: bridge solutions, moments of the effect, classes.
struct StratumAnswer: Sendable {
  let whitened: WhitenedArms
  let bridge: BridgeSolution
  /// k.
  let rank: Int
  /// E[Y_t] in the units of the outcome, by bridges and by plain means of the arms.
  let means: [Double]
  let naiveMeans: [Double]
  /// σ_k of N_t over the root of the arm's share, so that a proxy that tells the class has 1.
  let strengths: [Double]
  /// μ_1 … μ_(2k-1) of the first contrast, in units of the outcome.
  let effectMoments: [Double]
  /// Nil where there are none.
  let classes: LatentClasses?
  let withoutClasses: NoClasses.Reason?

  /// How an answer is found.
  struct Method {
    let constant: [Double]
    let scale: OutcomeScale
    let solver: SyntheticOutcomesOptions.Solver
    let usesFullInverse: Bool
    /// The arms of the first contrast.
    let contrast: (treated: Int, control: Int)
    /// Nil for the rank that the rows show.
    let rank: Int?
  }

  init(_ arms: [ArmMoments], _ method: Method, rank given: Int? = nil) throws {
    let (treated, control) = method.contrast
    let scale = method.scale
    let whitened = try WhitenedArms(arms, constant: method.constant)
    let rank = min(given ?? method.rank ?? whitened.canonical.rank, max(1, whitened.largestRank))
    let bridge = try BridgeSolution(whitened, rank: method.usesFullInverse ? nil : rank)
    self.whitened = whitened
    self.rank = rank
    self.bridge = bridge
    means = bridge.means.map { scale.center + scale.deviation * $0 }
    naiveMeans = whitened.naiveMeans.map { scale.center + scale.deviation * $0 }
    strengths = zip(bridge.singularValues, whitened.shares).map { $0[rank - 1] / $1.squareRoot() }
    effectMoments = bridge.effectMoments(treated, control, count: 2 * (given ?? rank) - 1, mean: whitened.mean)
      .enumerated().dropFirst().map { $1 * Elementary.power(scale.deviation, $0) }
    do {
      var classes =
        method.solver == .spectral
        ? try LatentClasses.spectral(whitened, rank: rank)
        : try LatentClasses.moments(
          whitened, bridge, rank: rank, contrast: method.contrast, byRoots: method.solver == .prony)
      classes.means = classes.means.map { $0.map { scale.center + scale.deviation * $0 } }
      self.classes = classes.ordered(by: treated, control)
      withoutClasses = nil
    } catch let failure as NoClasses {
      (classes, withoutClasses) = (nil, failure.reason)
    }
  }

  private init(_ other: StratumAnswer, classes: LatentClasses?) {
    whitened = other.whitened
    bridge = other.bridge
    rank = other.rank
    means = other.means
    naiveMeans = other.naiveMeans
    strengths = other.strengths
    effectMoments = other.effectMoments
    self.classes = classes
    withoutClasses = other.withoutClasses
  }

  /// With the classes in the order in which they are nearest to those of another answer.
  func matched(to other: StratumAnswer, _ contrast: (treated: Int, control: Int)) -> StratumAnswer {
    guard let classes, let others = other.classes, classes.count == others.count else {
      return StratumAnswer(self, classes: nil)
    }
    return StratumAnswer(self, classes: classes.matched(to: others, contrast.treated, contrast.control))
  }
}
