import LinearAlgebra
import Statistics

/// The likelihood ratio statistic of one coefficient given what the instruments' strength is seen to be.
public struct ConditionalLikelihoodRatio: Sendable, Equatable {
  /// AR(b) less its least value.
  public let statistic: Double
  /// λ, the statistic of the first stage that is independent of AR(b).
  public let strength: Double
  /// Pr(LR > statistic | λ) = 2 K ∫ Pr(χ²_L > z / (1 - a cos²ψ)) cos^(L-2) ψ dψ over 0 .. π/2, a = λ / (z + λ) and
  /// 1 / (2 K) = ∫ cos^(L-2) (Andrews, Moreira and Stock 2007, "Performance of conditional Wald tests in IV regression
  /// with weak instruments", with s = sin ψ).
  public let pValue: Double

  init(statistic: Double, strength: Double, instrumentCount: Int) {
    self.statistic = statistic
    self.strength = strength
    pValue = Self.pValue(statistic, strength, instrumentCount)
  }

  private static func pValue(_ z: Double, _ strength: Double, _ instrumentCount: Int) -> Double {
    let distribution = ChiSquare(degreesOfFreedom: Double(instrumentCount))
    guard z > 0 else { return 1 }
    guard instrumentCount > 1 else { return distribution.survival(z) }
    let a = strength / (z + strength)
    // 1 - a cos² = z / (z + λ) + a sin² varies over a width of √(z / (z + λ)): panels double from there on.
    var (integral, norm) = (0.0, 0.0)
    var (from, width) = (0.0, (z / (z + strength)).squareRoot())
    while from < .pi / 2 {
      let to = min(from + width, .pi / 2)
      for (node, weight) in zip(GaussLegendre.nodes, GaussLegendre.weights) {
        let angle = from + (to - from) * (node + 1) / 2
        let (sine, cosine) = Elementary.sinCos(angle)
        let density = weight * (to - from) / 2 * Elementary.power(cosine, instrumentCount - 2)
        let share = z / (z + strength) + a * sine * sine
        norm += density
        integral += density * distribution.survival(z / share)
      }
      from = to
      width *= 2
    }
    return min(integral / norm, 1)
  }
}

/// The rule of Gauss and Legendre with 24 points on -1 .. 1, which is exact for polynomials of degree 47.
enum GaussLegendre {
  static let (nodes, weights): ([Double], [Double]) = {
    let count = 24
    var (nodes, weights): ([Double], [Double]) = ([], [])
    for i in 0..<count {
      // Newton's iteration from Tricomi's approximation of the root.
      var x = Elementary.cos(.pi * (Double(i) + 0.75) / (Double(count) + 0.5))
      var slope = 0.0
      for _ in 0..<8 {
        var (last, value) = (1.0, x)
        for k in 2...count {
          (last, value) = (value, (Double(2 * k - 1) * x * value - Double(k - 1) * last) / Double(k))
        }
        slope = Double(count) * (x * value - last) / (x * x - 1)
        x -= value / slope
      }
      nodes.append(x)
      weights.append(2 / ((1 - x * x) * slope * slope))
    }
    return (nodes, weights)
  }()
}
