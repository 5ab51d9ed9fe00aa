import LinearAlgebra

/// What the observed information of one chunk's rows is made of: for two families of parameters a number of each row, which
/// multiplies the products of their columns.
///
/// With e the residual of the outcome in group k, a = e/τ², and u the precision of a t law or 1,
///
///     -∂² log f_k = u [E E'/τ² + F F'/σ² + a ∂²e - 2 e²/τ² 1_τ 1_τ' - 2 V²/σ² 1_σ 1_σ'] - 2/(ν + 2) ã ã'
///
/// where E is -∂e and F is -∂V, but 2 e in log τ and 2 V in log σ, and ã the score without the -1 of these; ∂²e is not 0
/// only where β meets κ, λ, κ2 and itself, and log σ meets κ2 and itself. Like the scores, E, F and ã are numbers times
/// columns, which stand here. By Louis (1982) a row's information is
///
///     Σ_k γ_k [-∂² log π_k f_k - s_k s_k'] + s s',   -∂² log π_k of ω_j and ω_l: π_j (1_{j = l} - π_l)
final class RowCurvature {
  private let rows: ScoreRows
  private let storage: AlignedBuffer
  /// 2/(ν + 2) of a t law, 0 of the normal one.
  private let tail: Double
  /// Where the numbers of E and F stand, by family and then place among its groups; nil where they are 0.
  private let outcomes: [Int?]
  private let selections: [Int?]

  init(_ rows: ScoreRows) {
    self.rows = rows
    tail = rows.model.errors.map { 2 / ($0.degreesOfFreedom + 2) } ?? 0
    var next = Self.perGroup * rows.parameters.groups
    func places(_ has: (ScoreFamily.Role) -> Bool) -> [Int?] {
      rows.families.indices.map { f in
        guard has(rows.families[f].role) else { return nil }
        defer { next += rows.groups(f).count }
        return next
      }
    }
    outcomes = places { if case .logShare = $0 { false } else { true } }
    selections = places {
      switch $0 {
      case .slopes, .selectionDeviation: true
      default: false
      }
    }
    storage = AlignedBuffer(count: rows.stride * next)
    for k in 0..<rows.parameters.groups { fillWeights(k) }
    for f in rows.families.indices {
      for k in rows.groups(f) { fillForms(f, k) }
    }
  }

  private static let perGroup = 3

  private func slot(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * rows.stride }
  /// w γ u/τ².
  private func outcomeWeight(_ k: Int) -> UnsafeMutablePointer<Double> { slot(Self.perGroup * k) }
  /// w γ u/σ².
  private func selectionWeight(_ k: Int) -> UnsafeMutablePointer<Double> { slot(Self.perGroup * k + 1) }
  /// w γ u a.
  private func pull(_ k: Int) -> UnsafeMutablePointer<Double> { slot(Self.perGroup * k + 2) }
  /// What multiplies the columns of a family in E.
  private func outcome(_ f: Int, _ k: Int) -> UnsafeMutablePointer<Double>? {
    outcomes[f].map { slot($0 + k - rows.groups(f).lowerBound) }
  }
  /// In F.
  private func selection(_ f: Int, _ k: Int) -> UnsafeMutablePointer<Double>? {
    selections[f].map { slot($0 + k - rows.groups(f).lowerBound) }
  }

  private func fillWeights(_ k: Int) {
    let (a, u, weighted) = (rows.pull(k), rows.precision(k), rows.weightedPosterior(k))
    let (tau, sigma) = (rows.model.outcomeDeviations[k], rows.model.selectionDeviations[k])
    let (outcomePrecision, selectionPrecision) = (1 / (tau * tau), 1 / (sigma * sigma))
    let (outcome, selection, pull) = (outcomeWeight(k), selectionWeight(k), pull(k))
    for row in 0..<rows.block.rowCount {
      let weight = weighted[row] * u[row]
      outcome[row] = weight * outcomePrecision
      selection[row] = weight * selectionPrecision
      pull[row] = weight * a[row]
    }
  }

  private func fillForms(_ f: Int, _ k: Int) {
    let (v, a) = (rows.residual(k), rows.pull(k))
    let (tau, sigma) = (rows.model.outcomeDeviations[k], rows.model.selectionDeviations[k])
    let (variance, bend) = (sigma * sigma, rows.model.bends?[k] ?? 0)
    func fill(_ target: UnsafeMutablePointer<Double>?, _ value: (Int) -> Double) {
      guard let target else { return }
      for row in 0..<rows.block.rowCount { target[row] = value(row) }
    }
    let (outcome, selection) = (outcome(f, k), selection(f, k))
    switch rows.families[f].role {
    case .outcome, .shift: fill(outcome) { _ in 1 }
    case .interaction(let j):
      let values = rows.control[j]
      fill(outcome) { values[$0] * v[$0] }
    case .endogeneity: fill(outcome) { v[$0] }
    case .bend: fill(outcome) { v[$0] * v[$0] - variance }
    case .outcomeDeviation: fill(outcome) { 2 * tau * tau * a[$0] }
    case .slopes:
      let slope = rows.coefficient(k)
      fill(outcome) { -slope[$0] }
      fill(selection) { _ in 1 }
    case .selectionDeviation:
      fill(outcome) { _ in -2 * bend * variance }
      fill(selection) { 2 * v[$0] }
    case .logShare: break
    }
  }

  // MARK: Pairs of families

  /// Writes what multiplies the products of the columns of two families in the information, the first of them no later in
  /// their order.
  func fillInformation(_ f: Int, _ g: Int, into target: UnsafeMutablePointer<Double>) {
    let (weights, first, second) = (rows.rowWeights, rows.mean(f), rows.mean(g))
    for row in 0..<rows.block.rowCount { target[row] = weights[row] * first[row] * second[row] }
    for k in rows.groups(f).clamped(to: rows.groups(g)) {
      subtractScores(f, g, k, from: target)
      addSquares(f, g, k, to: target)
    }
    addSecondDerivatives(f, g, to: target)
  }

  /// Writes what multiplies them in Σ v s s'.
  func fillSquares(_ f: Int, _ g: Int, into target: UnsafeMutablePointer<Double>) {
    let (weights, first, second) = (rows.meatWeights, rows.mean(f), rows.mean(g))
    for row in 0..<rows.block.rowCount { target[row] = weights[row] * first[row] * second[row] }
  }

  /// w γ (s s' + 2/(ν + 2) ã ã').
  private func subtractScores(_ f: Int, _ g: Int, _ k: Int, from target: UnsafeMutablePointer<Double>) {
    let (weights, first, second) = (rows.weightedPosterior(k), rows.score(f, k), rows.score(g, k))
    for row in 0..<rows.block.rowCount { target[row] -= weights[row] * first[row] * second[row] }
    guard tail > 0, let a = lift(f), let b = lift(g) else { return }
    for row in 0..<rows.block.rowCount { target[row] -= tail * weights[row] * (first[row] + a) * (second[row] + b) }
  }

  /// ã less the score; nil where it is of no density.
  private func lift(_ f: Int) -> Double? {
    switch rows.families[f].role {
    case .outcomeDeviation, .selectionDeviation: 1
    case .logShare: nil
    default: 0
    }
  }

  /// w γ u (E E'/τ² + F F'/σ²); on the diagonal of log τ and log σ half of E² and F², since the second derivative takes off the
  /// other half.
  private func addSquares(_ f: Int, _ g: Int, _ k: Int, to target: UnsafeMutablePointer<Double>) {
    func add(
      _ first: UnsafeMutablePointer<Double>?, _ second: UnsafeMutablePointer<Double>?,
      _ weights: UnsafeMutablePointer<Double>, times factor: Double
    ) {
      guard let first, let second else { return }
      for row in 0..<rows.block.rowCount { target[row] += factor * weights[row] * first[row] * second[row] }
    }
    let role = rows.families[f].role
    add(outcome(f, k), outcome(g, k), outcomeWeight(k), times: f == g && role == .outcomeDeviation(k) ? 0.5 : 1)
    add(selection(f, k), selection(g, k), selectionWeight(k), times: f == g && role == .selectionDeviation(k) ? 0.5 : 1)
  }

  /// w γ u a ∂²e, and w times that of the shares.
  private func addSecondDerivatives(_ f: Int, _ g: Int, to target: UnsafeMutablePointer<Double>) {
    func add(_ value: (Int) -> Double) { for row in 0..<rows.block.rowCount { target[row] += value(row) } }
    func bend(_ k: Int) -> Double { rows.model.bends?[k] ?? 0 }
    func variance(_ k: Int) -> Double { rows.model.selectionDeviations[k] * rows.model.selectionDeviations[k] }
    switch (rows.families[f].role, rows.families[g].role) {
    case (.endogeneity(let k), .slopes(let l)) where k == l:
      let pull = pull(k)
      add { pull[$0] }
    case (.interaction(let j), .slopes(let k)):
      let (pull, values) = (pull(k), rows.control[j])
      add { pull[$0] * values[$0] }
    case (.bend(let k), .slopes(let l)) where k == l:
      let (pull, v) = (pull(k), rows.residual(k))
      add { pull[$0] * 2 * v[$0] }
    case (.slopes(let k), .slopes(let l)) where k == l && bend(k) != 0:
      let (pull, factor) = (pull(k), -2 * bend(k))
      add { factor * pull[$0] }
    case (.bend(let k), .selectionDeviation(let l)) where k == l:
      let (pull, factor) = (pull(k), 2 * variance(k))
      add { factor * pull[$0] }
    case (.selectionDeviation(let k), .selectionDeviation(let l)) where k == l && bend(k) != 0:
      let (pull, factor) = (pull(k), 4 * bend(k) * variance(k))
      add { factor * pull[$0] }
    case (.logShare(let j), .logShare(let l)):
      let (weights, first, second) = (rows.rowWeights, rows.share(j), rows.share(l))
      let own = j == l ? 1.0 : 0
      add { weights[$0] * first[$0] * (own - second[$0]) }
    default: break
    }
  }
}
