import Features
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

  /// Features that the networks' outputs are added to, standardised.
  public struct Skip: Sendable, Codable {
    let features: Basis
    let centers: [Double]
    let scales: [Double]

    /// - Parameters:
    ///   - centers: taken from the features, 0 unless told.
    ///   - scales: what the differences are divided by, 1 unless told.
    public init(_ features: Basis, centers: [Double]? = nil, scales: [Double]? = nil) {
      self.features = features
      self.centers = centers ?? features.featureNames.map { _ in 0 }
      self.scales = scales ?? features.featureNames.map { _ in 1 }
      precondition(self.centers.count == features.dimension && self.scales.count == features.dimension)
    }
  }

  let parts: [Part]
  /// What covariates are divided by on their way into the networks, so that no unit saturates them.
  let covariateScales: [Double]
  /// As many features as the networks have outputs; nil for none.
  let skip: Skip?
  public let featureNames: [String]

  /// One network of all covariates, m - hidden tanh - p.
  ///
  /// - Parameters:
  ///   - covariateScales: what each covariate is divided by first.
  ///   - dimension: p; that of `skip` when there is one.
  ///   - skip: features to start from; the network is what is added to them, 0 at first.
  public static func dense(
    covariateScales: [Double], dimension: Int, hidden: Int = 16, skip: Skip? = nil
  ) -> NetworkEncoder {
    let shape = NetworkShape(inputs: covariateScales.count, layers: [.dense(hidden, .tanh), .dense(dimension)])
    return NetworkEncoder(
      parts: [Part(inputs: .covariates, shape: shape)], covariateScales: covariateScales, skip: skip,
      featureNames: (1...dimension).map { "net\($0)" })
  }

  /// One network for each covariate, of its powers: degree - hidden tanh - its features.
  ///
  /// - Parameters:
  ///   - covariateScales: what each covariate is divided by first.
  ///   - featureCounts: the features of each covariate, one unless told.
  ///   - skip: features to start from, covariate by covariate.
  public static func mixed(
    covariateNames: [String], covariateScales: [Double], featureCounts: [Int]? = nil, degree: Int = 3, hidden: Int = 8,
    skip: Skip? = nil
  ) -> NetworkEncoder {
    let counts = featureCounts ?? covariateNames.map { _ in 1 }
    let parts = counts.enumerated().filter { $0.element > 0 }.map { covariate, count in
      Part(
        inputs: .powers(covariate: covariate),
        shape: NetworkShape(inputs: degree, layers: [.dense(hidden, .tanh), .dense(count)]))
    }
    let names = zip(covariateNames, counts).flatMap { name, count in
      count == 1 ? ["net(\(name))"] : (0..<count).map { "net(\(name)).\($0 + 1)" }
    }
    return NetworkEncoder(parts: parts, covariateScales: covariateScales, skip: skip, featureNames: names)
  }

  private init(parts: [Part], covariateScales: [Double], skip: Skip?, featureNames: [String]) {
    precondition(skip.map { $0.centers.count == featureNames.count } ?? true, "a skip adds feature by feature")
    self.parts = parts
    self.covariateScales = covariateScales
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
