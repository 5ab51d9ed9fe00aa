import LinearAlgebra

/// The normal distribution of mean 0 and variance 1, whose square is χ² with one degree of freedom.
public struct StandardNormal: SymmetricDistribution, Equatable {
  public init() {}

  public func density(_ x: Double) -> Double { Elementary.exp(-x * x / 2) / (2 * .pi).squareRoot() }

  var square: ChiSquare { ChiSquare(degreesOfFreedom: 1) }
}
