import LinearAlgebra
import Mixture

/// A coefficient of V that varies with the row: κ_k + λ'C, with C columns of x and t (Garen 1984, "The returns to
/// schooling: a selectivity bias approach"; Wooldridge 2015, "Control function methods in applied econometrics").
///
/// V_k C_j = C_j t - Σ_l β_kl C_j ρ_l is linear in the products of C_j with t and with ρ. These are columns of the design,
/// so the outcome's residual is a linear form of its columns whatever λ is, and all sums stay weighted Gram matrices.
public struct ControlInteractions: Sendable, Equatable, Codable {
  /// λ.
  public var coefficients: [Double]
  /// By C_j, the columns of the design that are its products with ρ_1 … ρ_r and with t. As ρ_1 is 1, the first is C_j.
  let products: [[Int]]
  /// The columns of the design behind y, which nothing else has a use for.
  let ownColumnCount: Int

  /// λ = 0.
  ///
  /// - Parameters:
  ///   - products: by C_j, the columns of the design that are its products with ρ and with t.
  ///   - ownColumnCount: the number of columns behind y.
  public init(products: [[Int]], ownColumnCount: Int) {
    coefficients = Array(repeating: 0, count: products.count)
    self.products = products
    self.ownColumnCount = ownColumnCount
  }
}

extension JointMixture {
  /// The number of columns C.
  var interactionCount: Int { interactions?.coefficients.count ?? 0 }

  /// V_k C_j as a form of the design's columns.
  func interactionForm(_ k: Int, _ j: Int) -> [Double] {
    var form = Array(repeating: 0.0, count: columnCount)
    guard let columns = interactions?.products[j] else { return form }
    for (column, slope) in zip(columns, selectionCoefficients[k]) { form[column] -= slope }
    form[columns[selectionCount]] += 1
    return form
  }

  /// Σ γ D ρ_l f of each l from Σ γ c_j f of each column, D = κ_k + λ'C: what β_k moves the outcome by.
  func pulled(_ k: Int, _ image: [Double]) -> [Double] {
    (0..<selectionCount).map { l in
      var sum = endogeneities[k] * image[l]
      if let interactions {
        for (columns, lambda) in zip(interactions.products, interactions.coefficients) {
          sum += lambda * image[columns[l]]
        }
      }
      return sum
    }
  }

  /// Σ γ ρρ' (1/σ_k² + D²/τ_k²), D = κ_k + λ'C + 2 κ2_k V.
  func slopeInformation(_ k: Int, _ moments: JointMoments) -> Matrix {
    let precision = 1 / (selectionDeviations[k] * selectionDeviations[k])
    let outcomePrecision = 1 / (outcomeDeviations[k] * outcomeDeviations[k])
    guard let interactions else {
      let pull = squaredPull(k)
      return moments.weighted(
        (precision + outcomePrecision * pull.0, outcomePrecision * pull.1, outcomePrecision * pull.2),
        leading: selectionCount)
    }
    var result = precision * moments.gram.leading(selectionCount)
    for l in 0..<selectionCount {
      // D ρ_l.
      var form = Array(repeating: 0.0, count: columnCount)
      form[l] = endogeneities[k]
      for (columns, lambda) in zip(interactions.products, interactions.coefficients) { form[columns[l]] += lambda }
      for (m, value) in pulled(k, moments.gram * form).enumerated() { result[l, m] += outcomePrecision * value }
    }
    return result
  }
}
