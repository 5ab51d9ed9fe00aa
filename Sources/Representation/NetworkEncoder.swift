import LinearAlgebra
import Networks

/// The networks that make a representation of covariates, and the features that they add to: an architecture without
/// parameters.
public struct NetworkEncoder: Sendable, Codable {
  /// A network with the covariates that it sees.
  struct Part: Sendable, Codable {
    enum Inputs: Sendable, Codable {
      case covariates
      /// x, x², … of one covariate, each divided by its root mean square under a standard normal x.
      case powers(covariate: Int)
    }

    let inputs: Inputs
    let shape: NetworkShape
  }

  let parts: [Part]
  /// Features of the same number that the networks' outputs are added to.
  let skip: AnyRepresentation?
  public let featureNames: [String]

  /// One network of all covariates, m - hidden tanh - p.
  ///
  /// - Parameters:
  ///   - dimension: p; that of `skip` when there is one.
  ///   - skip: features to start from; the network is what is added to them, 0 at first.
  public static func dense(
    covariateCount: Int, dimension: Int, hidden: Int = 16, skip: AnyRepresentation? = nil
  ) -> NetworkEncoder {
    let shape = NetworkShape(inputs: covariateCount, layers: [.dense(hidden, .tanh), .dense(dimension)])
    return NetworkEncoder(
      parts: [Part(inputs: .covariates, shape: shape)], skip: skip, featureNames: (1...dimension).map { "net\($0)" })
  }

  /// One network for each covariate, of its powers: degree - hidden tanh - 1.
  ///
  /// - Parameter skip: features to start from, one for each covariate.
  public static func mixed(
    covariateNames: [String], degree: Int = 3, hidden: Int = 8, skip: AnyRepresentation? = nil
  ) -> NetworkEncoder {
    let shape = NetworkShape(inputs: degree, layers: [.dense(hidden, .tanh), .dense(1)])
    return NetworkEncoder(
      parts: covariateNames.indices.map { Part(inputs: .powers(covariate: $0), shape: shape) }, skip: skip,
      featureNames: covariateNames.map { "net(\($0))" })
  }

  private init(parts: [Part], skip: AnyRepresentation?, featureNames: [String]) {
    precondition(skip.map { $0.base.dimension == featureNames.count } ?? true, "a skip adds feature by feature")
    self.parts = parts
    self.skip = skip
    self.featureNames = featureNames
  }

  /// The number of features, p.
  public var dimension: Int { featureNames.count }
  public var parameterCount: Int { parts.reduce(0) { $0 + $1.shape.parameterCount } }

  /// Random parameters, part after part; with a skip, those of the last layer are 0, so that the features are its own.
  func start(seed: UInt64) -> [Double] {
    parts.enumerated().flatMap { index, part in
      var parameters = Network(part.shape, start: .xavier, seed: seed, index: index).parameters
      if skip != nil, case .dense(let hidden, _) = part.shape.layers[0] {
        for place in parameters.suffix(part.shape.outputCount * (1 + hidden)).indices { parameters[place] = 0 }
      }
      return parameters
    }
  }
}
