import LinearAlgebra

/// The Adam optimiser (Kingma and Ba 2015) and its optimistic form, with the state that a checkpoint keeps.
///
/// ``LinearAlgebra/Kernel/AdamStep`` has the formulas; the optimistic form (Daskalakis, Ilyas, Syrgkanis, Zeng 2018) damps the
/// cycles of two networks that play against each other.
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

  /// All that steps change.
  var numbers: [Double] {
    get { [learningRate, Double(stepCount)] + firstMoments + secondMoments + directions }
    set {
      let count = firstMoments.count
      (learningRate, stepCount) = (newValue[0], Int(newValue[1]))
      firstMoments = Array(newValue[2..<2 + count])
      secondMoments = Array(newValue[2 + count..<2 + 2 * count])
      directions = Array(newValue[(2 + 2 * count)...])
    }
  }

  /// Takes one step down the gradient.
  ///
  /// - Precondition: both arrays have the number of parameters that the optimiser was made for.
  public mutating func update(_ parameters: inout [Double], gradient: ArraySlice<Double>) {
    let count = firstMoments.count
    precondition(parameters.count == count && gradient.count == count, "an optimiser keeps one state per parameter")
    stepCount += 1
    Kernel.adamStep(
      Kernel.AdamStep(
        learningRate: learningRate, beta1: beta1, beta2: beta2,
        correction1: 1 / (1 - Elementary.power(beta1, stepCount)),
        correction2: 1 / (1 - Elementary.power(beta2, stepCount)), epsilon: epsilon, weightDecay: weightDecay,
        isOptimistic: isOptimistic),
      gradient: gradient, parameters: &parameters, firstMoments: &firstMoments, secondMoments: &secondMoments,
      directions: &directions)
  }
}
