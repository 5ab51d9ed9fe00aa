import LinearAlgebra

/// The effect that a model of the groups has itself, linear in coefficients b of its own.
public struct ModelEffect: Sendable {
  public let name: String
  let coefficients: [Double]
  let covariance: Matrix?
  let law: ReferenceLaw
  let slope: [Double]
  let effects: @Sendable (_ treatments: [Double], _ reference: Double) -> [[Double]]

  /// - Parameters:
  ///   - coefficients: b.
  ///   - covariance: of b; nil where none is known.
  ///   - fewClusters: the number of clusters that the covariance is by, where they are few; nil else.
  ///   - slope: the combination of b that is E[∂g/∂t] over the rows.
  ///   - effects: those that are the mean effects of treatments instead of a reference.
  public init(
    name: String, coefficients: [Double], covariance: Matrix?, fewClusters: Int? = nil, slope: [Double],
    effects: @escaping @Sendable (_ treatments: [Double], _ reference: Double) -> [[Double]]
  ) {
    (self.name, self.coefficients, self.covariance) = (name, coefficients, covariance)
    (law, self.slope, self.effects) = (ReferenceLaw(fewClusters: fewClusters), slope, effects)
  }

  /// The answers to what every method is asked.
  func answer(_ request: EffectRequest) -> ModelAnswer {
    func estimate(_ name: String, _ weights: [Double]) -> EffectEstimate {
      EffectEstimate(name, weights, coefficients, covariance, law)
    }
    return ModelAnswer(
      name: name, averageSlope: estimate("average slope", slope),
      contrasts: request.contrasts.map { contrast in
        ContrastEstimate(
          contrast: contrast, effect: estimate("contrast", effects([contrast.to], contrast.from)[0]))
      }, curve: effects(request.curve, request.reference).map { estimate("tau", $0) })
  }
}

/// What a model of the groups answers itself, beside the instrumental regressions.
public struct ModelAnswer: Sendable, Codable, Equatable {
  public let name: String
  public let averageSlope: EffectEstimate
  public let contrasts: [ContrastEstimate]
  /// The effects of the treatments of the curve instead of the reference.
  public let curve: [EffectEstimate]
}
