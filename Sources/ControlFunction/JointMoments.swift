import LinearAlgebra
import Mixture

/// The sums of one group of a joint mixture as its M step reads them: those of products of linear forms of ĉ, which is
/// (c, V²) with κ2, (c, V C) with λ and else c, and with κ2 of these times V with c. V is the group's at the E step.
struct JointMoments {
  /// Σ γ ĉĉ'.
  let gram: Matrix
  /// Σ γ V c c' and Σ γ V² c c'.
  private let powers: (first: Matrix, second: Matrix)?
  private let residual: [Double]
  /// The number of columns of ĉ behind c.
  private let tailCount: Int

  /// - Parameter model: that of the E step.
  init(_ statistics: SufficientStatistics, _ model: JointMixture, group k: Int) {
    residual = model.selectionResidual(k)
    tailCount = model.bends == nil ? model.interactionCount : 1
    var plain = statistics.gram(k)
    let sigma = model.selectionDeviations[k]
    guard model.bends != nil else {
      // The sums are of V in units of σ.
      for i in plain.rows - tailCount..<plain.rows {
        for j in 0..<plain.rows {
          plain[i, j] *= sigma
          plain[j, i] *= sigma
        }
      }
      gram = plain
      powers = nil
      return
    }
    let (first, second) = (sigma * statistics.gram(k, power: 1), (sigma * sigma) * statistics.gram(k, power: 2))
    let d = plain.rows
    var extended = Matrix(rows: d + 1, columns: d + 1)
    for i in 0..<d {
      for j in 0..<d { extended[i, j] = plain[i, j] }
      // Column 0 of c is the constant.
      extended[i, d] = second[i, 0]
      extended[d, i] = second[i, 0]
    }
    extended[d, d] = residual.dot(second * residual)
    gram = extended
    powers = (first, second)
  }

  /// Σ γ, or Σ γ u of a t law, by which EM converges faster than by Σ γ (Kent, Tyler and Vardi 1994).
  var count: Double { gram[0, 0] }

  /// A form of c as one of ĉ.
  ///
  /// - Parameter tail: of what ĉ has behind c; nil for 0.
  func extended(_ form: [Double], _ tail: [Double]? = nil) -> [Double] {
    form + (tail ?? Array(repeating: 0, count: tailCount))
  }

  /// Σ γ V c_j (form'ĉ), for each column j of c; 0 without κ2.
  func timesResidual(_ form: [Double]) -> [Double] {
    guard let powers else { return Array(repeating: 0, count: form.count) }
    let linear = powers.first * Array(form.dropLast())
    let cubic = powers.second * residual
    return zip(linear, cubic).map { $0 + form[form.count - 1] * $1 }
  }

  /// Σ γ (a_0 + a_1 V + a_2 V²) ρρ' on the first `count` columns; a_1 and a_2 are 0 without κ2.
  func weighted(_ a: (Double, Double, Double), leading count: Int) -> Matrix {
    let constant = a.0 * gram.leading(count)
    guard let powers else { return constant }
    return constant + a.1 * powers.first.leading(count) + a.2 * powers.second.leading(count)
  }
}

extension JointMixture {
  /// V_k on ĉ.
  func selectionForm(_ k: Int, _ moments: JointMoments) -> [Double] { moments.extended(selectionResidual(k)) }

  /// V_k² - σ_k² on ĉ.
  func squareForm(_ k: Int, _ moments: JointMoments) -> [Double] {
    var form = moments.extended(Array(repeating: 0, count: columnCount), [1])
    form[0] = -selectionDeviations[k] * selectionDeviations[k]
    return form
  }

  /// V_k C_j on ĉ.
  func interactionForm(_ j: Int, _ moments: JointMoments) -> [Double] {
    moments.extended(Array(repeating: 0, count: columnCount), (0..<interactionCount).map { $0 == j ? 1 : 0 })
  }

  /// The outcome's residual on ĉ.
  func outcomeForm(_ k: Int, _ moments: JointMoments) -> [Double] {
    moments.extended(outcomeResidual(k), bends.map { [-$0[k]] } ?? interactions?.coefficients.map(-))
  }

  /// (κ_k + 2 κ2_k V)² = a_0 + a_1 V + a_2 V²: the square of what a unit of V moves the outcome by.
  func squaredPull(_ k: Int) -> (Double, Double, Double) {
    let (kappa, bend) = (endogeneities[k], bends?[k] ?? 0)
    return (kappa * kappa, 4 * kappa * bend, 4 * bend * bend)
  }
}
