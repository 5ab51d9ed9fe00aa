import CausalGraphs
import Communication
import Features
import Frames
import LinearAlgebra
import Regression
import Statistics

/// Whether two variables, some of which are numbers, are independent given others: the generalised covariance measure (Shah and
/// Peters, Annals of Statistics 2020).
///
/// Both are regressed on the given; with residuals a and b of n rows, R = vec(a b'), n mean(R)' Cov(R)⁻¹ mean(R) is compared with
/// χ² of as many degrees of freedom as Cov(R) has rank. It holds where errors have no constant variance, and as far as the
/// regressions are right: these are on cubic splines of each number that is given, on the components of vectors, and on the levels
/// of categories, one added to the other. Of a dependence it sees what moves the mean of one with the other.
struct ResidualCovariance {
  /// The columns of one of the two at most, and the rows that there must be for each column of a regression.
  private static let mostColumns = 32
  private static let rowsPerColumn = 10

  private let variables: GraphVariables
  private let frame: Frame
  /// Of numbers that are given.
  private let splines: [Int: CubicSpline]

  /// Finds the quantiles of all numbers. Collective.
  init(_ variables: GraphVariables, _ frame: Frame) throws {
    (self.variables, self.frame) = (variables, frame)
    let numbers = variables.names.indices.filter { !variables.isCategory($0) && variables.columns[$0].width == 1 }
    let count = SplineBasis.defaultKnotCount
    let quantiles = try variables.quantiles(
      of: numbers, (0..<count).map { Double($0) / Double(count - 1) }, frame)
    splines = zip(numbers, quantiles).reduce(into: [:]) { splines, found in
      let breakpoints = Set(found.1).sorted()
      if breakpoints.count >= 4 { splines[found.0] = CubicSpline(breakpoints: breakpoints) }
    }
  }

  /// Two passes. Collective.
  ///
  /// - Returns: nil where there are too many columns for the rows, or no residuals that vary.
  func test(_ claim: ImpliedIndependence) throws -> ChiSquareTest? {
    let given = claim.given.map { part($0, splines[$0]) }
    let (first, second) = (part(claim.first, nil), part(claim.second, nil))
    let widths = [1 + given.reduce(0) { $0 + $1.width }, first.width, second.width]
    guard widths[1] <= Self.mostColumns, widths[2] <= Self.mostColumns,
      frame.rows.rowCount >= Self.rowsPerColumn * (widths.reduce(0, +) + widths[1] * widths[2])
    else { return nil }
    let parts = given + [first, second]
    let width = widths.reduce(0, +)
    let sums = try frame.rows.sum([Double](repeating: 0, count: width * width)) { partial, chunk in
      try eachRow(parts, chunk) { row in
        for i in 0..<width { for j in 0...i { partial[i * width + j] += row[i] * row[j] } }
      }
    }
    let coefficients = try Self.regressions(sums, width, on: widths[0])
    let (rest, products) = (width - widths[0], widths[1] * widths[2])
    let order = 1 + products
    let moments = try frame.rows.sum([Double](repeating: 0, count: order * order)) { partial, chunk in
      var residuals = [Double](repeating: 0, count: rest)
      var terms = [Double](repeating: 1, count: order)
      try eachRow(parts, chunk) { row in
        for target in 0..<rest {
          residuals[target] = row[widths[0] + target]
          for column in 0..<widths[0] { residuals[target] -= coefficients[target][column] * row[column] }
        }
        for i in 0..<widths[1] {
          for j in 0..<widths[2] { terms[1 + i * widths[2] + j] = residuals[i] * residuals[widths[1] + j] }
        }
        for i in 0..<order { for j in 0...i { partial[i * order + j] += terms[i] * terms[j] } }
      }
    }
    let count = moments[0]
    let means = (1..<order).map { moments[$0 * order] / count }
    var covariance = Matrix(rows: products, columns: products)
    for i in 0..<products {
      for j in 0..<products {
        let product = moments[(max(i, j) + 1) * order + min(i, j) + 1] / count
        covariance[i, j] = (product - means[i] * means[j]) / count
      }
    }
    return ChiSquareTest(means, covariance: covariance)
  }

  /// Coefficients of least squares of each target on the first `count` columns, by sums of products.
  private static func regressions(_ sums: [Double], _ width: Int, on count: Int) throws -> [[Double]] {
    func entry(_ i: Int, _ j: Int) -> Double { sums[max(i, j) * width + min(i, j)] }
    var products = Matrix(rows: count, columns: count)
    for i in 0..<count { for j in 0..<count { products[i, j] = entry(i, j) } }
    return try products.leastNormSolutions((count..<width).map { target in (0..<count).map { entry($0, target) } })
  }

  // MARK: Columns

  /// How a variable enters.
  private enum Part {
    /// A column for each level but the first.
    case category(Int, levelCount: Int)
    /// Standardised, as splines of the number where there are some.
    case numbers(Int, Standardization, CubicSpline?)

    var width: Int {
      switch self {
      case .category(_, let levelCount): levelCount - 1
      case .numbers(_, let own, let spline): spline.map { $0.count - 1 } ?? own.width
      }
    }
  }

  private func part(_ place: Int, _ spline: CubicSpline?) -> Part {
    variables.numbers[place].map { .numbers(place, $0.standardization, spline) }
      ?? .category(place, levelCount: variables.levels[place].count)
  }

  /// Gives the constant and the columns of some variables in each row of a chunk.
  private func eachRow(_ parts: [Part], _ chunk: Int, _ body: (UnsafeMutablePointer<Double>) -> Void) throws {
    let readers = try parts.map { part -> [(Int) -> Double] in
      switch part {
      case .category(let place, _), .numbers(let place, _, _):
        try variables.columns[place].readers(frame, chunk: chunk)
      }
    }
    var row = [Double](repeating: 1, count: 1 + parts.reduce(0) { $0 + $1.width })
    row.withUnsafeMutableBufferPointer { row in
      for index in 0..<frame.rowCount(ofChunk: chunk) {
        var column = row.baseAddress! + 1
        for (part, read) in zip(parts, readers) {
          switch part {
          case .category(let place, let levelCount):
            let level = variables.levels[place].place(of: read[0](index))
            for other in 1..<levelCount { column[other - 1] = other == level ? 1 : 0 }
          case .numbers(_, _, let spline?):
            withUnsafePointer(to: read[0](index)) { spline.evaluate($0, count: 1, into: column, stride: 1) }
          case .numbers(_, let own, nil):
            for component in 0..<own.width {
              column[component] = (read[component](index) - own.means[component]) / own.deviations[component]
            }
          }
          column += part.width
        }
        body(row.baseAddress!)
      }
    }
  }
}
