import LinearAlgebra

/// A panel whose outcomes are moved by a few factors: y_it = <u_t(d), v_i> + noise, where d is the arm that unit i is
/// under in period t, the first before and its own after.
///
/// Loadings v and factors u are standard normal, those of an arm's units .5 higher in one factor, so that arms depend on
/// the factors. With cohorts, units come under their arms at times of their own. Every unit is a pure function of (parameters, unit), whoever computes it and in whatever order.
public struct PanelSimulation: Sendable {
  public let parameters: PanelParameters
  /// u [period, arm, factor], the last factors the new one and the outsider's where there are; the same for all arms before.
  public let factors: [Double]

  /// Factors, with the new one and that of the outsider.
  public var factorCount: Int { parameters.sharedFactors + (parameters.outsider == 0 ? 0 : 1) }
  public var periodCount: Int { parameters.prePeriods + parameters.postPeriods }
  public var armNames: [String] { ["control"] + (1..<max(1, parameters.arms)).map { "arm\($0)" } }

  /// - Throws: ``Failure`` (usage) when a parameter is out of range.
  public init(_ parameters: PanelParameters) throws {
    try parameters.validate()
    self.parameters = parameters
    let random = CounterRandom(seed: parameters.seed, stream: .simulatedPanelFactor)
    let old = parameters.factors
    let count = parameters.sharedFactors
    var factors: [Double] = []
    for period in 0..<parameters.prePeriods + parameters.postPeriods {
      let isAfter = period >= parameters.prePeriods
      for arm in 0..<parameters.arms {
        for factor in 0..<count {
          let value = random.normal(row: period, draw: (isAfter ? arm : 0) * count + factor)
          factors.append(factor < old ? value : isAfter ? parameters.newFactor * value : 0)
        }
        if parameters.outsider != 0 {
          factors.append(parameters.outsider * random.normal(row: period, draw: parameters.arms * count))
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
    /// The place of the first period under its arm; nil for a unit of the first arm.
    public let start: Int?
    /// What its arm adds to the mean of each period, <u_t(d) - u_t(0), v> from its start on.
    public let effects: [Double]
  }

  /// The arm of a unit: the first for every other one, the others in turn.
  public func arm(ofUnit unit: Int) -> Int {
    parameters.arms == 1 || unit.isMultiple(of: 2) ? 0 : 1 + unit / 2 % (parameters.arms - 1)
  }

  /// The first period of a unit under its arm: treated units take turns in cohorts, which are spread over those after.
  public func start(ofUnit unit: Int) -> Int? {
    guard arm(ofUnit: unit) > 0 else { return nil }
    let cohort = unit / 2 / (parameters.arms - 1) % parameters.cohorts
    return parameters.prePeriods + cohort * parameters.postPeriods / parameters.cohorts
  }

  /// A unit by its number.
  public func unit(_ unit: Int) -> Unit {
    let arm = arm(ofUnit: unit)
    let (loadings, start) = (loadings(ofUnit: unit, arm), start(ofUnit: unit))
    let effects = (0..<periodCount).map { period in
      period < start ?? .max ? 0 : mean(loadings, period, arm) - mean(loadings, period, 0)
    }
    let noise = CounterRandom(seed: parameters.seed, stream: .simulatedPanelNoise)
    let gaps = CounterRandom(seed: parameters.seed, stream: .simulatedPanelGaps)
    let outcomes = (0..<periodCount).map { period in
      parameters.missing > 0 && gaps.uniform(row: unit, draw: period) < parameters.missing
        ? .nan
        : mean(loadings, period, period < start ?? .max ? 0 : arm) + disturbance(unit, arm, loadings, period)
          + parameters.noise * noise.normal(row: unit, draw: period)
    }
    let theta = (0..<parameters.arms).map { arm in
      (parameters.prePeriods..<periodCount).reduce(0) { $0 + mean(loadings, $1, arm) } / Double(parameters.postPeriods)
    }
    return Unit(arm: arm, loadings: loadings, outcomes: outcomes, theta: theta, start: start, effects: effects)
  }

  /// What moves donors of the first arm after that is no part of the truth.
  private func disturbance(_ unit: Int, _ arm: Int, _ loadings: [Double], _ period: Int) -> Double {
    guard arm == 0, period >= parameters.prePeriods else { return 0 }
    return parameters.spillover * loadings[0] + (unit == 0 ? parameters.badDonor : 0)
  }

  private func loadings(ofUnit unit: Int, _ arm: Int) -> [Double] {
    let random = CounterRandom(seed: parameters.seed, stream: .simulatedPanelUnit)
    return (0..<factorCount).map { factor in
      if factor == parameters.sharedFactors {
        return unit == parameters.units - 1 ? 1 : unit == 0 && parameters.badDonor != 0 ? 0.5 : 0
      }
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

extension PanelParameters {
  /// Factors that move all units, the last of them the new one.
  fileprivate var sharedFactors: Int { factors + (newFactor == 0 ? 0 : 1) }
}
