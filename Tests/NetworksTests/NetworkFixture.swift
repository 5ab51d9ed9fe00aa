import Communication
import Foundation
import Networks
import TestSupport

/// Numbers of PyTorch for one network: Tests/OracleFixtures/make_networks.py.
struct NetworkFixture: Decodable {
  struct Step: Decodable {
    let loss: Double
    let gradient: [Double]
    let parameters: [Double]
    let runningMeans: [Double]
    let runningVariances: [Double]
    let outputs: [[Double]]?
    let inputGradient: [[Double]]?
  }

  let shape: NetworkShape
  let x: [[Double]]
  let targets: [[Double]]
  let weights: [Double]
  let rowIdentifiers: [Int]
  let seed: UInt64
  let isOptimistic: Bool
  let optimizer: [Double]
  let start: [Double]
  let steps: [Step]
  let evaluation: [[Double]]

  private enum CodingKeys: String, CodingKey {
    case inputs, layers, x, targets, weights, rowIdentifiers, seed, isOptimistic, optimizer, start, steps, evaluation
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let layers = try values.decode([FixtureLayer].self, forKey: .layers).map(\.layer)
    shape = try NetworkShape(inputs: values.decode(Int.self, forKey: .inputs), layers: layers)
    x = try values.decode([[Double]].self, forKey: .x)
    targets = try values.decode([[Double]].self, forKey: .targets)
    weights = try values.decode([Double].self, forKey: .weights)
    rowIdentifiers = try values.decode([Int].self, forKey: .rowIdentifiers)
    seed = try values.decode(UInt64.self, forKey: .seed)
    isOptimistic = try values.decode(Bool.self, forKey: .isOptimistic)
    optimizer = try values.decode([Double].self, forKey: .optimizer)
    start = try values.decode([Double].self, forKey: .start)
    steps = try values.decode([Step].self, forKey: .steps)
    evaluation = try values.decode([[Double]].self, forKey: .evaluation)
  }

  static func named(_ name: String) throws -> NetworkFixture {
    let file = packageDirectory.appendingPathComponent("Tests/OracleFixtures/networks.json")
    return try JSONDecoder().decode(Cases.self, from: Data(contentsOf: file)).cases[name]!
  }

  /// The cases by name, among the fields that tell where the file came from.
  private struct Cases: Decodable {
    let cases: [String: NetworkFixture]

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: AnyKey.self)
      let names = values.allKeys.filter { !["madeBy", "versions", "metaEM"].contains($0.stringValue) }
      cases = try Dictionary(
        uniqueKeysWithValues: names.map { ($0.stringValue, try values.decode(NetworkFixture.self, forKey: $0)) })
    }
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

/// A layer as the script writes it: `["dense", 7, "tanh"]`, `["normalization", "relu"]` or `["dropout", 0.4]`.
private struct FixtureLayer: Decodable {
  let layer: Layer

  init(from decoder: any Decoder) throws {
    var values = try decoder.unkeyedContainer()
    switch try values.decode(String.self) {
    case "dense":
      layer = try .dense(values.decode(Int.self), Self.activation(values.decode(String.self)))
    case "normalization":
      layer = try .batchNormalization(Self.activation(values.decode(String.self)))
    default:
      layer = try .dropout(values.decode(Double.self))
    }
  }

  private static func activation(_ name: String) -> Activation {
    ["tanh": .tanh, "relu": .relu, "leakyRelu": .leakyRelu(slope: 0.1), "sigmoid": .sigmoid][name] ?? .identity
  }
}
