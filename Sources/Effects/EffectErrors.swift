import Communication
import Frames

/// How far the answers for single rows are from the truth, where rows are simulated and it is known, with y in standard
/// deviations.
public struct EffectErrors: Sendable, Codable, Equatable {
  /// mean((τ̂ - τ)²) with τ = g(t, x) - g(0, x) at the rows' own treatments, whatever the reference; nil where τ is not
  /// known.
  public let ite: Double?
  /// mean((ĝ - g)²); nil where g is not known.
  public let outcome: Double?

  /// One pass over the rows. Collective.
  ///
  /// - Parameters:
  ///   - frame: rows with the columns of those of the fit.
  ///   - truth: g and τ of the rows of a range; nil where they are not known, alike for all rows.
  ///   - scale: the standard deviation of y in the rows of the fit.
  public init(
    _ surface: EffectSurface, _ frame: Frame, scale: Double,
    truth: (_ rows: Range<Int>) throws -> (g: [Double]?, tau: [Double]?)
  ) throws {
    let sums = try frame.rows.sum([Double](repeating: 0, count: 4)) { sums, chunk in
      let values = try surface.values(frame, chunk: chunk, against: 0)
      let (g, tau) = try truth(frame.rows.grid.rows(ofChunk: chunk))
      for (place, pair) in [(tau, values.tau), (g, values.g)].enumerated() {
        for (known, found) in zip(pair.0 ?? [], pair.1) {
          sums[2 * place] += 1
          sums[2 * place + 1] += (found - known) * (found - known)
        }
      }
    }
    let means = [0, 1].map { sums[2 * $0] > 0 ? sums[2 * $0 + 1] / sums[2 * $0] / (scale * scale) : nil }
    (ite, outcome) = (means[0], means[1])
  }
}
