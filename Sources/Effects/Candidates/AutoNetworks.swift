import Networks

/// The networks of ``AutoObjective``: each one hidden layer of exponential-linear units.
struct AutoNetworks: Sendable {
  /// What a network gives.
  enum Part: Int, CaseIterable {
    /// z and c, representations of the candidates by one number each.
    case instrument, confounder
    /// Gaussian densities q(b | a): a mean and a logarithm of the variance.
    case treatmentGivenInstrument, outcomeGivenInstrument
    case treatmentGivenConfounder, outcomeGivenConfounder
    case confounderGivenInstrument
    /// The two stages: t from (z, c), then y from (that, c).
    case treatment, outcome
  }

  private static let hiddenUnits = 16

  private let shapes: [NetworkShape]
  private let starts: [Int]
  let parameterCount: Int

  init(candidates: Int) {
    let shapes = Part.allCases.map { part in
      let (inputs, outputs) =
        switch part {
        case .instrument, .confounder: (candidates, 1)
        case .treatment, .outcome: (2, 1)
        default: (1, 2)
        }
      return NetworkShape(inputs: inputs, layers: [.dense(Self.hiddenUnits, .elu), .dense(outputs)])
    }
    self.shapes = shapes
    starts = shapes.indices.map { place in shapes[..<place].reduce(0) { $0 + $1.parameterCount } }
    parameterCount = shapes.reduce(0) { $0 + $1.parameterCount }
  }

  func shape(_ part: Part) -> NetworkShape { shapes[part.rawValue] }

  /// Where the parameters of a network begin among those of all.
  func start(_ part: Part) -> Int { starts[part.rawValue] }

  /// Random weights.
  func parameters(seed: UInt64) -> [Double] {
    Part.allCases.flatMap { Network(shape($0), start: .kaiming, seed: seed, index: $0.rawValue).parameters }
  }

  /// The network of a part, with its share of the parameters of all.
  func network(_ part: Part, _ parameters: [Double]) -> Network {
    let shape = shape(part)
    return Network(shape, parameters: Array(parameters[start(part)..<start(part) + shape.parameterCount]))
  }
}
