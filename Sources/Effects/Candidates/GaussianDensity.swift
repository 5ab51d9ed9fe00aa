import LinearAlgebra
import Networks

/// A network on a block of rows whose two outputs are a density q(b | a) = N(b; μ(a), exp s(a)): μ, and s through tanh, so
/// that no density can close in on a row.
struct GaussianDensity {
  let block: NetworkBlock

  /// -½ log 2π
  private static let constant = -0.918938533204672741780329736406

  func clearGradient() {
    block.outputGradient.update(repeating: 0, count: 2 * NetworkBlock.stride)
  }

  /// Σ_i w_i log q(b_i | a_i) after a forward pass; adds its gradient in the outputs to the block, and that in b to
  /// `targetGradient`.
  func add(
    _ targets: UnsafePointer<Double>, weight: (Int) -> Double, targetGradient: UnsafeMutablePointer<Double>? = nil
  ) -> Double {
    let (means, raw) = (block.output, block.output + NetworkBlock.stride)
    let (meanGradient, rawGradient) = (block.outputGradient, block.outputGradient + NetworkBlock.stride)
    var sum = 0.0
    for i in 0..<block.rowCount {
      let logVariance = Self.tanh(raw[i])
      let precision = Elementary.exp(-logVariance)
      let (difference, w) = (targets[i] - means[i], weight(i))
      let square = difference * difference * precision
      sum += w * (Self.constant - (logVariance + square) / 2)
      meanGradient[i] += w * difference * precision
      rawGradient[i] += w * (square - 1) / 2 * (1 - logVariance * logVariance)
      if let targetGradient { targetGradient[i] -= w * difference * precision }
    }
    return sum
  }

  private static func tanh(_ x: Double) -> Double {
    let share = Elementary.exp(-2 * abs(x))
    let value = (1 - share) / (1 + share)
    return x < 0 ? -value : value
  }
}
