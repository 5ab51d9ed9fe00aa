import Features
import LinearAlgebra

/// A polynomial of several variables: a constant, and a coefficient for each monomial in the order of ``PolynomialBasis``.
public struct Polynomial: Sendable, Codable, Equatable {
  public let degree: Int
  public let variableCount: Int
  /// The constant first.
  public let coefficients: [Double]

  /// - Precondition: a coefficient for each monomial up to the degree, and one for the constant.
  public init(degree: Int, variableCount: Int, coefficients: [Double]) {
    precondition(
      coefficients.count == 1 + PolynomialBasis.count(covariates: variableCount, degree: degree),
      "a coefficient for the constant and each monomial")
    self.degree = degree
    self.variableCount = variableCount
    self.coefficients = coefficients
  }

  /// The monomials of some variables up to a degree, without the constant; those of lower degrees come first.
  static func monomials(degree: Int, variableCount: Int) -> PolynomialBasis {
    PolynomialBasis(
      degree: degree, covariateNames: Array(repeating: "", count: variableCount),
      origin: Array(repeating: 0, count: variableCount))
  }

  /// Writes the polynomial of some rows to `values`.
  func evaluate(
    _ variables: [UnsafePointer<Double>], rowCount: Int, into values: UnsafeMutablePointer<Double>
  ) {
    let stride = Kernel.paddedCount(rowCount)
    let monomials = AlignedBuffer(count: (coefficients.count - 1) * stride)
    Self.monomials(degree: degree, variableCount: variableCount)
      .transform(variables, rowCount: rowCount, into: monomials.pointer, stride: stride)
    for row in 0..<rowCount { values[row] = coefficients[0] }
    for (j, coefficient) in coefficients.dropFirst().enumerated() {
      let monomial = monomials.pointer + j * stride
      for row in 0..<rowCount { values[row] += coefficient * monomial[row] }
    }
  }
}

/// The variables are t and then x.
extension Polynomial: StructuralFunction {
  public func evaluate(
    _ treatment: UnsafePointer<Double>, covariates: [UnsafePointer<Double>], rowCount: Int,
    into values: UnsafeMutablePointer<Double>
  ) {
    evaluate([treatment] + covariates, rowCount: rowCount, into: values)
  }
}
