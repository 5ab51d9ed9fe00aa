import Communication
import Effects
import Features
import Frames
import Simulation
import Testing

/// Simulated rows as a frame, with their true sources for groups.
struct EffectDraw {
  var parameters = SimulationParameters()
  var options = EffectOptions()

  init(confounding: Double, seed: UInt64) {
    parameters.confounding = [confounding]
    parameters.seed = seed
  }

  func frame(_ communicator: any Communicator = SoloCommunicator()) throws -> Frame {
    let drawn = try Simulation(parameters).rows(0..<parameters.rows)
    let m = parameters.covariates
    return try Frame(
      rows: DistributedRows(rowCount: parameters.rows, communicator: communicator),
      covariates: (0..<m).map { j in drawn.t.indices.map { drawn.x[$0 * m + j] } }, treatment: drawn.t,
      outcome: drawn.y, source: drawn.z.map(Int64.init))
  }

  /// By polynomials of degree 2.
  func fit(_ communicator: any Communicator = SoloCommunicator()) throws -> EffectResult {
    try fit(communicator) { polynomial(2, $0) }
  }

  func polynomial(_ degree: Int, _ frame: Frame) -> PolynomialBasis {
    PolynomialBasis(
      degree: degree, covariateNames: frame.covariateNames, origin: Array(repeating: 0, count: parameters.covariates))
  }

  func fit(
    _ communicator: any Communicator = SoloCommunicator(), features: (Frame) throws -> (any FeatureMap)?
  ) throws -> EffectResult {
    let frame = try frame(communicator)
    let m = parameters.covariates
    let groups = LevelInstrument(
      frame, column: frame.columns(of: .source)[0], codes: (0..<parameters.groups).map(Int64.init),
      names: (0..<parameters.groups).map(String.init))
    return try EffectEstimator(
      options, groups: groups, features: try features(frame),
      scaling: ColumnScaling(centers: Array(repeating: 0, count: m + 1), scales: Array(repeating: 1, count: m + 1))
    ).fit(frame)
  }
}

@Suite struct EffectEstimatorTests {
  @Test func `the effect is found under confounding, which ordinary regression misses`() throws {
    var draw = EffectDraw(confounding: 0.5, seed: 3)
    draw.options.form = OutcomeForm("quadratic")
    let result = try draw.fit()
    let terms = result.headline.terms
    #expect(abs(terms[0].estimate + 1.5) < 4 * terms[0].standardError!)
    #expect(abs(terms[1].estimate - 0.9) < 4 * terms[1].standardError!)
    #expect(abs(result.answer(.ordinary)!.terms[0].estimate + 1.5) > 0.2)
  }

  /// One of these predicts t best where it is the rule by which t was assigned, so that it is what is taken.
  @Test(arguments: [(SimulationScenario.linear, "linear"), (.poly, "quadratic"), (.sin, "splines")])
  func `without a model of the treatment its features are those that predict it`(
    scenario: SimulationScenario, expected: String
  ) throws {
    var draw = EffectDraw(confounding: 0.5, seed: 8)
    draw.parameters.scenario = scenario
    draw.options.form = OutcomeForm("quadratic")
    let names = ["linear", "quadratic", "splines"]
    let found = [
      try draw.fit { draw.polynomial(1, $0) }, try draw.fit { draw.polynomial(2, $0) },
      try draw.fit { try SplineBasis(fitting: $0) },
    ]
    let chosen = try draw.fit { _ in nil }
    let same = zip(names, found).filter { $1.headline == chosen.headline }.map(\.0)
    #expect(same == [expected])
  }
}
