import LinearAlgebra

/// f_X of Eq. 14: what a covariate adds to itself in the treatment.
public enum SimulationScenario: String, Sendable, Codable, CaseIterable {
  /// f(x) = x.
  case linear
  /// f(x) = x².
  case poly
  /// f(x) = sin x.
  case sin
  /// f(x) = 1 / (1 + exp(-x)).
  case sigmoid
  /// f(x) = |x|.
  case abs

  public func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .linear: x
    case .poly: x * x
    case .sin: Elementary.sin(x)
    case .sigmoid: 1 / (1 + Elementary.exp(-x))
    case .abs: x.magnitude
    }
  }
}

/// The law of what is not observed, standardised to mean 0 and variance 1.
public enum SimulationErrorLaw: String, Sendable, Codable, CaseIterable {
  /// N(0, 1).
  case normal
  /// Student's t with 4 degrees of freedom over its standard deviation √2: heavy tails, no finite kurtosis.
  case t4
  /// An exponential number of rate 1, less 1: skewness 2.
  case exponential
  /// Uniform on (-√3, √3).
  case uniform
  /// Half N(-0.9, 0.19), half N(0.9, 0.19): two separate modes.
  case bimodal
  /// Normal with variance (1 + x²) / 2, x the first covariate: 1 on average.
  case heteroskedastic

  /// The standard deviation at a row, which numbers of the law are multiplied by.
  public func deviation(at x: [Double]) -> Double {
    self == .heteroskedastic ? ((1 + x[0] * x[0]) / 2).squareRoot() : 1
  }

  /// A number of this law, from the one random place (row, draw).
  public func draw(_ random: CounterRandom, row: Int, draw: Int) -> Double {
    switch self {
    case .normal, .heteroskedastic:
      return random.normal(row: row, draw: draw)
    case .t4:
      // Bailey's polar method, Mathematics of Computation 62 (1994): t_ν = cos(2πv) √(ν (u^(-2/ν) - 1)).
      let (u, v) = random.uniformPair(row: row, draw: draw)
      return Elementary.cos(2 * .pi * v) * (2 * (1 / (1 - u).squareRoot() - 1)).squareRoot()
    case .exponential:
      return -Elementary.log(1 - random.uniform(row: row, draw: draw)) - 1
    case .uniform:
      return 12.0.squareRoot() * (random.openUniform(row: row, draw: draw) - 0.5)
    case .bimodal:
      let (spread, side) = random.normalPair(row: row, draw: draw)
      return (side < 0 ? -0.9 : 0.9) + 0.19.squareRoot() * spread
    }
  }
}

/// What the size of the noise means: N(0, 0.1) in the paper may be read either way.
public enum SimulationNoiseKind: String, Sendable, Codable, CaseIterable {
  case standardDeviation = "sd"
  case variance
}
