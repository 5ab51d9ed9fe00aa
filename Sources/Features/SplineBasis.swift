import Frames

/// Additive cubic B-splines per covariate on quantile knots, and products of two covariates where they are added.
///
/// The first basis function of each covariate is left out, since the functions of a covariate sum to one and the
/// constant is in every model already. A covariate with too few distinct values to carry a cubic (an indicator, a short
/// scale) enters linearly.
public struct SplineBasis: FeatureMap {
  /// The features of one covariate, or of a product of two.
  enum Term: Sendable, Codable, Equatable {
    case linear
    case spline(CubicSpline)
    case product(Int, Int)

    var dimension: Int {
      switch self {
      case .linear, .product: 1
      case .spline(let spline): spline.count - 1
      }
    }

    /// Writes feature j of row i to `output[j * stride + i]`.
    ///
    /// - Parameter index: the place of the term, and so of its covariate.
    func evaluate(
      _ covariates: [UnsafePointer<Double>], index: Int, rowCount: Int, into output: UnsafeMutablePointer<Double>,
      stride: Int
    ) {
      switch self {
      case .linear:
        output.update(from: covariates[index], count: rowCount)
      case .spline(let spline):
        spline.evaluate(covariates[index], count: rowCount, into: output, stride: stride)
      case .product(let first, let second):
        for row in 0..<rowCount { output[row] = covariates[first][row] * covariates[second][row] }
      }
    }

    /// The monomials that it holds, as the term of covariate `index`, of the first and second degree.
    func monomials(index: Int) -> [[Int]] {
      switch self {
      case .linear: [[index]]
      case .spline: [[index], [index, index]]
      case .product(let first, let second): [[first, second]]
      }
    }
  }

  /// Breakpoints per covariate unless told: the ends, the median and four more quantiles.
  public static let defaultKnotCount = 7

  private(set) var terms: [Term]
  private var allNames: [String]
  /// Which of the terms' features are kept, in order; those that depend linearly on others are left out.
  private(set) var kept: [Int]

  public var dimension: Int { kept.count }
  public var featureNames: [String] { kept.map { allNames[$0] } }

  /// Fits the knots: `knotCount` equally spaced quantiles of every covariate, duplicates merged.
  ///
  /// - Throws: a failure of communication.
  public init(fitting table: Frame, knotCount: Int = defaultKnotCount) throws {
    let probabilities = (0..<knotCount).map { Double($0) / Double(knotCount - 1) }
    let quantiles = try table.quantiles(of: probabilities)
    self.init(covariateNames: table.covariateNames, quantiles: quantiles)
  }

  /// From the quantiles of each covariate, ascending, duplicates allowed.
  public init(covariateNames: [String], quantiles: [[Double]]) {
    var terms: [Term] = []
    var names: [String] = []
    for (name, values) in zip(covariateNames, quantiles) {
      var breakpoints: [Double] = []
      for value in values where breakpoints.last.map({ value > $0 }) ?? true { breakpoints.append(value) }
      // Merged quantiles mean ties: with fewer than four breakpoints a cubic basis would outnumber the distinct values.
      let term: Term = breakpoints.count < 4 ? .linear : .spline(CubicSpline(breakpoints: breakpoints))
      terms.append(term)
      names += term.dimension == 1 ? [name] : (1...term.dimension).map { "\(name).bs\($0)" }
    }
    self.terms = terms
    allNames = names
    kept = Array(names.indices)
  }

  /// The basis with products of two covariates behind its functions.
  ///
  /// - Parameter products: the covariates of each, ascending.
  public func appending(products: [[Int]], covariateNames: [String]) -> SplineBasis {
    var copy = self
    for product in products {
      copy.kept.append(copy.allNames.count)
      copy.terms.append(.product(product[0], product[1]))
      copy.allNames.append(product.map { covariateNames[$0] }.joined(separator: "*"))
    }
    return copy
  }

  /// The number of kept features of each covariate, and of each product.
  public var featureCounts: [Int] {
    var first = 0
    return terms.map { term in
      let own = first..<first + term.dimension
      first = own.upperBound
      return kept.count { own.contains($0) }
    }
  }

  /// Coefficients on (1, features) of the function with coefficients `linear` on (1, x, products): ``embedding(parabolas:)``
  /// without squares.
  public func embedding(linear: [Double]) -> [Double] {
    embedding(
      parabolas: [linear[0]]
        + zip(terms, linear.dropFirst()).flatMap { if case .spline = $0 { [$1, 0] } else { [$1] } })
  }

  /// The covariates, the squares of those that have a spline, and the products: what parabolas are made of.
  public func parabolas(covariateNames: [String]) -> PolynomialBasis {
    PolynomialBasis(
      monomials: terms.enumerated().flatMap { $1.monomials(index: $0) }, covariateNames: covariateNames,
      origin: Array(repeating: 0, count: covariateNames.count))
  }

  /// Coefficients on (1, features) of the function with coefficients `parabolas` on (1, ``parabolas(covariateNames:)``), exactly
  /// within the knots: a line is Σ_b ξ_b B_b(x) with the knot averages ξ_b, a square Σ_b η_b B_b(x) with the knot products
  /// η_b (Marsden's identity). Where features were left out the function is only near.
  public func embedding(parabolas: [Double]) -> [Double] {
    var constant = parabolas[0]
    var coefficients: [Double] = []
    var rest = parabolas.dropFirst()
    for term in terms {
      let slope = rest.removeFirst()
      guard case .spline(let spline) = term else {
        coefficients.append(slope)
        continue
      }
      let bend = rest.removeFirst()
      let values = zip(spline.knotAverages, spline.knotProducts).map { slope * $0 + bend * $1 }
      constant += values[0]
      coefficients += values.dropFirst().map { $0 - values[0] }
    }
    return [constant] + kept.map { coefficients[$0] }
  }

  /// Coefficients on the features of the lines and parabolas of each covariate, up to constants: smooth functions in
  /// which groups may differ.
  public var smoothDirections: [[Double]] {
    var directions: [[Double]] = []
    var first = 0
    for term in terms {
      let curves: [[Double]] =
        switch term {
        case .linear, .product: [[1]]
        case .spline(let spline):
          [spline.knotAverages, spline.knotProducts].map { c in c.dropFirst().map { $0 - c[0] } }
        }
      for curve in curves {
        var all = Array(repeating: 0.0, count: allNames.count)
        for (offset, value) in curve.enumerated() { all[first + offset] = value }
        directions.append(kept.map { all[$0] })
      }
      first += term.dimension
    }
    return directions
  }

  /// Leaves out features, by index among those now kept, that others determine.
  public func dropping(_ features: Set<Int>) -> SplineBasis {
    var copy = self
    copy.kept = kept.enumerated().filter { !features.contains($0.offset) }.map(\.element)
    return copy
  }

  public func transform(
    _ covariates: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let widest = terms.map(\.dimension).max() ?? 0
    withUnsafeTemporaryAllocation(of: Double.self, capacity: widest * stride) { scratch in
      let basis = scratch.baseAddress!
      var next = kept.startIndex
      var first = 0
      for (index, term) in terms.enumerated() {
        let all = first..<first + term.dimension
        let own = kept[next...].prefix { all.contains($0) }
        if own.elementsEqual(all) {
          term.evaluate(covariates, index: index, rowCount: rowCount, into: features + next * stride, stride: stride)
        } else if !own.isEmpty {
          term.evaluate(covariates, index: index, rowCount: rowCount, into: basis, stride: stride)
          for (place, feature) in zip(own.indices, own) {
            (features + place * stride).update(from: basis + (feature - first) * stride, count: rowCount)
          }
        }
        (next, first) = (own.endIndex, all.upperBound)
      }
    }
  }
}
