import Communication
import LinearAlgebra
import Networks
import NonparametricIV
import TestSupport
import Testing

/// The three steps of DFIV beside PyTorch's, which differentiates through the ridge regressions.
@Suite struct DFIVTests {
  private let fixture: StructuralFixture
  private let data: NetworkRows<ArrayRows>
  private let method: DFIV
  private let blocks: (first: FeatureBlocks, second: FeatureBlocks, heldOut: FeatureBlocks)

  init() throws {
    fixture = try StructuralFixture.stored.get()
    data = try NetworkRows(fixture.rows(), seed: fixture.seed)
    var method = DFIV(seed: fixture.seed)
    (method.instrumentFeatures, method.covariateFeatures, method.treatmentFeatures) = (4, 3, 2)
    self.method = method
    blocks = try method.blocks(data)
  }

  /// The networks of the script, which end in tanh.
  private var start: DeepFeatures {
    func network(_ inputs: Int, _ outputs: Int, _ parameters: [Double]) -> Network {
      Network(
        NetworkShape(inputs: inputs, layers: [.dense(6, .tanh), .dense(outputs, .tanh)]), parameters: parameters)
    }
    let networks = fixture.dfiv.networks
    return DeepFeatures(
      instruments: network(4, 4, networks.phi), covariates: network(2, 3, networks.xi),
      treatment: network(1, 2, networks.psi), learningRate: 1e-3)
  }

  private func check(_ gradient: LossGradient, _ parameters: [Double], _ expected: StructuralFixture.Step) {
    #expect(abs(gradient.loss - expected.loss) < 1e-11)
    #expect(distance(gradient.gradient, expected.gradient) < 1e-10)
    #expect(distance(parameters, expected.parameters) < 1e-9)
  }

  /// Takes a step of φ, of ξ and of ψ.
  private func steps(_ features: inout DeepFeatures) throws -> [LossGradient] {
    let training = FeatureTraining(features, first: blocks.first, second: blocks.second, penalty: method.penalty)
    let instruments = try training.instrumentGradient(&features)
    features.instruments.descend(instruments)
    try training.takeInstruments(features)
    let covariates = try training.covariateGradient(&features)
    features.covariates.descend(covariates)
    training.takeCovariates(features)
    let treatment = try training.treatmentGradient(&features)
    features.treatment.descend(treatment)
    return [instruments, covariates, treatment]
  }

  @Test func `the steps are PyTorch's`() throws {
    var features = start
    let gradients = try steps(&features)
    let expected = fixture.dfiv
    check(gradients[0], features.instruments.network.parameters, expected.instruments)
    check(gradients[1], features.covariates.network.parameters, expected.covariates)
    check(gradients[2], features.treatment.network.parameters, expected.treatment)
  }

  @Test func `judgement and g are PyTorch's`() throws {
    var features = start
    _ = try steps(&features)
    let stages = try method.stages(features, blocks.first, blocks.second)
    let judgement = try stages.judge(features, blocks.heldOut)
    #expect(abs(judgement - fixture.dfiv.judgement) < 1e-9)
    let fit = StructuralFit(function: stages.function(features), criterion: 0)
    #expect(distance(fit.values(fixture.rows()), fixture.dfiv.g) < 1e-9)
  }

  @Test func `the slope in ψ through both regressions is a difference quotient`() throws {
    var features = start
    _ = try steps(&features)
    let training = FeatureTraining(features, first: blocks.first, second: blocks.second, penalty: method.penalty)
    let gradient = Array(try training.treatmentGradient(&features).gradient)
    let random = CounterRandom(seed: 2, stream: .test)
    let direction = gradient.indices.map { random.normal(row: $0, draw: 0) }
    let step = 1e-5
    let losses = try [step, -step].map { change in
      var moved = features
      for place in direction.indices { moved.treatment.network.parameters[place] += change * direction[place] }
      return try training.treatmentGradient(&moved).loss
    }
    let slope = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs((losses[0] - losses[1]) / (2 * step) - slope) < 1e-7 * max(1, abs(slope)))
    #expect(abs(slope) > 1e-3)
  }
}
