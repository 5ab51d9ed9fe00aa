import Frames

/// Where a variable lies in an HDF5 file: the paths of its datasets.
public struct DatasetNames: Sendable, Codable, Equatable {
  public var covariates = "x"
  public var treatment = "t"
  public var outcome = "y"
  public var source = "z"
  public var weight = "weight"
  public var identifier = "id"

  public init() {}

  /// The path of a variable's dataset.
  public subscript(variable: Variable) -> String {
    switch variable {
    case .covariates: covariates
    case .treatment: treatment
    case .outcome: outcome
    case .source: source
    case .weight: weight
    case .identifier: identifier
    }
  }

  /// The variables whose dataset was named by other than the default: whoever names one wants it read.
  public var named: Set<Variable> {
    let standard = DatasetNames()
    return Set(Variable.allCases.filter { self[$0] != standard[$0] })
  }
}
