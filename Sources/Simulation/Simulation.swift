import Diagnostics
import LinearAlgebra

/// Data with a hidden group instrument and an unobserved confounder, after Eq. 13-16 of the Meta-EM paper.
///
///     T = Σ_j w_zj (X_j + f_X(X_j)) + a_z ε + δ_T,             Z uniform on K, w_kj ~ Unif(-1, 1)
///     Y = g(T, X) + b ε + δ_Y
///     g(t, x) = -1.5 t + 0.9 t² + mean(x) + |x1 x2| - sin(10 + x2 x3)
///
/// Simulated X are independent N(0, 1), and ε = 0.1 Σ_j X_j + √(1 - 0.01 M) u with u of the law of errors, so that
/// Var ε = 1 and Cov(X_j, ε) = 0.1; X from a table is independent of ε = u. With one or two covariates those that g
/// misses count as 0.
///
/// Every row is a pure function of (parameters, table, row number), whoever computes it and in whatever order.
public struct Simulation: Sendable {
  public let parameters: SimulationParameters
  /// w [K, M].
  public let weights: Matrix
  /// Real covariates; nil when they are simulated.
  public let table: SimulationCovariates?

  /// - Throws: ``Failure`` (usage) when a parameter is out of range or does not go with the table.
  public init(_ parameters: SimulationParameters, covariates table: SimulationCovariates? = nil) throws {
    try parameters.validate()
    if let table {
      try Self.check(parameters, against: table)
    } else if Self.ownVariance(covariates: parameters.covariates) <= 0 {
      throw Failure(
        .usage,
        "--covariates is \(parameters.covariates); with Cov(X, eps) = 0.1 the variance of eps allows at most 99")
    }
    self.parameters = parameters
    self.table = table
    let random = CounterRandom(seed: parameters.seed, stream: .simulatedWeights)
    var weights = Matrix(rows: parameters.groups, columns: parameters.covariates)
    for k in 0..<weights.rows {
      for j in 0..<weights.columns { weights[k, j] = 2 * random.uniform(row: k, draw: j) - 1 }
    }
    self.weights = weights
  }

  private static func check(_ parameters: SimulationParameters, against table: SimulationCovariates) throws {
    guard parameters.covariates == table.columns else {
      throw Failure(
        .usage, "--covariates is \(parameters.covariates) but --columns names \(table.columns); leave --covariates out")
    }
    guard parameters.rows + parameters.testRows <= table.rows else {
      throw Failure(
        .usage,
        "--rows \(parameters.rows) and --test-rows \(parameters.testRows) need more than the \(table.rows) rows of the "
          + "file; ask for fewer")
    }
  }

  /// 1 - Σ_j Cov(X_j, ε)²: the part of Var ε that simulated X do not carry.
  private static func ownVariance(covariates: Int) -> Double {
    let covariance = SimulationParameters.covariance
    return 1 - Double(covariates) * covariance * covariance
  }
}

// MARK: - The structural model

extension Simulation {
  /// τ(t) = g(t, x) - g(0, x) = -1.5 t + 0.9 t², whatever x.
  public static func effect(_ treatment: Double) -> Double {
    -1.5 * treatment + 0.9 * treatment * treatment
  }

  /// g(t, x): the outcome under do(t) without ε and noise.
  public static func outcome(_ treatment: Double, _ x: [Double]) -> Double {
    let second = x.count > 1 ? x[1] : 0
    let third = x.count > 2 ? x[2] : 0
    let mean = x.reduce(0, +) / Double(x.count)
    return effect(treatment) + mean + abs(x[0] * second) - Elementary.sin(10 + second * third)
  }

  /// Σ_j w_kj (x_j + f_X(x_j)): the treatment that source k gives without ε and noise.
  public func assignment(_ source: Int, _ x: [Double]) -> Double {
    zip(weights[row: source], x).reduce(0) { $0 + $1.0 * ($1.1 + parameters.scenario($1.1)) }
  }
}

// MARK: - Rows

extension Simulation {
  /// The rows of a range of global row numbers, `0 ..< parameters.rows`.
  public func rows(_ range: Range<Int>) -> SimulatedRows {
    precondition(range.upperBound <= parameters.rows, "rows beyond the simulation's")
    return generate(range, sample: Sample(stream: .simulatedRow, firstTableRow: 0, isIntervened: false))
  }

  /// The rows of a range of the test sample, `0 ..< parameters.testRows`: independent of the others, with the same w.
  ///
  /// X, Z and T are drawn as in the data, but T is then set, T = do(t): the ε of the outcome is drawn anew given X, so
  /// that E[Y | t, x] = g(t, x) + b E[ε | x]. From a table come the rows that follow those of the data.
  public func testRows(_ range: Range<Int>) -> SimulatedRows {
    precondition(range.upperBound <= parameters.testRows, "rows beyond the test sample's")
    return generate(
      range, sample: Sample(stream: .simulatedTestRow, firstTableRow: parameters.rows, isIntervened: true))
  }

  private struct Sample {
    let stream: RandomStream
    let firstTableRow: Int
    let isIntervened: Bool
  }

  /// Which draw of a row serves what.
  private enum Draw {
    static let source = 0
    static let confounder = 1
    static let treatmentNoise = 2
    static let outcomeNoise = 3
    static let intervenedConfounder = 4
    /// Two covariates to a draw, from here on.
    static let covariates = 16
  }

  private func generate(_ range: Range<Int>, sample: Sample) -> SimulatedRows {
    let random = CounterRandom(seed: parameters.seed, stream: sample.stream)
    let law = parameters.errors
    let ownDeviation = table == nil ? Self.ownVariance(covariates: parameters.covariates).squareRoot() : 1
    var rows = SimulatedRows(range: range, covariates: parameters.covariates)
    var x = [Double](repeating: 0, count: parameters.covariates)
    for row in range {
      fill(&x, row: row, firstTableRow: sample.firstTableRow, random)
      let source = random.integer(below: parameters.groups, row: row, draw: Draw.source)
      let shared = table == nil ? SimulationParameters.covariance * x.reduce(0, +) : 0
      let deviation = law.deviation(at: x)
      func error(_ draw: Int) -> Double { deviation * law.draw(random, row: row, draw: draw) }
      func confounder(_ draw: Int) -> Double { shared + ownDeviation * error(draw) }
      func noise(_ draw: Int) -> Double { parameters.noiseDeviation * error(draw) }

      let cause = confounder(Draw.confounder)
      let treatment =
        assignment(source, x) + parameters.confounding(of: source) * cause
        + noise(Draw.treatmentNoise)
      let epsilon = sample.isIntervened ? confounder(Draw.intervenedConfounder) : cause
      let g = Self.outcome(treatment, x)
      let outcome = g + parameters.outcomeConfounding * epsilon + noise(Draw.outcomeNoise)
      rows.append(x: x, t: treatment, y: outcome, z: source, epsilon: epsilon, g: g)
    }
    return rows
  }

  private func fill(_ x: inout [Double], row: Int, firstTableRow: Int, _ random: CounterRandom) {
    if let table {
      let start = (firstTableRow + row) * x.count
      for j in x.indices { x[j] = table.values[start + j] }
      return
    }
    for j in stride(from: 0, to: x.count, by: 2) {
      let pair = random.normalPair(row: row, draw: Draw.covariates + j / 2)
      x[j] = pair.0
      if j + 1 < x.count { x[j + 1] = pair.1 }
    }
  }
}

/// Simulated rows, column by column, with their truth.
public struct SimulatedRows: Sendable, Equatable {
  /// The global rows.
  public let range: Range<Int>
  /// X [rows, covariates], row-major.
  public private(set) var x: [Double] = []
  public private(set) var t: [Double] = []
  public private(set) var y: [Double] = []
  /// The source, `0 ..< K`.
  public private(set) var z: [Int] = []
  /// ε of the outcome.
  public private(set) var epsilon: [Double] = []
  /// g(t, x).
  public private(set) var g: [Double] = []

  /// τ = g(t, x) - g(0, x).
  public var effect: [Double] { t.map(Simulation.effect) }

  init(range: Range<Int>, covariates: Int) {
    self.range = range
    x.reserveCapacity(range.count * covariates)
    for column in [\SimulatedRows.t, \.y, \.epsilon, \.g] { self[keyPath: column].reserveCapacity(range.count) }
    z.reserveCapacity(range.count)
  }

  mutating func append(x row: [Double], t: Double, y: Double, z: Int, epsilon: Double, g: Double) {
    x += row
    self.t.append(t)
    self.y.append(y)
    self.z.append(z)
    self.epsilon.append(epsilon)
    self.g.append(g)
  }
}
