import Foundation
import LinearAlgebra

// The M step as conditional maximisations (Meng and Rubin 1993): each raises the expected log-likelihood, so the
// observed one never falls.
extension JointMixture {
  public mutating func maximize(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [String] {
    var events: [String] = []
    let grams = (0..<groupCount).map(statistics.gram)
    for k in 0..<groupCount { try DegenerateGroup.require(statistics.count(k), atLeast: selectionCount + 2, group: k) }
    try maximizeOutcome(grams, &events)
    for k in 0..<groupCount { try maximizeSelection(grams[k], group: k, &events) }
    let total = statistics.total
    mixingWeights = (0..<groupCount).map { statistics.count($0) / total }
    return events
  }

  /// (b, κ, δ): y on (φ, V_k, group) by least squares with weights γ_ik / τ_k²; then τ_k².
  private mutating func maximizeOutcome(_ grams: [Matrix], _ events: inout [String]) throws(DegenerateGroup) {
    let (shared, groups) = (outcomeCoefficients.count, groupCount)
    let order = shared + groups + (hasFreeShifts ? groups - 1 : 0)
    var normal = Matrix(rows: order, columns: order)
    var right = Array(repeating: 0.0, count: order)
    for (k, gram) in grams.enumerated() {
      let weight = 1 / (outcomeDeviations[k] * outcomeDeviations[k])
      for i in 0..<shared {
        for j in 0..<shared { normal[i, j] += weight * gram[i, j] }
        right[i] += weight * gram[i, shared]
      }
      var constant = Array(repeating: 0.0, count: columnCount)
      constant[0] = 1
      var own = [(shared + k, selectionResidual(k))]
      if hasFreeShifts && k > 0 { own.append((shared + groups + k - 1, constant)) }
      let products = own.map { gram * $0.1 }
      for (a, (row, _)) in own.enumerated() {
        for j in 0..<shared {
          normal[row, j] = weight * products[a][j]
          normal[j, row] = normal[row, j]
        }
        for (column, form) in own { normal[row, column] = weight * form.dot(products[a]) }
        right[row] = weight * products[a][shared]
      }
    }
    let (factor, ridge) = try normal.factored(group: 0)
    if ridge > 0 { events.append("outcome: collinear columns, ridge \(ridge) added") }
    let solution = factor.solve(right)
    outcomeCoefficients = Array(solution[..<shared])
    endogeneities = Array(solution[shared..<shared + groups])
    if hasFreeShifts { shifts = [0] + solution[(shared + groups)...] }
    for (k, gram) in grams.enumerated() {
      let variance = gram.quadraticForm(outcomeResidual(k)) / gram[0, 0]
      if variance < floors.outcome { events.append("group \(k): variance of the outcome held at its floor") }
      outcomeDeviations[k] = max(variance, floors.outcome).squareRoot()
    }
  }

  /// β_k solves H β = h, H = Σ γ ρρ' (1/σ² + κ²/τ²), h = Σ γ ρ [t/σ² - κ (y - φ'b - δ - κ t)/τ²]; then σ_k².
  private mutating func maximizeSelection(
    _ gram: Matrix, group k: Int, _ events: inout [String]
  ) throws(DegenerateGroup) {
    let precision = 1 / (selectionDeviations[k] * selectionDeviations[k])
    let pull = endogeneities[k] / (outcomeDeviations[k] * outcomeDeviations[k])
    // y - φ'b - δ - κ t, the outcome's residual without the part of β.
    var withoutBeta = outcomeCoefficients.map(-) + [1]
    withoutBeta[0] -= shifts[k]
    withoutBeta[columnCount - 2] -= endogeneities[k]
    let products = gram * withoutBeta
    let right = (0..<selectionCount).map { precision * gram[$0, columnCount - 2] - pull * products[$0] }
    let (factor, ridge) = try ((precision + pull * endogeneities[k]) * gram.leading(selectionCount)).factored(group: k)
    if ridge > 0 { events.append("group \(k): collinear in its rows, ridge \(ridge) added") }
    selectionCoefficients[k] = factor.solve(right)
    let variance = gram.quadraticForm(selectionResidual(k)) / gram[0, 0]
    if variance < floors.selection { events.append("group \(k): variance of the treatment held at its floor") }
    selectionDeviations[k] = max(variance, floors.selection).squareRoot()
  }
}

extension Matrix {
  /// v'Av, not negative.
  func quadraticForm(_ vector: [Double]) -> Double { max(vector.dot(self * vector), 0) }
}

extension [Double] {
  func dot(_ other: [Double]) -> Double {
    var sum = 0.0
    for index in indices { sum += self[index] * other[index] }
    return sum
  }
}
