/// The functions h(f, x) of a group's index that instruments are made of: φ, then products of the covariates with powers of
/// the index.
struct IndexFunctions {
  private let functions: OutcomeFunctions
  /// 1 and 2 or one of them: x_j (f - center), x_j (f - center)².
  private let powers: [Int]
  /// The mean of t, around which f and its square are not nearly the same column.
  private let center: Double
  private let covariateCount: Int

  var count: Int { functions.count + powers.count * covariateCount }

  /// - Returns: nil for instruments that are no functions of the index.
  init?(_ set: InstrumentSet, _ table: EffectTable) {
    switch set {
    case .index(let functions): (self.functions, powers) = (functions, [functions.form.hasInteractions ? 2 : 1])
    case .rich(let functions): (self.functions, powers) = (functions, [1, 2])
    case .interactions, .groups: return nil
    }
    (center, covariateCount) = (table.treatment.mean, table.covariates.count)
  }

  /// Writes function h of row i to `output[h * stride + i]`.
  ///
  /// - Parameter covariates: their deviations from their means.
  func evaluate(
    _ f: UnsafePointer<Double>, _ covariates: [UnsafePointer<Double>], rowCount: Int,
    into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    functions.evaluate(f, covariates, rowCount: rowCount, into: output, stride: stride)
    var own = output + functions.count * stride
    for power in powers {
      for x in covariates {
        for row in 0..<rowCount {
          let line = (f[row] - center) * x[row]
          own[row] = power == 1 ? line : (f[row] - center) * line
        }
        own += stride
      }
    }
  }

  /// Writes ∂h/∂f likewise.
  func evaluateSlopes(
    _ f: UnsafePointer<Double>, _ covariates: [UnsafePointer<Double>], rowCount: Int,
    into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    functions.evaluateSlopes(f, covariates, rowCount: rowCount, into: output, stride: stride)
    var own = output + functions.count * stride
    for power in powers {
      for x in covariates {
        for row in 0..<rowCount { own[row] = power == 1 ? x[row] : 2 * (f[row] - center) * x[row] }
        own += stride
      }
    }
  }
}
