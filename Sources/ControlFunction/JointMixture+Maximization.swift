import Diagnostics
import Foundation
import LinearAlgebra
import Mixture

// The M step as conditional maximisations (Meng and Rubin 1993): each raises the expected log-likelihood, so the
// observed one never falls. With κ2 the step of β is one of Gauss and Newton, which may go too far: JointAcceleration
// then repeats it with half its length.
extension JointMixture {
  public mutating func maximize(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [Finding] {
    try maximize(statistics, slopeStep: 1)
  }

  /// - Parameter slopeStep: the share of the step of β to take; 1 is exact without κ2.
  mutating func maximize(_ statistics: SufficientStatistics, slopeStep: Double) throws(DegenerateGroup) -> [Finding] {
    var findings: [Finding] = []
    let moments = (0..<groupCount).map { JointMoments(statistics, self, group: $0) }
    for k in 0..<groupCount { try DegenerateGroup.require(statistics.count(k), atLeast: selectionCount + 2, .group(k)) }
    try maximizeOutcome(moments, &findings)
    for k in 0..<groupCount { try maximizeSelection(moments[k], group: k, slopeStep: slopeStep, &findings) }
    let total = statistics.total
    mixingWeights = (0..<groupCount).map { statistics.count($0) / total }
    try maximizeConcomitants(statistics, &findings)
    errors?.maximize(statistics, dimension: 2)
    return findings
  }

  /// (b, κ, κ2, δ, λ): y on (φ, V_k, V_k² - σ_k², group, V_k C) by least squares with weights γ_ik / τ_k²; then τ_k².
  private mutating func maximizeOutcome(
    _ moments: [JointMoments], _ findings: inout [Finding]
  ) throws(DegenerateGroup) {
    let (shared, groups) = (outcomeCoefficients.count, groupCount)
    let firstShift = shared + groups * (bends == nil ? 1 : 2)
    let firstInteraction = firstShift + (hasFreeShifts ? groups - 1 : 0)
    let order = firstInteraction + interactionCount
    var normal = Matrix(rows: order, columns: order)
    var right = Array(repeating: 0.0, count: order)
    for (k, moments) in moments.enumerated() {
      let gram = moments.gram
      let weight = 1 / (outcomeDeviations[k] * outcomeDeviations[k])
      for i in 0..<shared {
        for j in 0..<shared { normal[i, j] += weight * gram[i, j] }
        right[i] += weight * gram[i, shared]
      }
      var own = [(shared + k, selectionForm(k, moments))]
      if bends != nil { own.append((shared + groups + k, squareForm(k, moments))) }
      if hasFreeShifts && k > 0 {
        var constant = Array(repeating: 0.0, count: gram.rows)
        constant[0] = 1
        own.append((firstShift + k - 1, constant))
      }
      // The groups share λ, and so its sums: those of the other forms are of one group each.
      own += (0..<interactionCount).map { (firstInteraction + $0, interactionForm(k, $0)) }
      let products = own.map { gram * $0.1 }
      for (a, (row, _)) in own.enumerated() {
        for j in 0..<shared {
          normal[row, j] += weight * products[a][j]
          normal[j, row] = normal[row, j]
        }
        for (column, form) in own { normal[row, column] += weight * form.dot(products[a]) }
        right[row] += weight * products[a][shared]
      }
    }
    let (factor, ridge) = try normal.factored(.pooled("the outcome's regression"))
    if ridge > 0 { findings.append(.ridge(ridge, .collinearOutcomeColumns)) }
    let solution = factor.solve(right)
    outcomeCoefficients = Array(solution[..<shared])
    endogeneities = Array(solution[shared..<shared + groups])
    if bends != nil { bends = Array(solution[shared + groups..<firstShift]) }
    if hasFreeShifts { shifts = [0] + solution[firstShift..<firstInteraction] }
    if interactions != nil { interactions?.coefficients = Array(solution[firstInteraction...]) }
    for (k, moments) in moments.enumerated() {
      let variance = moments.gram.quadraticForm(outcomeForm(k, moments)) / moments.count
      if variance < floors.outcome { findings.append(.note(.outcomeVarianceAtFloor)) }
      outcomeDeviations[k] = max(variance, floors.outcome).squareRoot()
    }
  }

  /// β_k + H⁻¹ g, H = Σ γ ρρ' (1/σ² + D²/τ²), g = Σ γ ρ (V/σ² - D e/τ²), D = κ + λ'C + 2 κ2 V, e the outcome's residual; then
  /// σ_k².
  private mutating func maximizeSelection(
    _ moments: JointMoments, group k: Int, slopeStep: Double, _ findings: inout [Finding]
  ) throws(DegenerateGroup) {
    let precision = 1 / (selectionDeviations[k] * selectionDeviations[k])
    let outcomePrecision = 1 / (outcomeDeviations[k] * outcomeDeviations[k])
    let bend = bends?[k] ?? 0
    let residual = outcomeForm(k, moments)
    let (v, e) = (moments.gram * selectionForm(k, moments), pulled(k, moments.gram * residual))
    let bent = moments.timesResidual(residual)
    let gradient = (0..<selectionCount).map { j in
      precision * v[j] - outcomePrecision * (e[j] + 2 * bend * bent[j])
    }
    let (factor, ridge) = try slopeInformation(k, moments).factored(.group(k))
    if ridge > 0 { findings.append(.ridge(ridge, .collinearColumns)) }
    for (j, step) in factor.solve(gradient).enumerated() { selectionCoefficients[k][j] += slopeStep * step }
    let variance = selectionVariance(moments, group: k, outcomePrecision: outcomePrecision)
    if variance < floors.selection { findings.append(.note(.treatmentVarianceAtFloor)) }
    selectionDeviations[k] = max(variance, floors.selection).squareRoot()
  }

  /// σ_k² = s. Without κ2 it is Σ γ V² / N; with it s is in the outcome's mean too, and solves
  /// N s - Σ γ V² + 2 κ2 (A + κ2 N s) s² / τ² = 0, A = Σ γ (y - φ'b - δ - κ V - κ2 V²), on the side of the present s to
  /// which the likelihood rises.
  private func selectionVariance(_ moments: JointMoments, group k: Int, outcomePrecision: Double) -> Double {
    let plain = moments.gram.leading(columnCount)
    let squares = plain.quadraticForm(selectionResidual(k))
    guard let bend = bends?[k], bend != 0 else { return squares / moments.count }
    let present = selectionDeviations[k] * selectionDeviations[k]
    let sum = (plain * outcomeResidual(k))[0] - bend * (present * moments.count + squares)
    func slope(_ s: Double) -> Double {
      moments.count * s - squares + 2 * outcomePrecision * bend * (sum + bend * moments.count * s) * s * s
    }
    var (low, high) = (0.0, present)
    if slope(present) < 0 {
      low = present
      repeat { high *= 2 } while slope(high) < 0 && high.isFinite
    }
    while true {
      let middle = 0.5 * (low + high)
      if middle <= low || middle >= high { return middle }
      if slope(middle) < 0 { low = middle } else { high = middle }
    }
  }

  /// ω_k + 2 S⁻¹ (g_k - g_0), S = Σ ρρ', g_k = Σ (γ_k - π_k(ρ)) ρ: the step to the top of a bound from below by a parabola
  /// (Böhning and Lindsay 1988), so that it never goes too far.
  private mutating func maximizeConcomitants(
    _ statistics: SufficientStatistics, _ findings: inout [Finding]
  ) throws(DegenerateGroup) {
    guard var omega = concomitants else { return }
    var all = Matrix(rows: selectionCount, columns: selectionCount)
    let gradients = omega.indices.map { k in
      let (posterior, prior) = (statistics.gram(k), statistics.shareGram(k))
      all = all + posterior.leading(selectionCount)
      return (0..<selectionCount).map { posterior[0, $0] - prior[0, $0] }
    }
    let (factor, ridge) = try all.factored(.pooled("the shares of groups"))
    if ridge > 0 { findings.append(.ridge(ridge, .collinearShareColumns)) }
    for k in omega.indices.dropFirst() {
      let step = factor.solve(zip(gradients[k], gradients[0]).map { $0 - $1 })
      for j in step.indices { omega[k][j] += 2 * step[j] }
    }
    concomitants = omega
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
