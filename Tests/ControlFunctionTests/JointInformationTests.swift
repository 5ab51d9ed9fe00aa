import ControlFunction
import LinearAlgebra
import Mixture
import TestSupport
import Testing

/// Compares gradient, information and meat of a joint mixture, away from any maximum, with differences of the log-likelihood and
/// of the gradient, and with the gradients of single rows.
///
/// - Parameters:
///   - parameters: those of the model, or others that are 0 there.
///   - rows: designs of single rows that make up the design; none where they are not compared.
func expectDerivatives(
  of model: JointMixture, _ parameters: JointParameters, on design: Design, rows: [Design] = [],
  _ comment: Testing.Comment
) throws {
  let scores = try design.scores(of: model, parameters)
  let (gradient, information) = (scores.gradient, scores.information)
  let (largest, steepest) = (information.values.map(abs).max()!, max(1, gradient.map(abs).max()!))
  let step = 1e-5
  for (place, parameter) in zip(model.vectorPlaces, parameters.places(of: model)) {
    func moved(_ sign: Double) -> JointMixture {
      var vector = model.vector
      vector[place] += sign * step
      return model.at(vector)
    }
    let (above, below) = (moved(1), moved(-1))
    let likelihoods = try design.statistics(of: [above, below]).map(\.logLikelihood)
    let slope = (likelihoods[0] - likelihoods[1]) / (2 * step)
    #expect(abs(gradient[parameter] - slope) < 1e-6 * steepest, "\(comment), score \(parameter)")
    let gradients = try [above, below].map { try design.scores(of: $0, parameters).gradient }
    for other in 0..<parameters.count {
      let curvature = (gradients[1][other] - gradients[0][other]) / (2 * step)
      #expect(abs(information[parameter, other] - curvature) < 1e-6 * largest, "\(comment), \(parameter), \(other)")
    }
  }
  for i in 0..<parameters.count {
    for j in 0..<i { #expect(information[i, j] == information[j, i], "\(comment)") }
  }
  guard !rows.isEmpty else { return }
  var squares = Matrix(rows: parameters.count, columns: parameters.count)
  for row in rows {
    let own = try row.scores(of: model, parameters).gradient
    for i in own.indices { for j in own.indices { squares[i, j] += own[i] * own[j] } }
  }
  #expect(distance(scores.meat.values, squares.values) < 1e-11, "\(comment)")
}

extension JointMixture {
  /// The places of the free parameters in its vector, in the order of ``JointParameters``.
  fileprivate var vectorPlaces: [Int] {
    let own = JointParameters(self)
    let shifts = own.bends.upperBound
    let afterShifts = shifts + groupCount
    let shares = afterShifts + own.logSelectionDeviations.upperBound - own.logOutcomeDeviations.lowerBound
    let shareWidth = concomitants?[0].count ?? 1
    return Array(0..<shifts)
      + (1..<groupCount).flatMap { own.shifts($0).isEmpty ? [] : [shifts + $0] }
      + Array(afterShifts..<shares)
      + Array(shares + shareWidth..<shares + groupCount * shareWidth)
  }
}

extension JointParameters {
  /// Where the parameters of a model stand among these.
  fileprivate func places(of model: JointMixture) -> [Int] {
    let own = JointParameters(model)
    let groups = 1..<model.groupCount
    return Array(outcome) + interactions.prefix(own.interactions.count) + Array(endogeneities)
      + bends.prefix(own.bends.count)
      + groups.flatMap { shifts($0).prefix(own.shifts($0).count) }
      + Array(logOutcomeDeviations)
      + (0..<model.groupCount).flatMap { Array(slopes($0)) }
      + Array(logSelectionDeviations)
      + groups.flatMap { logShares($0).prefix(own.logShares($0).count) }
  }
}

@Suite struct JointInformationTests {
  private let fixture: JointFixture
  init() throws { fixture = try JointFixture.load() }

  /// A model of three groups, or of the first of them, with ρ = (1, x1, x2) or 1.
  private func model(groups: Int = 3, columns: Int = 3) -> JointMixture {
    let selection = [[0.2, 0.9, -0.4], [-0.5, -0.3, 0.6], [0.7, 0.1, 1.1]]
    return JointMixture(
      mixingWeights: groups == 1 ? [1] : [0.5, 0.3, 0.2],
      selectionCoefficients: selection.prefix(groups).map { Array($0.prefix(columns)) },
      selectionDeviations: Array([0.7, 0.9, 0.6].prefix(groups)),
      outcomeCoefficients: [0.3, -0.2, 0.5, 0.1, -0.3, 0.2, 0.15, 0.8],
      endogeneities: Array([0.6, -0.4, 0.9].prefix(groups)), outcomeDeviations: Array([1.1, 0.8, 1.3].prefix(groups)))
  }

  private func expectAll(of model: JointMixture, isWeighted: Bool = false, _ comment: Comment) throws {
    let chosen = Array(0..<60)
    func design(_ rows: [Int]) throws -> Design {
      try quadraticDesign(
        rows.map { fixture.x[$0] }, rows.map { fixture.t[$0] }, rows.map { fixture.y[$0] },
        weight: isWeighted ? rows.map { fixture.rowWeights[$0] } : nil)
    }
    let singles = try chosen.map { try design([$0]) }
    for parameters in [
      JointParameters(model), JointParameters(testing: model, variables: 3, onlyControl: true),
      JointParameters(testing: model, variables: 3, onlyControl: false),
    ] {
      try expectDerivatives(
        of: model, parameters, on: design(chosen), rows: singles, "\(comment), \(parameters.count) parameters")
    }
  }

  @Test func `Scores and information are derivatives of the likelihood, and the meat sums squares of scores`() throws {
    try expectAll(of: model(), "plain")
    try expectAll(of: model(), isWeighted: true, "weighted")
    try expectAll(of: model(groups: 1), "one group")
    try expectAll(of: model(columns: 1), "rules without x")
    try expectAll(of: model(groups: 1, columns: 1), "one group, a rule without x")
  }

  @Test func `They are with errors of a t law, shifts, bends and shares that depend on x`() throws {
    var heavy = model()
    heavy.errors = StudentErrors(degreesOfFreedom: 5)
    try expectAll(of: heavy, isWeighted: true, "t law")
    let plain = model()
    let extended = JointMixture(
      mixingWeights: plain.mixingWeights, selectionCoefficients: plain.selectionCoefficients,
      selectionDeviations: plain.selectionDeviations, outcomeCoefficients: plain.outcomeCoefficients,
      endogeneities: plain.endogeneities, shifts: [0, 0.4, -0.7], bends: [0.1, -0.2, 0.15],
      concomitants: [[0, 0, 0], [-0.4, 0.5, 0.2], [-0.8, -0.3, 0.6]], outcomeDeviations: plain.outcomeDeviations)
    try expectAll(of: extended, isWeighted: true, "extended")
  }
}
