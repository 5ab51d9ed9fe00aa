import CKernels

extension Kernel {
  /// The numbers of step s of Adam: with g the gradient plus the weight decay times θ, c₁ = 1 / (1 - β₁ˢ) and
  /// c₂ = 1 / (1 - β₂ˢ),
  ///
  ///     m ← β₁ m + (1 - β₁) g,  v ← β₂ v + (1 - β₂) g²,  u = m c₁ / (√(v c₂) + ε),  θ ← θ - η u,
  ///
  /// or optimistically θ ← θ - η (2 u - u') with the u' of the step before.
  public struct AdamStep {
    fileprivate let native: giv_adam

    /// - Parameters:
    ///   - learningRate: η.
    ///   - correction1: c₁.
    ///   - correction2: c₂.
    public init(
      learningRate: Double, beta1: Double, beta2: Double, correction1: Double, correction2: Double, epsilon: Double,
      weightDecay: Double, isOptimistic: Bool
    ) {
      native = giv_adam(
        learning_rate: learningRate, beta1: beta1, beta2: beta2, correction1: correction1, correction2: correction2,
        epsilon: epsilon, weight_decay: weightDecay, is_optimistic: isOptimistic ? 1 : 0)
    }
  }

  /// Takes a step of Adam.
  ///
  /// - Parameters:
  ///   - firstMoments: m.
  ///   - secondMoments: v.
  ///   - directions: u, of an optimistic step only.
  /// - Precondition: all have one length, but for the directions of a step that is not optimistic.
  public static func adamStep(
    _ step: AdamStep, gradient: ArraySlice<Double>, parameters: inout [Double], firstMoments: inout [Double],
    secondMoments: inout [Double], directions: inout [Double]
  ) {
    let count = parameters.count
    precondition(gradient.count == count && firstMoments.count == count && secondMoments.count == count)
    precondition(step.native.is_optimistic == 0 || directions.count == count)
    gradient.withUnsafeBufferPointer { gradient in
      withUnsafePointer(to: step.native) {
        giv_adam_step(
          $0, count, gradient.baseAddress, &parameters, &firstMoments, &secondMoments, &directions)
      }
    }
  }
}
