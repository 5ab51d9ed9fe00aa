extension JointOutcome {
  /// The coefficients that say something by themselves: all but those of splines in t, whose functions and line make up
  /// one curve together.
  public var ownEffects: [EffectCoefficient] {
    // Factors of t alone are functions of a spline; its square and its products with x have two.
    let products = model.basis.treatmentProducts
    guard products.contains(where: { $0.count == 1 }) else { return effectCoefficients }
    return zip(effectCoefficients.dropFirst(), products).filter { $1.count == 2 }.map(\.0)
  }
}
