import Features

/// The representation of the command line: a basis, or networks that were learned in turn with the groups.
public enum Representation: FeatureMap {
  case basis(Basis)
  case network(NetworkRepresentation)

  private var map: any FeatureMap {
    switch self {
    case .basis(let value): value
    case .network(let value): value
    }
  }

  public var featureNames: [String] { map.featureNames }
  public var dimension: Int { map.dimension }
  public var isIdentity: Bool { map.isIdentity }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    map.transform(covariates, rowCount: rowCount, into: features, stride: stride)
  }
}

/// Networks stand beside the bases, as one more case of theirs: `{"spline": ..}` or `{"network": ..}`.
extension Representation {
  private enum CodingKeys: String, CodingKey {
    case network
  }

  private enum CaseKeys: String, CodingKey {
    case value = "_0"
  }

  public init(from decoder: any Decoder) throws {
    let cases = try decoder.container(keyedBy: CodingKeys.self)
    guard cases.contains(.network) else {
      self = .basis(try Basis(from: decoder))
      return
    }
    let values = try cases.nestedContainer(keyedBy: CaseKeys.self, forKey: .network)
    self = .network(try values.decode(NetworkRepresentation.self, forKey: .value))
  }

  public func encode(to encoder: any Encoder) throws {
    switch self {
    case .basis(let basis): try basis.encode(to: encoder)
    case .network(let network):
      var cases = encoder.container(keyedBy: CodingKeys.self)
      var values = cases.nestedContainer(keyedBy: CaseKeys.self, forKey: .network)
      try values.encode(network, forKey: .value)
    }
  }
}
