/// The answers of the method that comes first at given covariates.
public struct CovariateAnswer: Sendable, Codable, Equatable {
  /// In the order of the covariates' columns and in the units of the data.
  public let x: [Double]
  /// E[∂g/∂t] over the treatments of the rows, at x.
  public let averageSlope: EffectEstimate
  public let contrasts: [ContrastEstimate]
  /// E[Y | do(T = t), x], and its bands at x.
  public let curve: [CurvePoint]

  init(x: [Double], _ combinations: EffectCombinations, _ request: EffectRequest) throws {
    self.x = x
    averageSlope = combinations.averageSlope
    contrasts = request.contrasts.map(combinations.contrast)
    curve = try combinations.curve(at: request.curve, seed: request.seed)
  }
}
