import LinearAlgebra
import Mixture

extension JointMixture {
  /// The variance floors, (1% of the pooled residual standard deviation)² of t and of y.
  static let varianceFloorShare = 1e-4

  /// Starts from a mixture of regressions of t on ρ: b and one τ from the pooled regression of y, κ and all extensions
  /// 0, so that the first E step sees t alone.
  ///
  /// - Parameters:
  ///   - selection: on the first columns of the design.
  ///   - pooled: the statistics of all rows as one group, on the joint design.
  /// - Throws: ``DegenerateGroup`` when columns depend linearly on each other.
  public init(
    selection: RegressionMixture, pooled: SufficientStatistics, extensions: Extensions = Extensions()
  ) throws(DegenerateGroup) {
    let outcome = try PooledRegression(pooled, name: "the outcome's regression")
    let treatment = try PooledRegression(
      pooled.selection(selection.coefficients[0].count), name: "the treatment's regression")
    let groups = selection.groupCount
    let (variance, spread) = (outcome.variance, treatment.standardDeviation)
    self.init(
      mixingWeights: selection.mixingWeights, selectionCoefficients: selection.coefficients,
      selectionDeviations: selection.standardDeviations, outcomeCoefficients: outcome.coefficients,
      endogeneities: Array(repeating: 0, count: groups),
      shifts: extensions.shifts ? Array(repeating: 0, count: groups) : nil,
      bends: extensions.bends ? Array(repeating: 0, count: groups) : nil,
      outcomeDeviations: Array(repeating: variance.squareRoot(), count: groups),
      floors: Floors(
        selection: Self.varianceFloorShare * spread * spread, outcome: Self.varianceFloorShare * variance))
    if extensions.concomitants { concomitants = constantLogShares }
  }

  /// Carries groups found on one design over to another whose first columns are the same: the M step on the other
  /// design's columns with the posteriors of the first.
  ///
  /// - Parameters:
  ///   - design: the other design.
  ///   - pooled: its statistics as one group.
  ///   - interactions: with columns of the other design.
  ///   - own: the design of this model.
  /// - Throws: ``DegenerateGroup``; on all ranks the same ``Failure`` when a pass fails.
  public func carried(
    to design: Design, pooled: SufficientStatistics, interactions: ControlInteractions? = nil, from own: Design
  ) throws -> JointMixture {
    var model = try JointMixture(
      selection: RegressionMixture(
        mixingWeights: mixingWeights, coefficients: selectionCoefficients, standardDeviations: selectionDeviations),
      pooled: pooled, extensions: extensions)
    model.concomitants = concomitants
    model.interactions = interactions
    model.errors = errors
    model.outcomeDeviations = outcomeDeviations
    _ = try model.maximize(design.jointSums(of: model, posteriorsOf: self, on: own))
    return model
  }
}

extension JointMixture {
  /// ω_k of shares that do not depend on ρ.
  var constantLogShares: [[Double]] {
    mixingWeights.map { share in
      [Elementary.log(share / mixingWeights[0])] + Array(repeating: 0, count: selectionCount - 1)
    }
  }
}

extension SufficientStatistics {
  /// The statistics of (ρ, t) from those of the joint columns (ρ, …, t, y).
  public func selection(_ selectionCount: Int) -> SufficientStatistics {
    columns(Array(0..<selectionCount) + [columnCount - 2])
  }

  /// The statistics of the joint columns up to y, of which there are `count`.
  func leading(_ count: Int) -> SufficientStatistics { count == columnCount ? self : columns(Array(0..<count)) }

  /// The statistics of some of the columns.
  ///
  /// - Precondition: there are no others than of weighted Gram matrices.
  func columns(_ columns: [Int]) -> SufficientStatistics {
    var result = SufficientStatistics(groupCount: groupCount, columnCount: columns.count)
    var packed: [Double] = []
    for k in 0..<groupCount {
      let full = gram(k)
      for (a, i) in columns.enumerated() { for j in columns[a...] { packed.append(full[i, j]) } }
    }
    result.summands = packed + summands.suffix(2)
    return result
  }
}
