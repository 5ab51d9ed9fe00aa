import Frames

/// Where the roles that have a dataset of their own lie in an HDF5 file: the paths of the datasets.
public struct DatasetNames: Sendable, Codable, Equatable {
  public var covariates = "x"
  public var treatment = "t"
  public var outcome = "y"
  public var source = "z"
  public var weight = "weight"
  public var identifier = "id"

  /// The roles that have one, in the order in which files are looked through.
  static let roles: [Role] = [.covariate, .treatment, .outcome, .source, .weight, .identifier]

  public init() {}

  /// The name that leaves a dataset out.
  public static let none = "none"

  /// The path of a role's dataset; nil when the role has none of its own, or it is left out.
  public subscript(role: Role) -> String? {
    switch role {
    case .covariate: covariates
    case .treatment: treatment
    case .outcome: outcome == Self.none ? nil : outcome
    case .source: source == Self.none ? nil : source
    case .weight: weight == Self.none ? nil : weight
    case .identifier: identifier == Self.none ? nil : identifier
    case .instrument, .institution, .cluster, .proxy, .arm, .variable, .unit, .period, .test, .none: nil
    }
  }

  /// The roles whose dataset was named by other than the default: whoever names one wants it read.
  public var named: Set<Role> {
    let standard = DatasetNames()
    return Set(Self.roles.filter { self[$0] != nil && self[$0] != standard[$0] })
  }
}

extension Role {
  /// The role's word in messages about its dataset.
  var datasetWord: String { self == .covariate ? "covariates" : rawValue }

  /// The option that names the dataset; nil when the role has none of its own.
  var option: String? {
    switch self {
    case .covariate: "--x"
    case .treatment: "--t"
    case .outcome: "--y"
    case .source: "--z"
    case .weight: "--weight"
    case .identifier: "--id"
    default: nil
    }
  }
}
