import LinearAlgebra

/// The random zeros of dropout in one step: a pure function of (seed, step, global row, layer, feature).
public struct DropoutMask: Sendable {
  private let random: CounterRandom
  private let step: Int

  /// - Parameter step: the number of the training step, from 0; times the network's dropped features it must stay below
  ///   2³⁴.
  public init(seed: UInt64, step: Int) {
    random = CounterRandom(seed: seed, stream: .dropout)
    self.step = step
  }

  /// A random block holds the 32-bit words of four features.
  private static let featuresPerDraw = 4

  static func drawCount(features: Int) -> Int { (features + featuresPerDraw - 1) / featuresPerDraw }

  /// Writes 0 or 1 / (1 - rate) for every feature of some rows, feature f of row i at `factors[f * stride + i]`.
  ///
  /// - Parameters:
  ///   - draws: the layer's draws among the `drawCount` of a row and step.
  func fill(
    _ factors: UnsafeMutablePointer<Double>, stride: Int, features: Int, rows: some Collection<Int>, rate: Double,
    draws: Range<Int>, of drawCount: Int
  ) {
    // A word is below the threshold with probability `rate`, to 2⁻³².
    let threshold = UInt32((rate * 0x1p32).rounded(.down))
    let kept = 1 / (1 - rate)
    for (i, row) in rows.enumerated() {
      for draw in draws {
        let words = random.bits(row: row, draw: step * drawCount + draw)
        let first = (draw - draws.lowerBound) * Self.featuresPerDraw
        for feature in first..<min(first + Self.featuresPerDraw, features) {
          factors[feature * stride + i] = words[feature - first] < threshold ? 0 : kept
        }
      }
    }
  }
}
