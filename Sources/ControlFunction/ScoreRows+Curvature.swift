import LinearAlgebra

/// What the observed information of one chunk's rows is made of, column by column.
///
/// With e the residual of the outcome in group k, a = e/τ², and u the precision of a t law or 1,
///
///     -∂² log f_k = u [E E'/τ² + F F'/σ² + a ∂²e - 2 e²/τ² 1_τ 1_τ' - 2 V²/σ² 1_σ 1_σ'] - 2/(ν + 2) ã ã'
///
/// where E is -∂e and F is -∂V, but 2 e in log τ and 2 V in log σ, and ã the score without the -1 of these; ∂²e is not 0
/// only where β meets κ, λ, κ2 and itself, and log σ meets κ2 and itself. In E, ã and the scores what goes with b are the
/// columns φ, times one number of the row. So whatever the number of groups, b takes one weighted Gram matrix of φ with
/// itself, and one product of φ with a column for each other parameter, both summed over the groups before rows are.
final class RowCurvature {
  private let rows: ScoreRows
  private let storage: AlignedBuffer
  private let parameters: JointParameters
  /// 2/(ν + 2) of a t law, 0 of the normal one.
  private let tail: Double
  private let firstCrossed: Int
  private let firstOutcome: Int
  private let firstSelection: Int
  private let firstBilinear: Int

  /// Three weights of a group, what φφ' takes, and the score of the outcome's mean; φ; what φ is multiplied by; E, F
  /// and what meets β in ∂²e, of a group.
  init(_ rows: ScoreRows) {
    let parameters = rows.parameters
    self.rows = rows
    self.parameters = parameters
    tail = rows.model.errors.map { 2 / ($0.degreesOfFreedom + 2) } ?? 0
    firstCrossed = 6 + parameters.shared
    firstOutcome = firstCrossed + 1 + 2 * parameters.restCount
    let widest = (0..<parameters.groups).map { parameters.density($0).count - parameters.shared }.max() ?? 0
    firstSelection = firstOutcome + widest
    firstBilinear = firstSelection + parameters.selection + 1
    storage = AlignedBuffer(count: rows.stride * (firstBilinear + parameters.bilinearCount))
    for j in parameters.outcome { regressor(j).update(from: rows.block.columns[j]!, count: rows.block.rowCount) }
  }

  private func slot(_ index: Int) -> UnsafeMutablePointer<Double> { storage.pointer + index * rows.stride }
  /// w γ u/τ², of the group that was filled in last.
  var outcomeWeights: UnsafeMutablePointer<Double> { slot(0) }
  /// w γ u/σ².
  var selectionWeights: UnsafeMutablePointer<Double> { slot(1) }
  /// w γ u a.
  var pulls: UnsafeMutablePointer<Double> { slot(2) }
  /// What φφ' takes in the information and, behind that, in the meat.
  var squareWeights: UnsafeMutablePointer<Double> { slot(3) }
  /// Σ_k γ u a, the score of the outcome's mean.
  private var slope: UnsafeMutablePointer<Double> { slot(5) }
  /// φ_j.
  func regressor(_ j: Int) -> UnsafeMutablePointer<Double> { slot(6 + j) }
  /// What φ is multiplied by: for its score, and for each other parameter in the information, then in the meat.
  func crossed(_ index: Int) -> UnsafeMutablePointer<Double> { slot(firstCrossed + index) }
  /// E but for b.
  func outcome(_ index: Int) -> UnsafeMutablePointer<Double> { slot(firstOutcome + index) }
  /// F of β and log σ.
  func selection(_ index: Int) -> UnsafeMutablePointer<Double> { slot(firstSelection + index) }
  /// w γ u a times 1, C_j and 2 V, as they meet ρ.
  func bilinear(_ index: Int) -> UnsafeMutablePointer<Double> { slot(firstBilinear + index) }

  /// Fills in the columns of a group whose scores are filled in, and adds what goes with φ.
  func fill(_ k: Int) {
    fillWeights(k)
    fillOutcome(k)
    let v = rows.residual(k)
    for j in 0..<parameters.selection { selection(j).update(from: rows.block.columns[j]!, count: rows.block.rowCount) }
    fill(selection(parameters.selection)) { 2 * v[$0] }
    let pulls = pulls
    fill(bilinear(0)) { pulls[$0] }
    for (j, values) in rows.control.enumerated() { fill(bilinear(1 + j)) { pulls[$0] * values[$0] } }
    if parameters.hasBends { fill(bilinear(parameters.bilinearCount - 1)) { pulls[$0] * 2 * v[$0] } }
    addCrossed(k)
  }

  private func fill(_ target: UnsafeMutablePointer<Double>, _ value: (Int) -> Double) {
    for row in 0..<rows.block.rowCount { target[row] = value(row) }
  }

  private func fillWeights(_ k: Int) {
    let (a, u, gamma, weighted) = (rows.pull(k), rows.precision(k), rows.posterior(k), rows.weightedPosterior(k))
    let (tau, sigma) = (rows.model.outcomeDeviations[k], rows.model.selectionDeviations[k])
    let (outcomePrecision, selectionPrecision) = (1 / (tau * tau), 1 / (sigma * sigma))
    let (outcome, selection, pulls, squares, slope) = (
      outcomeWeights, selectionWeights, pulls, squareWeights, slope
    )
    for row in 0..<rows.block.rowCount {
      let weight = weighted[row] * u[row]
      outcome[row] = weight * outcomePrecision
      selection[row] = weight * selectionPrecision
      pulls[row] = weight * a[row]
      slope[row] += gamma[row] * u[row] * a[row]
      squares[row] += outcome[row] - (1 + tail) * pulls[row] * u[row] * a[row]
    }
  }

  private func fillOutcome(_ k: Int) {
    let (v, a) = (rows.residual(k), rows.pull(k))
    let (tau, sigma) = (rows.model.outcomeDeviations[k], rows.model.selectionDeviations[k])
    let (error, variance, bend) = (2 * tau * tau, sigma * sigma, rows.model.bends?[k] ?? 0)
    var next = 0
    func append(_ value: (Int) -> Double) {
      fill(outcome(next), value)
      next += 1
    }
    for values in rows.control { append { values[$0] * v[$0] } }
    append { v[$0] }
    if parameters.hasBends { append { v[$0] * v[$0] - variance } }
    for j in 0..<parameters.shifts(k).count {
      let values = rows.block.columns[j]!
      append { values[$0] }
    }
    append { error * a[$0] }
    let slope = rows.coefficient(k)
    for j in 0..<parameters.selection {
      let values = rows.block.columns[j]!
      append { -slope[$0] * values[$0] }
    }
    append { _ in -2 * bend * variance }
  }

  /// Adds to what φ is multiplied by in the information: w γ u/τ² E, less w γ u a times s + 2/(ν + 2) ã.
  private func addCrossed(_ k: Int) {
    let (weights, pulls) = (outcomeWeights, pulls)
    let density = parameters.density(k).count
    let raised = [parameters.logOutcomeDeviations.lowerBound + k, parameters.logSelectionDeviations.lowerBound + k]
    for (position, index) in parameters.own(k).enumerated().dropFirst(parameters.shared) {
      let (target, score) = (crossed(1 + index - parameters.shared), rows.column(1 + position))
      if position < density {
        let (form, lift) = (outcome(position - parameters.shared), raised.contains(index) ? tail : 0)
        for row in 0..<rows.block.rowCount {
          target[row] += weights[row] * form[row] - pulls[row] * ((1 + tail) * score[row] + lift)
        }
      } else {
        for row in 0..<rows.block.rowCount { target[row] -= pulls[row] * score[row] }
      }
    }
  }

  /// Adds the products of the rows' scores, when those of all groups are filled in.
  func finish() {
    let (weights, meat) = (rows.rowWeights, rows.meatWeights)
    let (slope, information) = (slope, squareWeights)
    let squares = information + rows.stride
    for row in 0..<rows.block.rowCount {
      information[row] += weights[row] * slope[row] * slope[row]
      squares[row] = meat[row] * slope[row] * slope[row]
    }
    fill(crossed(0)) { weights[$0] * slope[$0] }
    for index in 0..<parameters.restCount {
      let (score, information) = (rows.total(1 + parameters.shared + index), crossed(1 + index))
      let product = crossed(1 + parameters.restCount + index)
      for row in 0..<rows.block.rowCount {
        information[row] += weights[row] * slope[row] * score[row]
        product[row] = meat[row] * slope[row] * score[row]
      }
    }
  }

  /// Fills in the scores of b of the rows' likelihood.
  func fillOutcomeTotals() {
    let slope = slope
    for j in parameters.outcome {
      let values = regressor(j)
      fill(rows.total(1 + j)) { values[$0] * slope[$0] }
    }
  }
}
