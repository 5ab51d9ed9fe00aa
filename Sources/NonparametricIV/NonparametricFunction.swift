/// The g of any nonparametric regression, so that it can be stored and read without knowing the method.
public enum NonparametricFunction: StructuralFunction {
  /// Of t, x.
  case polynomial(Polynomial)
  case kernel(KernelExpansion)
  case network(NetworkFunction)
  case features(FeatureProductFunction)

  private var function: any StructuralFunction {
    switch self {
    case .polynomial(let function): function
    case .kernel(let function): function
    case .network(let function): function
    case .features(let function): function
    }
  }

  public func evaluate(
    _ treatment: UnsafePointer<Double>, covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>
  ) {
    function.evaluate(treatment, covariates: covariates, rowCount: rowCount, into: values)
  }

  public func evaluate(
    at treatments: [Double], covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>, stride: Int
  ) {
    function.evaluate(at: treatments, covariates: covariates, rowCount: rowCount, into: values, stride: stride)
  }
}
