import LinearAlgebra

/// The Adam optimiser (Kingma and Ba 2015) and its optimistic form, with the state that a checkpoint keeps.
///
/// m ← β₁ m + (1 - β₁) g, v ← β₂ v + (1 - β₂) g², u = m / (1 - β₁ˢ) / (√(v / (1 - β₂ˢ)) + ε) in step s = 1, 2, …;
/// then θ ← θ - η u, or optimistically θ ← θ - 2 η u + η u' with the u' of the step before (Daskalakis, Ilyas,
/// Syrgkanis, Zeng 2018), which damps the cycles of two networks that play against each other.
public struct Adam: Sendable, Codable, Equatable {
  public var learningRate: Double
  public let beta1: Double
  public let beta2: Double
  public let epsilon: Double
  /// Times θ, added to the gradient of every parameter.
  public let weightDecay: Double
  public let isOptimistic: Bool
  /// The steps taken.
  public private(set) var stepCount = 0
  private var firstMoments: [Double]
  private var secondMoments: [Double]
  /// u of the last step; empty unless optimistic.
  private var directions: [Double]

  public init(
    parameterCount: Int, learningRate: Double = 1e-3, beta1: Double = 0.9, beta2: Double = 0.999,
    epsilon: Double = 1e-8, weightDecay: Double = 0, isOptimistic: Bool = false
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.isOptimistic = isOptimistic
    firstMoments = Array(repeating: 0, count: parameterCount)
    secondMoments = firstMoments
    directions = isOptimistic ? firstMoments : []
  }

  /// Takes one step down the gradient.
  ///
  /// - Precondition: both arrays have the number of parameters that the optimiser was made for.
  public mutating func update(_ parameters: inout [Double], gradient: ArraySlice<Double>) {
    let count = firstMoments.count
    precondition(parameters.count == count && gradient.count == count, "an optimiser keeps one state per parameter")
    stepCount += 1
    let correction1 = 1 / (1 - Elementary.power(beta1, stepCount))
    let correction2 = 1 / (1 - Elementary.power(beta2, stepCount))
    parameters.withUnsafeMutableBufferPointer { parameters in
      gradient.withUnsafeBufferPointer { gradient in
        for i in 0..<count {
          let slope = gradient[i] + weightDecay * parameters[i]
          firstMoments[i] = beta1 * firstMoments[i] + (1 - beta1) * slope
          secondMoments[i] = beta2 * secondMoments[i] + (1 - beta2) * slope * slope
          let direction = firstMoments[i] * correction1 / ((secondMoments[i] * correction2).squareRoot() + epsilon)
          if isOptimistic {
            parameters[i] -= learningRate * (2 * direction - directions[i])
            directions[i] = direction
          } else {
            parameters[i] -= learningRate * direction
          }
        }
      }
    }
  }
}
