import Communication
import Networks
import NonparametricIV
import TestSupport
import Testing

/// Loss, gradient and one optimiser step of every network regression, beside PyTorch's.
@Suite struct StructuralOracleTests {
  private let fixture: StructuralFixture
  private let data: NetworkRows<ArrayRows>

  init() throws {
    fixture = try StructuralFixture.stored.get()
    data = try NetworkRows(fixture.rows(), seed: fixture.seed)
  }

  @Test func `rows are parted as the script parts them`() {
    #expect(data.training == fixture.training)
    #expect((data.training + data.heldOut).sorted() == Array(fixture.y.indices))
  }

  /// Takes one step on all training rows at once.
  private func check(
    _ problem: some TrainingProblem, _ plan: EpochPlan, _ expected: StructuralFixture.Step, averages: [Double] = []
  ) throws {
    let recorded = RecordedProblem(problem)
    var trainer = Trainer(
      parameters: expected.start, averages: averages, optimizer: plan.optimizer(parameterCount: expected.start.count),
      batchSize: fixture.training.count, seed: 1)
    let loss = try trainer.train(recorded, steps: 1)
    #expect(abs(loss - expected.loss) < 1e-11)
    #expect(distance(recorded.gradient, expected.gradient) < 1e-11)
    #expect(distance(trainer.parameters, expected.parameters) < 1e-10)
  }

  private func shape(_ inputs: Int, outputs: Int = 1) -> NetworkShape {
    .hidden(fixture.widths, inputs: inputs, outputs: outputs)
  }

  @Test func `both stages of NN2SLS are PyTorch's`() throws {
    let (method, columns) = (NN2SLS(seed: fixture.seed), data.columns)
    let first = NetworkSet(shape(columns.conditional.count))
    try check(
      NetworkRegression(data, first, inputs: [columns.conditional], target: NetworkColumns.treatment, seed: 1),
      method.first, fixture.nn2sls.first)
    let network = Network(first.shapes[0], parameters: fixture.nn2sls.firstNetwork)
    let fitted = try NetworkRows(data, deriving: network)
    let second = NetworkRegression(
      fitted, NetworkSet(shape(columns.structural.count)), inputs: [fitted.columns.derived, columns.covariates],
      target: NetworkColumns.outcome, seed: 1)
    try check(second, method.second, fixture.nn2sls.second)
  }

  @Test func `the one stage of OneSIV is PyTorch's`() throws {
    var method = OneSIV(seed: fixture.seed)
    method.widths = fixture.widths
    method.outcomeWeight = 0.3
    try check(OneStageProblem(method, data), method.plan, fixture.oneSIV)
  }

  @Test func `density, draws and response of DeepIV are PyTorch's`() throws {
    var method = DeepIV(seed: fixture.seed)
    method.widths = fixture.widths
    let set = NetworkSet(shape(data.columns.conditional.count, outputs: 9))
    let density = NetworkRegression(
      data, set, inputs: [data.columns.conditional], target: NetworkColumns.treatment,
      loss: .mixtureDensity(components: 3), seed: 1)
    try check(density, method.first, fixture.deepIV.density)
    let known = try NetworkRows(data, deriving: Network(set.shapes[0], parameters: fixture.deepIV.densityNetwork))
    try check(ResponseProblem(method, known, components: 3), method.second, fixture.deepIV.response)
  }

  @Test func `the game of AGMM is PyTorch's`() throws {
    var method = AGMM(seed: fixture.seed)
    method.widths = fixture.widths
    try check(MomentGame(method, data), method.plan, fixture.agmm, averages: fixture.agmm.start)
  }

  @Test func `the game of DeepGMM is PyTorch's`() throws {
    var method = DeepGMM(isPaper: true, seed: fixture.seed)
    (method.structuralWidths, method.dualWidths) = (fixture.widths, fixture.widths)
    let rows = try RowBlocks(data.training, of: data, spare: 1)
    var game = VarianceWeightedGame(method, columns: data.columns)
    let (structural, dual) = (fixture.deepGMM.structural, fixture.deepGMM.dual)
    (game.g.parameters, game.f.parameters) = (structural.start, dual.start)
    let (descent, ascent) = try (game.structuralGradient(rows), game.dualGradient(rows))
    #expect(abs(descent.loss - structural.loss) < 1e-11 && abs(ascent.loss - dual.loss) < 1e-11)
    #expect(distance(descent.gradient, structural.gradient) < 1e-11)
    #expect(distance(ascent.gradient, dual.gradient) < 1e-11)
    try game.advance(rows, dualSteps: 1)
    #expect(distance(game.g.parameters, structural.parameters) < 1e-10)
    #expect(distance(game.f.parameters, dual.parameters) < 1e-10)
  }
}
