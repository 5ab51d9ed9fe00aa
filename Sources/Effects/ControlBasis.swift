import Features

/// The monomials of standardised covariates that are the controls of the outcome, the constant aside.
public struct ControlBasis: Sendable, Equatable {
  /// The covariates multiplied in each monomial, ascending, by degree and then lexicographically.
  private let monomials: [[Int]]
  /// The monomial that lacks the last factor; nil for a covariate itself.
  private let parents: [Int?]
  public let names: [String]

  public var count: Int { names.count }

  /// - Parameter degree: the highest degree, at least 1.
  public init(degree: Int, covariateNames: [String]) {
    let m = covariateNames.count
    var monomials: [[Int]] = []
    var parents: [Int?] = []
    var last: [(monomial: [Int], place: Int?)] = [([], nil)]
    for _ in 0..<degree {
      var next: [(monomial: [Int], place: Int?)] = []
      for head in last {
        for j in (head.monomial.last ?? 0)..<m {
          next.append((head.monomial + [j], monomials.count))
          monomials.append(head.monomial + [j])
          parents.append(head.place)
        }
      }
      last = next
    }
    self.monomials = monomials
    self.parents = parents
    names = monomials.map { $0.map { covariateNames[$0] }.joined(separator: "*") }
  }

  /// The number of monomials of m covariates up to a degree.
  public static func count(covariates m: Int, degree: Int) -> Int {
    PolynomialBasis.count(covariates: m, degree: degree)
  }

  /// Writes monomial j of row i to `output[j * stride + i]`.
  ///
  /// - Parameter covariates: standardised.
  func evaluate(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into output: UnsafeMutablePointer<Double>, stride: Int
  ) {
    for (j, monomial) in monomials.enumerated() {
      let (own, x) = (output + j * stride, covariates[monomial[monomial.count - 1]])
      guard let parent = parents[j] else {
        own.update(from: x, count: rowCount)
        continue
      }
      let lower = output + parent * stride
      for row in 0..<rowCount { own[row] = lower[row] * x[row] }
    }
  }
}
