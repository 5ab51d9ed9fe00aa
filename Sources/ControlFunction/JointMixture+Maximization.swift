import Diagnostics
import Foundation
import LinearAlgebra
import Mixture

// The M step as conditional maximisations (Meng and Rubin 1993): each raises the expected log-likelihood, so the
// observed one never falls. With κ2 the step of β is one of Gauss and Newton, which may go too far: JointAcceleration
// then repeats it with half its length.
extension JointMixture {
  /// - Precondition: the coefficient of V is κ_k; where it varies with the row a step needs ``JointSums``.
  public mutating func maximize(_ statistics: SufficientStatistics) throws(DegenerateGroup) -> [Finding] {
    try maximize(JointSums(statistics: statistics, slopes: nil))
  }

  /// - Parameter slopeStep: the share of the step of β to take; 1 is exact without κ2.
  package mutating func maximize(_ sums: JointSums, slopeStep: Double = 1) throws(DegenerateGroup) -> [Finding] {
    let statistics = sums.statistics
    precondition(interactions == nil || bends == nil, "the outcome depends on V in one way beside κ")
    let outcome = try maximizeOutcome(statistics)
    var findings = outcome.findings
    precondition(interactions == nil || sums.slopes != nil, "the step of β needs a second pass")
    for (k, moments) in outcome.moments.enumerated() {
      try maximizeSelection(
        moments, sums.slopes?.normal(k) ?? slopeNormal(k, moments), group: k, slopeStep: slopeStep, &findings)
    }
    let total = statistics.total
    mixingWeights = (0..<groupCount).map { statistics.count($0) / total }
    try maximizeConcomitants(statistics, &findings)
    errors?.maximize(statistics, dimension: 2)
    return findings
  }

  /// The first steps, those of the outcome's parameters.
  ///
  /// - Returns: findings, and the moments of the groups.
  mutating func maximizeOutcome(
    _ statistics: SufficientStatistics
  ) throws(DegenerateGroup) -> (findings: [Finding], moments: [JointMoments]) {
    let moments = (0..<groupCount).map { JointMoments(statistics, self, group: $0) }
    for k in 0..<groupCount { try DegenerateGroup.require(statistics.count(k), atLeast: selectionCount + 2, .group(k)) }
    var findings: [Finding] = []
    try maximizeOutcome(moments, &findings)
    return (findings, moments)
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
      own += (0..<interactionCount).map { (firstInteraction + $0, interactionForm($0, moments)) }
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

  /// H = Σ γ ρρ' (1/σ² + D²/τ²) and g = Σ γ ρ (V/σ² - D e/τ²), D = κ + 2 κ2 V, e the outcome's residual.
  private func slopeNormal(_ k: Int, _ moments: JointMoments) -> (information: Matrix, gradient: [Double]) {
    let precision = 1 / (selectionDeviations[k] * selectionDeviations[k])
    let outcomePrecision = 1 / (outcomeDeviations[k] * outcomeDeviations[k])
    let (kappa, bend) = (endogeneities[k], bends?[k] ?? 0)
    let residual = outcomeForm(k, moments)
    let (v, e) = (moments.gram * selectionForm(k, moments), moments.gram * residual)
    let bent = moments.timesResidual(residual)
    let gradient = (0..<selectionCount).map { j in
      precision * v[j] - outcomePrecision * (kappa * e[j] + 2 * bend * bent[j])
    }
    let pull = squaredPull(k)
    let information = moments.weighted(
      (precision + outcomePrecision * pull.0, outcomePrecision * pull.1, outcomePrecision * pull.2),
      leading: selectionCount)
    return (information, gradient)
  }

  /// β_k + H⁻¹ g; then σ_k².
  private mutating func maximizeSelection(
    _ moments: JointMoments, _ normal: (information: Matrix, gradient: [Double]), group k: Int, slopeStep: Double,
    _ findings: inout [Finding]
  ) throws(DegenerateGroup) {
    let (factor, ridge) = try normal.information.factored(.group(k))
    if ridge > 0 { findings.append(.ridge(ridge, .collinearColumns)) }
    for (j, step) in factor.solve(normal.gradient).enumerated() { selectionCoefficients[k][j] += slopeStep * step }
    let outcomePrecision = 1 / (outcomeDeviations[k] * outcomeDeviations[k])
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
