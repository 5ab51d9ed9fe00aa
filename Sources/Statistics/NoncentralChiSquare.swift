import LinearAlgebra

/// The noncentral χ² distribution, that of Σ (z_i + μ_i)² with independent standard normal z_i and Σ μ_i² = λ.
///
/// A mixture of χ² distributions of ν + 2j degrees of freedom with Poisson weights of mean λ/2 (Johnson, Kotz and
/// Balakrishnan 1995, section 29.4), summed from the likeliest j outward.
public struct NoncentralChiSquare: PositiveDistribution, Equatable {
  /// ν.
  public let degreesOfFreedom: Double
  /// λ.
  public let noncentrality: Double

  /// - Precondition: `degreesOfFreedom` is positive and `noncentrality` not negative, and both are finite.
  public init(degreesOfFreedom: Double, noncentrality: Double) {
    precondition(
      degreesOfFreedom > 0 && degreesOfFreedom.isFinite && noncentrality >= 0 && noncentrality.isFinite,
      "degrees of freedom are positive, a noncentrality is not negative, and both are finite")
    self.degreesOfFreedom = degreesOfFreedom
    self.noncentrality = noncentrality
  }

  public func density(_ x: Double) -> Double { x < 0 ? 0 : sum { SIMD2($0.density(x), 0) }.x }

  func kernel(_ x: Double) -> Double { sum { SIMD2($0.kernel(x), 0) }.x }

  func tails(_ x: Double) -> (lower: Double, upper: Double) {
    let tails = sum {
      let (lower, upper) = $0.tails(x)
      return SIMD2(lower, upper)
    }
    return (tails.x, tails.y)
  }

  /// The weighted sum of values of the central distributions, none of them negative.
  private func sum(_ values: (ChiSquare) -> SIMD2<Double>) -> SIMD2<Double> {
    let mean = noncentrality / 2
    func term(_ j: Int) -> SIMD2<Double> {
      let weight = mean > 0 ? IncompleteGamma.kernel(Double(j) + 1, mean) / mean : j == 0 ? 1 : 0
      return weight * values(ChiSquare(degreesOfFreedom: degreesOfFreedom + 2 * Double(j)))
    }
    // Terms rise to one maximum, which need not be where the weights have theirs, and fall from there: a way is left
    // when they fall and no longer count.
    var total = SIMD2<Double>.zero
    for step in [1, -1] {
      var j = Int(mean) + (step > 0 ? 0 : -1)
      var last = SIMD2<Double>.zero
      while j >= 0 {
        let next = term(j)
        total += next
        if all(next .<= last), all(next .<= total * 0x1p-60) { break }
        last = next
        j += step
      }
    }
    return total
  }
}
