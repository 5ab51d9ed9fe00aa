import LinearAlgebra

/// What the outputs of a network are judged by, row by row.
public enum Loss: Sendable, Codable, Equatable {
  /// Σ_j (output_j - target_j)².
  case squared
  /// -log Σ_k p_k N(target; mean_k, deviation_k²) for a mixture of this many normal densities: the outputs are K logits of
  /// p, K means and K logarithms of deviations (Bishop 1994).
  case mixtureDensity(components: Int)
  /// -log (exp output_target / Σ_k exp output_k): the outputs are logits of classes, the one target is the class, from 0.
  case softmax

  /// The weighted loss of a block's rows; writes its gradient in the outputs to the block.
  ///
  /// - Parameters:
  ///   - targets: target j of row i at `targets[j * stride + i]`: as many as outputs, one for a mixture density or softmax.
  ///   - weights: one per row, or nil for 1.
  ///   - scale: times every weight, 1 / rows for a mean.
  public func evaluate(
    _ block: NetworkBlock, outputCount: Int, targets: UnsafePointer<Double>, stride: Int,
    weights: UnsafePointer<Double>? = nil, scale: Double = 1
  ) -> Double {
    switch self {
    case .squared:
      squared(block, outputCount: outputCount, targets: targets, stride: stride, weights: weights, scale: scale)
    case .mixtureDensity(let components):
      mixtureDensity(block, components: components, targets: targets, weights: weights, scale: scale)
    case .softmax:
      softmax(block, classes: outputCount, targets: targets, weights: weights, scale: scale)
    }
  }

  private func squared(
    _ block: NetworkBlock, outputCount: Int, targets: UnsafePointer<Double>, stride: Int,
    weights: UnsafePointer<Double>?, scale: Double
  ) -> Double {
    (0..<outputCount).reduce(0) {
      $0 + Self.squared(block, output: $1, targets: targets + $1 * stride, weights: weights, scale: scale)
    }
  }

  /// Σ_i weight_i (output - target)² of one output; writes its gradient to the block.
  ///
  /// - Parameters:
  ///   - weights: one per row, or nil for 1.
  ///   - scale: times every weight.
  public static func squared(
    _ block: NetworkBlock, output: Int, targets: UnsafePointer<Double>, weights: UnsafePointer<Double>? = nil,
    scale: Double = 1
  ) -> Double {
    let outputs = block.output + output * NetworkBlock.stride
    let gradients = block.outputGradient + output * NetworkBlock.stride
    var sum = 0.0
    for i in 0..<block.rowCount {
      let weight = scale * (weights?[i] ?? 1)
      let difference = outputs[i] - targets[i]
      sum += weight * difference * difference
      gradients[i] = 2 * weight * difference
    }
    return sum
  }

  private func softmax(
    _ block: NetworkBlock, classes: Int, targets: UnsafePointer<Double>, weights: UnsafePointer<Double>?, scale: Double
  ) -> Double {
    let (output, gradient, stride) = (block.output, block.outputGradient, NetworkBlock.stride)
    var sum = 0.0
    for i in 0..<block.rowCount {
      let weight = scale * (weights?[i] ?? 1)
      let normalizer = logSumExp(classes) { output[$0 * stride + i] }
      let target = Int(targets[i])
      sum += weight * (normalizer - output[target * stride + i])
      for k in 0..<classes {
        gradient[k * stride + i] =
          weight * (Elementary.exp(output[k * stride + i] - normalizer) - (k == target ? 1 : 0))
      }
    }
    return sum
  }

  private func mixtureDensity(
    _ block: NetworkBlock, components: Int, targets: UnsafePointer<Double>, weights: UnsafePointer<Double>?,
    scale: Double
  ) -> Double {
    let (output, gradient) = (block.output, block.outputGradient)
    let stride = NetworkBlock.stride
    var sum = 0.0
    withUnsafeTemporaryAllocation(of: Double.self, capacity: components) { logs in
      for i in 0..<block.rowCount {
        let weight = scale * (weights?[i] ?? 1)
        let normalizer = logSumExp(components) { output[$0 * stride + i] }
        for k in 0..<components {
          let deviation = output[(2 * components + k) * stride + i]
          let z = (targets[i] - output[(components + k) * stride + i]) * Elementary.exp(-deviation)
          logs[k] = output[k * stride + i] - normalizer - deviation - z * z / 2
        }
        let density = logSumExp(components) { logs[$0] }
        // log √2π
        sum += weight * (0.918938533204672741780329736406 - density)
        for k in 0..<components {
          let posterior = weight * Elementary.exp(logs[k] - density)
          let reciprocal = Elementary.exp(-output[(2 * components + k) * stride + i])
          let z = (targets[i] - output[(components + k) * stride + i]) * reciprocal
          gradient[k * stride + i] = weight * Elementary.exp(output[k * stride + i] - normalizer) - posterior
          gradient[(components + k) * stride + i] = -posterior * z * reciprocal
          gradient[(2 * components + k) * stride + i] = posterior * (1 - z * z)
        }
      }
    }
    return sum
  }
}

/// log Σ_k exp(value k), without overflow.
private func logSumExp(_ count: Int, _ value: (Int) -> Double) -> Double {
  var largest = -Double.infinity
  for k in 0..<count { largest = max(largest, value(k)) }
  guard largest.isFinite else { return largest }
  var sum = 0.0
  for k in 0..<count { sum += Elementary.exp(value(k) - largest) }
  return largest + Elementary.log(sum)
}
