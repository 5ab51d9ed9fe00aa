import Communication
import Features
import Frames
import LinearAlgebra
import Mixture

/// The columns of the joint model: (1, ρ(x), X(x), functions of t, t x interactions, t, y), each variable centered and
/// scaled; and behind these, where the coefficient of V depends on x, those of x that are no columns before.
///
/// ρ comes from a basis; the rest are products of functions of single variables: powers, B-splines, and
/// products of these across variables.
public struct JointBasis: Sendable, Codable {
  /// ρ without its constant.
  package let selection: Basis
  /// What is taken off x_1 … x_m, t and y, in the units of the frame, and what they are divided by.
  let scaling: ColumnScaling
  /// The splines whose functions may be factors, for each of x_1 … x_m, t.
  let splines: [[CubicSpline]]
  /// Products of factors: the variable itself, then the functions of its splines, counted on from variable to variable.
  private(set) var products: [[Int]]
  /// How many products, from the first, are functions of x alone.
  private(set) var covariateProducts: Int
  /// What a coefficient of V that depends on x and t takes; nil where it does not.
  var control: ControlColumns?

  init(selection: Basis, scaling: ColumnScaling, splines: [[CubicSpline]]) {
    self.selection = selection
    self.scaling = scaling
    self.splines = splines
    products = []
    covariateProducts = 0
  }

  var covariateCount: Int { splines.count - 1 }
  var selectionCount: Int { selection.dimension + 1 }
  /// The number of columns, the constant, t and y among them, without those behind y; see ``designColumnCount``.
  public var columnCount: Int { selectionCount + products.count + 2 }

  /// The number of factors of a variable.
  private func factorCount(_ variable: Int) -> Int { splines[variable].reduce(1) { $0 + $1.count - 1 } }
  /// The factor that is the variable itself.
  func factor(_ variable: Int) -> Int { (0..<variable).reduce(0) { $0 + factorCount($1) } }
  /// The factors that are the functions of a spline.
  func factors(_ variable: Int, spline: Int) -> Range<Int> {
    let first = splines[variable][..<spline].reduce(factor(variable) + 1) { $0 + $1.count - 1 }
    return first..<first + splines[variable][spline].count - 1
  }
  var totalFactors: Int { factor(covariateCount) + factorCount(covariateCount) }
  var treatmentFactor: Int { factor(covariateCount) }

  /// The columns of products of x, and those of products with t, in the design.
  var treatmentColumns: Range<Int> {
    selectionCount + covariateProducts..<selectionCount + products.count
  }
  /// The products with t, in the order of `treatmentColumns`.
  var treatmentProducts: [[Int]] { Array(products[covariateProducts...]) }

  mutating func appendCovariate(_ product: [Int]) {
    products.insert(product, at: covariateProducts)
    covariateProducts += 1
  }

  mutating func appendTreatment(_ product: [Int]) { products.append(product) }

  /// Leaves out products by index.
  func dropping(_ dropped: Set<Int>) -> JointBasis {
    var copy = self
    copy.products = products.indices.filter { !dropped.contains($0) }.map { products[$0] }
    copy.covariateProducts = (0..<covariateProducts).count { !dropped.contains($0) }
    return copy
  }

  /// The basis with other functions of t.
  func replacingTreatment(_ treatment: [[Int]]) -> JointBasis {
    var copy = self
    copy.products = Array(products[..<covariateProducts]) + treatment
    return copy
  }

  // MARK: Evaluation

  /// Whether a factor is one that products are made of.
  private var isInUse: [Bool] {
    var used = Array(repeating: false, count: totalFactors)
    for factor in products.joined() { used[factor] = true }
    return used
  }

  /// Writes the factors of some variables to `factors[factor * stride + row]`: the variables, and those splines of which a
  /// product has a function.
  private func evaluateFactors(
    _ variables: [UnsafePointer<Double>], _ which: Range<Int>, rowCount: Int,
    into factors: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let used = isInUse
    for variable in which {
      let own = factors + factor(variable) * stride
      let (center, factor) = (scaling.centers[variable], 1 / scaling.scales[variable])
      for row in 0..<rowCount { own[row] = (variables[variable][row] - center) * factor }
      for (index, spline) in splines[variable].enumerated() {
        let first = self.factors(variable, spline: index)
        guard used[first].contains(true) else { continue }
        spline.evaluate(own, count: rowCount, into: factors + first.lowerBound * stride, stride: stride)
      }
    }
  }

  /// Writes all columns but the constant, of rows (x, t, y) in the units of the table.
  func transform(
    _ variables: [UnsafePointer<Double>], rowCount: Int, into features: UnsafeMutablePointer<Double>, stride: Int
  ) {
    let first = features + (selectionCount - 1) * stride
    withUnsafeTemporaryAllocation(of: Double.self, capacity: totalFactors * stride) { scratch in
      let factors = scratch.baseAddress!
      evaluateFactors(variables, 0..<covariateCount + 1, rowCount: rowCount, into: factors, stride: stride)
      // Monomials of x are standardised like every other column.
      let covariates = (0..<covariateCount).map {
        monomials == nil ? variables[$0] : UnsafePointer(factors + self.factor($0) * stride)
      }
      selection.transform(covariates, rowCount: rowCount, into: features, stride: stride)
      for (index, product) in products.enumerated() {
        let target = first + index * stride
        target.update(from: factors + product[0] * stride, count: rowCount)
        for factor in product.dropFirst() {
          let values = factors + factor * stride
          for row in 0..<rowCount { target[row] *= values[row] }
        }
      }
      let closing = first + products.count * stride
      closing.update(from: factors + treatmentFactor * stride, count: rowCount)
      let outcome = variables[covariateCount + 1]
      let (center, factor) = (scaling.centers[covariateCount + 1], 1 / scaling.scales[covariateCount + 1])
      for row in 0..<rowCount { closing[stride + row] = (outcome[row] - center) * factor }
      appendControl(features, factors: factors, rowCount: rowCount, stride: stride)
    }
  }

  /// The covariates of each column of ρ where these are x itself, and products; nil for curves.
  var monomials: [[Int]]? {
    switch selection {
    case .identity: (0..<covariateCount).map { [$0] }
    case .monomials(let basis): basis.monomials
    case .polynomial, .spline, .shape: nil
    }
  }

  /// The functions of t at some treatments, in the order of `treatmentProducts` and then t itself; x at its mean, where
  /// interactions are 0.
  func treatmentFunctions(at treatments: [Double]) -> [[Double]] {
    let m = covariateCount
    var factors = Array(repeating: 0.0, count: totalFactors * treatments.count)
    treatments.withUnsafeBufferPointer { values in
      factors.withUnsafeMutableBufferPointer { factors in
        evaluateFactors(
          Array(repeating: values.baseAddress!, count: m + 1), m..<m + 1, rowCount: treatments.count,
          into: factors.baseAddress!, stride: treatments.count)
      }
    }
    return treatments.indices.map { row in
      (treatmentProducts + [[treatmentFactor]]).map { product in
        product.reduce(1) { $0 * factors[$1 * treatments.count + row] }
      }
    }
  }

  /// The derivatives of ``treatmentFunctions(at:)`` in t, in the units of the table.
  func treatmentSlopes(at treatments: [Double]) -> [[Double]] {
    let (m, count) = (covariateCount, treatments.count)
    let scale = 1 / scaling.scales[m]
    let first = treatmentFactor
    // The factors of t alone: itself, then its splines.
    var (values, slopes) = (
      Array(repeating: 0.0, count: factorCount(m) * count), Array(repeating: scale, count: factorCount(m) * count)
    )
    for row in 0..<count { values[row] = (treatments[row] - scaling.centers[m]) * scale }
    let own = Array(values.prefix(count))
    for (index, spline) in splines[m].enumerated() {
      let start = (factors(m, spline: index).lowerBound - first) * count
      values.withUnsafeMutableBufferPointer {
        spline.evaluate(own, count: count, into: $0.baseAddress! + start, stride: count)
      }
      slopes.withUnsafeMutableBufferPointer {
        spline.evaluateSlopes(own, count: count, into: $0.baseAddress! + start, stride: count)
      }
      for place in start..<start + (spline.count - 1) * count { slopes[place] *= scale }
    }
    return treatments.indices.map { row in
      (treatmentProducts + [[treatmentFactor]]).map { product in
        // At the mean of x an interaction is 0, and so is its slope over all rows.
        guard product.allSatisfy({ $0 >= first }) else { return 0 }
        return product.indices.reduce(0) { sum, place in
          sum
            + product.indices.reduce(1) { $0 * ($1 == place ? slopes : values)[(product[$1] - first) * count + row] }
        }
      }
    }
  }

  /// β, σ of a regression of t on the representation in the units of the table, in those of this basis.
  func rescaled(_ regression: RegressionMixture) -> RegressionMixture {
    let m = covariateCount
    let (center, scale) = (scaling.centers[m], scaling.scales[m])
    let coefficients = regression.coefficients.map { beta in
      var result = beta
      result[0] -= center
      for (index, monomial) in (monomials ?? []).enumerated() { scaling.rescale(&result, index + 1, monomial) }
      return result.map { $0 / scale }
    }
    return RegressionMixture(
      mixingWeights: regression.mixingWeights, coefficients: coefficients,
      standardDeviations: regression.standardDeviations.map { $0 / scale })
  }

  /// β of a group in the units of columns of which the standardised ones are (x - center) / scale.
  func inUnits(of columns: ColumnScaling, _ beta: [Double]) -> [Double] {
    let (center, scale) = (columns.centers[covariateCount], columns.scales[covariateCount])
    let inverse = ColumnScaling(
      centers: zip(columns.centers, columns.scales).map { -$0 / $1 }, scales: columns.scales.map { 1 / $0 })
    var result = beta
    for (index, monomial) in (monomials ?? []).enumerated() { inverse.rescale(&result, index + 1, monomial) }
    result = result.map { $0 * scale }
    result[0] += center
    return result
  }
}

extension ColumnScaling {
  /// Writes the coefficient of a covariate, or of a product of two, for standardised ones: with c the centers and s the
  /// scales x_i x_j = (c_i + s_i u_i)(c_j + s_j u_j), and the rest goes to the constant and to those of u_i and u_j.
  fileprivate func rescale(_ beta: inout [Double], _ index: Int, _ monomial: [Int]) {
    let (c, s) = (monomial.map { centers[$0] }, monomial.map { scales[$0] })
    beta[0] += beta[index] * c.reduce(1, *)
    if monomial.count == 2 {
      beta[monomial[0] + 1] += beta[index] * s[0] * c[1]
      beta[monomial[1] + 1] += beta[index] * c[0] * s[1]
    }
    beta[index] *= s.reduce(1, *)
  }
}

extension Design {
  /// The columns of a joint basis.
  convenience init(
    table: Frame, basis: JointBasis, subset: ChunkSubset? = nil, replacement: RowReplacement = RowReplacement()
  ) {
    self.init(
      table: table, featureNames: (1..<basis.designColumnCount).map { "c\($0)" },
      features: { basis.transform($0, rowCount: $1, into: $2, stride: $3) }, inputs: .all, subset: subset,
      replacement: replacement)
  }
}
