import Diagnostics
import Foundation
import LinearAlgebra
import Simulation
import Testing

@Suite struct SimulationTests {
  static func simulation(
    _ scenario: SimulationScenario = .linear, groups: Int = 3, covariates: Int = 3, rows: Int = 3000, seed: UInt64 = 1,
    _ change: (inout SimulationParameters) -> Void = { _ in }
  ) throws -> Simulation {
    var parameters = SimulationParameters()
    (parameters.scenario, parameters.groups, parameters.covariates) = (scenario, groups, covariates)
    (parameters.rows, parameters.seed) = (rows, seed)
    change(&parameters)
    return try Simulation(parameters)
  }

  private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }

  private func covariance(_ a: [Double], _ b: [Double]) -> Double {
    let (meanA, meanB) = (mean(a), mean(b))
    return mean(zip(a, b).map { ($0 - meanA) * ($1 - meanB) })
  }

  private func deviation(_ values: [Double]) -> Double { covariance(values, values).squareRoot() }

  private func column(_ j: Int, of rows: SimulatedRows) -> [Double] {
    let columns = rows.x.count / rows.t.count
    return rows.t.indices.map { rows.x[$0 * columns + j] }
  }

  // MARK: The equations

  @Test func `Confounders have their covariances`() throws {
    let rows = try Self.simulation(covariates: 4, rows: 100_000).rows(0..<100_000)
    let epsilon = rows.epsilon
    #expect(abs(covariance(epsilon, epsilon) - 1) < 0.02)
    for j in 0..<4 {
      let x = column(j, of: rows)
      #expect(abs(mean(x)) < 0.013)
      #expect(abs(covariance(x, x) - 1) < 0.02)
      #expect(abs(covariance(x, epsilon) - 0.1) < 0.013)
      for other in 0..<j { #expect(abs(covariance(x, column(other, of: rows))) < 0.013) }
    }
  }

  /// Var(T | Z = k) = Σ 4 w² + a² + 2 a Σ 2 w 0.1 + σ² and E Y = 0.9 Var T + 2/π - sin(10) / √2 in the linear scenario.
  @Test func `Moments of the linear scenario are the closed forms`() throws {
    let simulation = try Self.simulation(rows: 200_000)
    let rows = simulation.rows(0..<200_000)
    let variances = (0..<3).map { k in
      simulation.weights[row: k].reduce(0.04 + 0.01) { $0 + 4 * $1 * $1 + 2 * 0.2 * 2 * $1 * 0.1 }
    }
    for k in 0..<3 {
      let t = rows.t.indices.filter { rows.z[$0] == k }.map { rows.t[$0] }
      let share = Double(t.count) / 200_000
      #expect(abs(share - 1.0 / 3) < 0.0043)
      #expect(abs(covariance(t, t) / variances[k] - 1) < 0.025)
    }
    let expected: Double = 0.9 * mean(variances) + 2 / .pi - sin(10) / 2.0.squareRoot()
    let standardError = deviation(rows.y) / 200_000.0.squareRoot()
    #expect(abs(mean(rows.y) - expected) < 4 * standardError)
  }

  @Test(arguments: SimulationScenario.allCases)
  func `Treatment and outcome leave the noise`(scenario: SimulationScenario) throws {
    let simulation = try Self.simulation(scenario, groups: 4, covariates: 5, rows: 20_000)
    let rows = simulation.rows(0..<20_000)
    var treatmentNoise: [Double] = []
    var outcomeNoise: [Double] = []
    for i in 0..<20_000 {
      let x = Array(rows.x[5 * i..<5 * i + 5])
      let assigned = (0..<5).reduce(0) { $0 + simulation.weights[rows.z[i], $1] * (x[$1] + scenario(x[$1])) }
      treatmentNoise.append(rows.t[i] - assigned - 0.2 * rows.epsilon[i])
      let t = rows.t[i]
      let effect = 0.9 * t * t - 1.5 * t
      let g = effect + x.reduce(0, +) / 5 + abs(x[0] * x[1]) - sin(10 + x[1] * x[2])
      let tolerance = 1e-12 * (1 + abs(g))
      #expect(abs(rows.g[i] - g) < tolerance)
      #expect(abs(rows.effect[i] - effect) < tolerance)
      outcomeNoise.append(rows.y[i] - g - 2 * rows.epsilon[i])
    }
    for noise in [treatmentNoise, outcomeNoise] {
      #expect(abs(mean(noise)) < 0.003)
      #expect(abs(deviation(noise) - 0.1) < 0.002)
    }
    #expect(abs(covariance(treatmentNoise, outcomeNoise)) < 0.0003)
    #expect(abs(covariance(treatmentNoise, rows.epsilon)) < 0.003)
  }

  @Test func `Weights are uniform`() throws {
    let weights = try Self.simulation(groups: 100, covariates: 90).weights.values
    #expect(weights.allSatisfy { abs($0) < 1 })
    #expect(abs(mean(weights)) < 0.025)
    #expect(abs(covariance(weights, weights) - 1.0 / 3) < 0.013)
  }

  @Test func `Coefficients and noise follow the parameters`() throws {
    let simulation = try Self.simulation(rows: 20_000) {
      ($0.confounding, $0.outcomeConfounding, $0.noise, $0.noiseKind) = ([1.5], -3, 0.09, .variance)
    }
    let rows = simulation.rows(0..<20_000)
    let treatmentNoise = rows.t.indices.map { i in
      rows.t[i] - simulation.assignment(rows.z[i], Array(rows.x[3 * i..<3 * i + 3])) - 1.5 * rows.epsilon[i]
    }
    let outcomeNoise = rows.t.indices.map { rows.y[$0] - rows.g[$0] + 3 * rows.epsilon[$0] }
    #expect(abs(deviation(treatmentNoise) - 0.3) < 0.006)
    #expect(abs(deviation(outcomeNoise) - 0.3) < 0.006)
  }

  @Test func `Confounding may differ by source`() throws {
    let coefficients = [-0.5, 0.5, 1]
    let simulation = try Self.simulation(rows: 20_000) { ($0.confounding, $0.noise) = (coefficients, 0) }
    let rows = simulation.rows(0..<20_000)
    for i in 0..<20_000 {
      let assigned = simulation.assignment(rows.z[i], Array(rows.x[3 * i..<3 * i + 3]))
      #expect(abs(rows.t[i] - assigned - coefficients[rows.z[i]] * rows.epsilon[i]) < 1e-12)
    }
  }

  @Test func `Heteroskedastic errors spread with the first covariate`() throws {
    let rows = try Self.simulation(rows: 200_000) { $0.errors = .heteroskedastic }.rows(0..<200_000)
    #expect(abs(covariance(rows.epsilon, rows.epsilon) - 1) < 0.02)
    for x in [0.0, 1, 2] {
      let near = rows.t.indices.filter { abs(rows.x[3 * $0] - x) < 0.05 }
      // ε less its part 0.1 Σ x; that keeps 1 - 3 · 0.01 of the variance. Some thousand rows give it within 12%.
      let own = near.map { rows.epsilon[$0] - 0.1 * (rows.x[3 * $0] + rows.x[3 * $0 + 1] + rows.x[3 * $0 + 2]) }
      #expect(abs(covariance(own, own) / (0.97 * (1 + x * x) / 2) - 1) < 0.12)
    }
  }

  @Test func `Missing covariates count as zero`() {
    #expect(Simulation.outcome(0, [2]) == 2 - sin(10.0))
    #expect(Simulation.outcome(0, [2, -3]) == -0.5 + 6 - sin(10.0))
    #expect(Simulation.outcome(2, [2, -3, 4]) == -3 + 3.6 + 1 + 6 - sin(-2.0))
  }

  // MARK: Invariance

  @Test func `Rows do not depend on their block`() throws {
    let simulation = try Self.simulation(.sin, covariates: 4, rows: 1000)
    let whole = simulation.rows(0..<1000)
    for range in [0..<1, 17..<400, 999..<1000, 5..<5] {
      let part = simulation.rows(range)
      #expect(part.x == Array(whole.x[4 * range.lowerBound..<4 * range.upperBound]))
      #expect(part.t == Array(whole.t[range]) && part.y == Array(whole.y[range]) && part.z == Array(whole.z[range]))
      #expect(part.g == Array(whole.g[range]) && part.epsilon == Array(whole.epsilon[range]))
    }
    #expect(try Self.simulation(.sin, covariates: 4, rows: 500).rows(0..<500).y == Array(whole.y[..<500]))
    #expect(try Self.simulation(.sin, covariates: 4, rows: 1000, seed: 2).rows(0..<1000).y != whole.y)
  }

  // MARK: The test sample

  @Test func `Test rows are intervened`() throws {
    let simulation = try Self.simulation(rows: 50_000) {
      ($0.testRows, $0.confounding, $0.noise) = (50_000, [1], 0)
    }
    func causeOfTreatment(_ rows: SimulatedRows) -> [Double] {
      rows.t.indices.map { rows.t[$0] - simulation.assignment(rows.z[$0], Array(rows.x[3 * $0..<3 * $0 + 3])) }
    }
    let data = simulation.rows(0..<50_000)
    let test = simulation.testRows(0..<50_000)
    // What confounds is one variable in the data; in the test sample only the part that x carries is shared, 3 · 0.01.
    #expect(abs(covariance(causeOfTreatment(data), data.epsilon) - 1) < 0.03)
    #expect(abs(covariance(causeOfTreatment(test), test.epsilon) - 0.03) < 0.02)
    #expect(abs(covariance(test.epsilon, test.epsilon) - 1) < 0.03)
    #expect(abs(covariance(data.t, test.t)) < 0.03 && data.t != test.t)
  }

  // MARK: The ceiling of reconstruction

  /// The share of labels that the Bayes rule with known coefficients finds: argmin_k |t - w_k'(x + f(x)) - a E[ε | x]|.
  private func bayesAccuracy(_ simulation: Simulation) -> Double {
    let parameters = simulation.parameters
    let rows = simulation.rows(0..<parameters.rows)
    let m = parameters.covariates
    let hits = rows.t.indices.filter { i in
      let x = Array(rows.x[m * i..<m * i + m])
      let residuals = (0..<parameters.groups).map { k in
        abs(rows.t[i] - simulation.assignment(k, x) - parameters.confounding(of: k) * 0.1 * x.reduce(0, +))
      }
      return residuals[rows.z[i]] == residuals.min()
    }
    return Double(hits.count) / Double(rows.t.count)
  }

  /// Against mean and standard deviation over 300 draws of n = 3000 of the same model and rule written in numpy
  /// (`default_rng`, `multivariate_normal` for (X, ε)): the mean of ten draws lies within three standard errors.
  @Test(arguments: [
    (SimulationScenario.linear, 3, 3, 0.882, 0.038), (.linear, 2, 5, 0.957, 0.016), (.linear, 5, 5, 0.847, 0.019),
    (.linear, 3, 10, 0.945, 0.009), (.poly, 2, 5, 0.926, 0.029), (.sin, 2, 5, 0.951, 0.018),
    (.sigmoid, 2, 5, 0.937, 0.024), (.abs, 2, 5, 0.904, 0.035),
  ])
  func `Bayes rule reaches its ceiling`(
    scenario: SimulationScenario, groups: Int, covariates: Int, expected: Double, deviation: Double
  ) throws {
    let accuracies = try (0..<10).map { seed in
      bayesAccuracy(try Self.simulation(scenario, groups: groups, covariates: covariates, seed: UInt64(seed)))
    }
    #expect(abs(mean(accuracies) - expected) < 3 * deviation / 10.0.squareRoot())
  }

  // MARK: Refusals

  @Test func `Refuses parameters out of range`() {
    let changes: [(String, (inout SimulationParameters) -> Void)] = [
      ("--groups", { $0.groups = 0 }), ("--covariates", { $0.covariates = 0 }), ("--rows", { $0.rows = 0 }),
      ("--test-rows", { $0.testRows = -1 }), ("--noise", { $0.noise = -0.1 }), ("--noise", { $0.noise = .infinity }),
      ("--confounding", { $0.confounding = [.nan] }), ("--confounding", { $0.confounding = [1, 2] }),
      ("--outcome-confounding", { $0.outcomeConfounding = .infinity }),
      ("--covariates", { $0.covariates = 100 }),
    ]
    for (option, change) in changes {
      let failure = #expect(throws: Failure.self) { try Self.simulation(.linear, change) }
      #expect(failure?.exitCode == .usage)
      #expect(failure?.message.hasPrefix(option + " is ") == true)
    }
    #expect(throws: Never.self) { try Self.simulation(covariates: 99) }
  }
}
