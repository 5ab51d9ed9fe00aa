import Foundation
import LinearAlgebra

/// A test of a statistic against χ².
public struct ChiSquareTest: Sendable, Codable, Equatable {
  public let statistic: Double
  public let degreesOfFreedom: Int
  public let pValue: Double

  init(statistic: Double, degreesOfFreedom: Int) {
    self.statistic = statistic
    self.degreesOfFreedom = degreesOfFreedom
    pValue = chiSquareTail(statistic, degreesOfFreedom: degreesOfFreedom)
  }

  /// Wald's test: d'V⁻¹d with as many degrees of freedom as d has entries.
  ///
  /// - Returns: nil when `covariance` is not positive definite, or there is nothing to test.
  init?(_ difference: [Double], covariance: Matrix) {
    guard !difference.isEmpty, let factor = try? Cholesky(covariance, tolerance: 1e-14) else { return nil }
    self.init(
      statistic: difference.combined(with: factor.solve(difference)), degreesOfFreedom: difference.count)
  }
}

/// Pr(χ²_ν > x), the regularised incomplete gamma function Q(ν/2, x/2): its series below ν/2 + 1 and its continued
/// fraction above, by the modified Lentz method (Press et al. 2007, section 6.2).
func chiSquareTail(_ x: Double, degreesOfFreedom: Int) -> Double {
  let (a, z) = (Double(degreesOfFreedom) / 2, x / 2)
  guard z > 0 else { return 1 }
  let scale = exp(a * log(z) - z - lgamma(a))
  if z < a + 1 {
    var (term, sum, index) = (1 / a, 1 / a, a)
    while term > sum * 1e-16 {
      index += 1
      term *= z / index
      sum += term
    }
    return max(1 - sum * scale, 0)
  }
  var b = z + 1 - a
  var (c, d) = (Double.greatestFiniteMagnitude, 1 / b)
  var fraction = d
  for i in 1...10_000 {
    let step = -Double(i) * (Double(i) - a)
    b += 2
    d = 1 / (step * d + b)
    c = b + step / c
    fraction *= c * d
    if abs(c * d - 1) < 1e-15 { break }
  }
  return scale * fraction
}
