import Diagnostics
import LinearAlgebra
import Statistics

/// A class that cannot be seen, but whose members are known as a whole.
public struct ClassEstimate: Sendable, Equatable {
  public let share: JackknifeEstimate
  /// For each contrast.
  public let effects: [JackknifeEstimate]
  /// E[Y_t | u] for each arm.
  public let means: [JackknifeEstimate]
  /// E[φ_X | u].
  public let features: [Double]
}

/// The effect of one arm instead of another.
public struct ArmContrast: Sendable, Equatable {
  public let treated: Double
  public let control: Double
  /// The difference of the arms' means.
  public let naive: JackknifeEstimate
  /// The average effect.
  public let effect: JackknifeEstimate
}

/// How well the proxies of both sides tell the classes in an arm.
public struct ProxyStrength: Sendable, Equatable {
  /// The treatment.
  public let arm: Double
  /// The k-th singular value of E[φ_Z φ_X' | t] in whitened features: 1 for proxies that tell the classes, 0 for ones that do
  /// not.
  public let value: JackknifeEstimate
  /// The value over its standard error.
  public let ratio: Double?
  /// The largest singular value over the k-th.
  public let condition: Double
}

/// A test in one arm; nil values where it cannot be made.
public struct ArmTest: Sendable, Equatable {
  public let arm: Double
  public let test: ChiSquareTest?
}

/// What is found in a stratum, or in all rows where there are no strata.
public struct StratumResult: Sendable {
  /// The level of the stratum; nil where there are no strata.
  public let name: String?
  public let rowCount: Int
  /// The stratum's share of all rows, by weight.
  public let share: Double
  /// The rows of each arm.
  public let armRows: [Int]

  /// k, and the rank that the proxies show where k was asked for.
  public let rank: Int
  public let foundRank: Int
  /// The canonical values of both sides' proxies, and the value that noise alone reaches.
  public let canonicalValues: [Double]
  public let noise: Double
  /// Of the test that the rank is no larger than k; nil without degrees of freedom.
  public let rankTest: ChiSquareTest?

  public let armMeans: [JackknifeEstimate]
  public let contrasts: [ArmContrast]
  /// E[R^l] of the first contrast, l = 1 … 2k - 1.
  public let effectMoments: [JackknifeEstimate]
  /// Nil where the rows give none.
  public let classes: [ClassEstimate]?
  /// Of shares, then of means arm by arm.
  public let classCovariance: Matrix?
  /// The differences of the effects of neighbouring classes.
  public let separations: [JackknifeEstimate]

  public let treatmentProxiesExcluded: [ArmTest]
  public let outcomeProxiesExcluded: [ArmTest]
  public let outcomeProxiesUntouched: ChiSquareTest?
  public let strengths: [ProxyStrength]
  public let verdicts: Verdicts
  public let findings: [Finding]
  /// P(u | cell of the outcome's proxies) by cell in use; nil where there are no classes or the features are no cells.
  public let posteriors: [[Double]]?
  /// The matrices that the answers come from.
  public let matrices: BridgeMatrices
}

/// M_t, m_t, Q_t, α_t and A_t in the features and in the units of the outcome.
public struct BridgeMatrices: Sendable {
  public let cross: [Matrix]
  public let outcomeMeans: [[Double]]
  public let outcomeCross: [Matrix]
  public let bridges: [[Double]]
  public let operators: [Matrix]

  init(_ arms: [ArmMoments], _ answer: StratumAnswer, constant: [Double], scale: OutcomeScale) {
    cross = arms.map { (1 / $0.weight) * $0.crossProducts(0) }
    outcomeCross = zip(arms, cross).map { arm, cross in
      scale.center * cross + (scale.deviation / arm.weight) * arm.crossProducts(1)
    }
    outcomeMeans = outcomeCross.map { $0 * constant }
    let whitened = answer.whitened
    bridges = answer.bridge.bridges.map { bridge in
      zip(constant, whitened.whitening * bridge).map { scale.center * $0 + scale.deviation * $1 }
    }
    let identity = Matrix.identity(constant.count)
    operators = answer.bridge.operators.map { inner in
      scale.center * identity + scale.deviation * (whitened.whitening * inner * whitened.unwhitening.transposed)
    }
  }
}
