import LinearAlgebra

/// A panel whose outcomes are moved by a few factors: y_it = <u_t(d), v_i> + noise, where d is the arm that unit i is
/// under in period t, the first before and its own after.
///
/// Loadings v and factors u are standard normal, those of an arm's units .5 higher in one factor, so that arms depend on
/// the factors. Every unit is a pure function of (parameters, unit), whoever computes it and in whatever order.
public struct PanelSimulation: Sendable {
  public let parameters: PanelParameters
  /// u [period, arm, factor], the last factor the new one where there is one; the same for all arms before.
  public let factors: [Double]

  /// Factors, with the new one.
  public var factorCount: Int { parameters.factors + (parameters.newFactor == 0 ? 0 : 1) }
  public var periodCount: Int { parameters.prePeriods + parameters.postPeriods }
  public var armNames: [String] { ["control"] + (1..<max(1, parameters.arms)).map { "arm\($0)" } }

  /// - Throws: ``Failure`` (usage) when a parameter is out of range.
  public init(_ parameters: PanelParameters) throws {
    try parameters.validate()
    self.parameters = parameters
    let random = CounterRandom(seed: parameters.seed, stream: .simulatedPanelFactor)
    let old = parameters.factors
    let count = old + (parameters.newFactor == 0 ? 0 : 1)
    var factors: [Double] = []
    for period in 0..<parameters.prePeriods + parameters.postPeriods {
      let isAfter = period >= parameters.prePeriods
      for arm in 0..<parameters.arms {
        for factor in 0..<count {
          let value = random.normal(row: period, draw: (isAfter ? arm : 0) * count + factor)
          factors.append(factor < old ? value : isAfter ? parameters.newFactor * value : 0)
        }
      }
    }
    self.factors = factors
  }

  /// A unit with all that is known of it.
  public struct Unit: Sendable, Equatable {
    public let arm: Int
    /// v.
    public let loadings: [Double]
    /// The outcomes of all periods; NaN is missing.
    public let outcomes: [Double]
    /// The mean over the periods after of <u_t(d), v>, by arm.
    public let theta: [Double]
  }

  /// The arm of a unit: the first for every other one, the others in turn.
  public func arm(ofUnit unit: Int) -> Int {
    parameters.arms == 1 || unit.isMultiple(of: 2) ? 0 : 1 + unit / 2 % (parameters.arms - 1)
  }

  /// A unit by its number.
  public func unit(_ unit: Int) -> Unit {
    let arm = arm(ofUnit: unit)
    let loadings = loadings(ofUnit: unit, arm)
    let noise = CounterRandom(seed: parameters.seed, stream: .simulatedPanelNoise)
    let gaps = CounterRandom(seed: parameters.seed, stream: .simulatedPanelGaps)
    let outcomes = (0..<periodCount).map { period in
      parameters.missing > 0 && gaps.uniform(row: unit, draw: period) < parameters.missing
        ? .nan
        : mean(loadings, period, period < parameters.prePeriods ? 0 : arm)
          + parameters.noise * noise.normal(row: unit, draw: period)
    }
    let theta = (0..<parameters.arms).map { arm in
      (parameters.prePeriods..<periodCount).reduce(0) { $0 + mean(loadings, $1, arm) } / Double(parameters.postPeriods)
    }
    return Unit(arm: arm, loadings: loadings, outcomes: outcomes, theta: theta)
  }

  private func loadings(ofUnit unit: Int, _ arm: Int) -> [Double] {
    let random = CounterRandom(seed: parameters.seed, stream: .simulatedPanelUnit)
    return (0..<factorCount).map { factor in
      let shift = arm > 0 && factor == (arm - 1) % parameters.factors ? 0.5 : 0
      return random.normal(row: unit, draw: factor) + shift
    }
  }

  /// <u_t(d), v>.
  private func mean(_ loadings: [Double], _ period: Int, _ arm: Int) -> Double {
    let start = (period * parameters.arms + arm) * factorCount
    return loadings.indices.reduce(0) { $0 + factors[start + $1] * loadings[$1] }
  }
}
