import LinearAlgebra
import Networks

/// The networks of ``DFIV`` with their optimisers. A value: a copy is a point to come back to.
package struct DeepFeatures: Sendable, Codable {
  /// A network with its optimiser.
  package struct Trained: Sendable, Codable {
    package var network: Network
    private var optimizer: Adam

    init(_ network: Network, learningRate: Double) {
      self.network = network
      optimizer = Adam(parameterCount: network.parameters.count, learningRate: learningRate)
    }

    package mutating func descend(_ gradient: LossGradient) {
      optimizer.update(&network.parameters, gradient: gradient.gradient)
    }
  }

  /// φ(x, z).
  package var instruments: Trained
  /// ξ(x).
  package var covariates: Trained
  /// ψ(t).
  package var treatment: Trained

  package init(instruments: Network, covariates: Network, treatment: Network, learningRate: Double) {
    self.instruments = Trained(instruments, learningRate: learningRate)
    self.covariates = Trained(covariates, learningRate: learningRate)
    self.treatment = Trained(treatment, learningRate: learningRate)
  }

  /// Networks with random weights.
  init(_ method: DFIV, columns: NetworkColumns) {
    func network(_ index: Int, _ widths: [Int], inputs: Int, isNormalized: Bool = false) -> Network {
      let shape = NetworkShape.features(widths, inputs: inputs, isNormalized: isNormalized)
      return Network(shape, start: .reciprocalRoot, seed: method.seed, index: index)
    }
    self.init(
      instruments: network(
        0, method.instrumentWidths + [method.instrumentFeatures], inputs: columns.conditional.count,
        isNormalized: method.isNormalized),
      covariates: network(1, method.covariateWidths + [method.covariateFeatures], inputs: columns.covariateCount),
      treatment: network(2, method.treatmentWidths + [method.treatmentFeatures], inputs: 1),
      learningRate: method.learningRate)
  }
}

extension NetworkShape {
  /// Dense layers whose last gives features, after its activation.
  fileprivate static func features(_ widths: [Int], inputs: Int, isNormalized: Bool) -> NetworkShape {
    let layers = widths.flatMap { width -> [Layer] in
      isNormalized ? [.dense(width), .batchNormalization(.relu)] : [.dense(width, .relu)]
    }
    return NetworkShape(inputs: inputs, layers: layers)
  }
}

/// g(t, x) = u'((1, ψ(t)) ⊗ (1, ξ(x))).
public struct FeatureProductFunction: StructuralFunction {
  /// ψ and ξ.
  public let treatment: Network
  public let covariates: Network
  /// u [1 + features of t, 1 + features of x], by rows.
  public let coefficients: [Double]

  public func evaluate(
    _ treatment: UnsafePointer<Double>, covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>
  ) {
    let (d, q) = (self.treatment.shape.outputCount, self.covariates.shape.outputCount)
    var (left, right) = (
      [Double](repeating: 1, count: (1 + d) * rowCount), [Double](repeating: 1, count: (1 + q) * rowCount)
    )
    left.withUnsafeMutableBufferPointer {
      self.treatment.evaluate([treatment], rowCount: rowCount, into: $0.baseAddress! + rowCount, stride: rowCount)
    }
    right.withUnsafeMutableBufferPointer {
      self.covariates.evaluate(covariates, rowCount: rowCount, into: $0.baseAddress! + rowCount, stride: rowCount)
    }
    values.update(repeating: 0, count: rowCount)
    for j in 0...d {
      for k in 0...q {
        let u = coefficients[j * (1 + q) + k]
        for i in 0..<rowCount { values[i] += u * left[j * rowCount + i] * right[k * rowCount + i] }
      }
    }
  }
}
