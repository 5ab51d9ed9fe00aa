import Networks

/// Networks that are trained together: architectures, whose parameters and averages lie one after another.
package struct NetworkSet: Sendable, Codable {
  package let shapes: [NetworkShape]

  package init(_ shapes: NetworkShape...) { self.shapes = shapes }

  /// Parameters and averages to start from.
  package func start(_ weights: WeightStart = .reciprocalRoot, seed: UInt64, firstIndex: Int = 0) -> NetworkState {
    let networks = shapes.enumerated().map { Network($1, start: weights, seed: seed, index: firstIndex + $0) }
    return NetworkState(parameters: networks.flatMap(\.parameters), averages: networks.flatMap(\.averages))
  }

  /// The places of a network's parameters.
  func parameters(_ network: Int) -> Range<Int> { places(network, \.parameterCount) }

  /// The places of a network's averages.
  func averages(_ network: Int) -> Range<Int> { places(network) { 2 * $0.normalizedCount } }

  private func places(_ network: Int, _ count: (NetworkShape) -> Int) -> Range<Int> {
    let first = shapes[..<network].reduce(0) { $0 + count($1) }
    return first..<first + count(shapes[network])
  }

  package func network(_ network: Int, of state: NetworkState) -> Network {
    Network(
      shapes[network], parameters: Array(state.parameters[parameters(network)]),
      averages: Array(state.averages[averages(network)]))
  }
}

/// What the training of networks changes.
package struct NetworkState: Sendable, Codable, Equatable {
  package var parameters: [Double]
  package var averages: [Double]

  package init(parameters: [Double], averages: [Double]) {
    self.parameters = parameters
    self.averages = averages
  }
}

extension NetworkShape {
  /// Dense layers with an activation, each followed by what the layers of a method have behind it, and linear outputs.
  package static func hidden(
    _ widths: [Int], inputs: Int, outputs: Int = 1, _ activation: Activation = .relu, isNormalized: Bool = false,
    dropout: Double? = nil
  ) -> NetworkShape {
    let layers = widths.flatMap { width -> [Layer] in
      let dense: [Layer] =
        isNormalized ? [.dense(width), .batchNormalization(activation)] : [.dense(width, activation)]
      return dense + (dropout.map { [.dropout($0)] } ?? [])
    }
    return NetworkShape(inputs: inputs, layers: layers + [.dense(outputs)])
  }
}
