import Frames
import LinearAlgebra
import Mixture
import Statistics

/// What score tests miss of a linear control function.
enum MissingControl {
  case nothing
  /// The coefficient of V depends on some of x_1 … x_m, t, counted from 0; of the tests of x and of t the clearer one.
  case interaction([Int], ChiSquareTest)
  /// The outcome bends with V.
  case bend(ChiSquareTest)
}

extension JointContest {
  /// The level at which a score test calls for more than a linear control function.
  static let controlLevel = 0.001

  /// What is missing of a linear control function at the best fit of a trial. Where the confounder's mean given V is curved
  /// both tests see it, and the lower BIC decides. Collective.
  ///
  /// - Parameter tests: those of the best fit, where they were made before.
  func missingControl(of trial: JointTrial, tests: JointScoreTests? = nil) throws -> MissingControl {
    guard let model = trial.fits.first?.model, model.bends == nil, model.interactions == nil else { return .nothing }
    let tests =
      try tests
      ?? journal.timed("joint control tests") {
        try JointScoreTests(of: model, on: trial.design, clusters: clusters, onlyControl: true)
      }
    let interactions = try interactionTests(tests).filter { $0.test.pValue < Self.controlLevel }
    let bends = try scoreTest { try tests.bends() }
    let isBent = bends.map { $0.pValue < Self.controlLevel } ?? false
    guard let clearer = interactions.min(by: { $0.test.pValue < $1.test.pValue })?.test else {
      return isBent ? .bend(bends!) : .nothing
    }
    let variables = interactions.flatMap(\.variables)
    if isBent, try bent(trial).bic < interacted(trial, with: variables).bic { return .bend(bends!) }
    return .interaction(variables, clearer)
  }

  /// The score tests of the coefficient of V depending on x and on t; none where the information of the fit is not positive
  /// definite.
  private func interactionTests(_ tests: JointScoreTests) throws -> [(variables: [Int], test: ChiSquareTest)] {
    let m = table.covariateCount
    do {
      return try [Array(0..<m), [m]].map { ($0, ChiSquareTest(try tests.interactions($0))) }
    } catch is NotPositiveDefinite { return [] }
  }

  /// nil where the information of the fit is not positive definite.
  func scoreTest(_ body: () throws -> JointScoreTest) throws -> ChiSquareTest? {
    do { return ChiSquareTest(try body()) } catch is NotPositiveDefinite { return nil }
  }

  /// The fit with a coefficient of V that depends on some variables, carried over from one where it does not. Collective.
  func interacted(_ trial: JointTrial, with variables: [Int]) throws -> JointTrial {
    try carried(
      trial.fits, from: trial,
      to: prepare(trial.covariates, trial.treatment, interactions: false, control: variables, on: trial.rows))
  }

  /// The fit with a quadratic control function, carried over from a linear one. Collective.
  private func bent(_ trial: JointTrial) throws -> JointTrial {
    var bent = trial
    let begun = trial.fits.map { fit in
      var model = fit.model
      model.bends = Array(repeating: 0, count: model.groupCount)
      return Fit(continuing: fit, model: model)
    }
    bent.fits = try continued(begun, on: trial.design, phase: "joint quadratic control")
    return bent
  }
}

extension ChiSquareTest {
  init(_ test: JointScoreTest) {
    self.init(statistic: test.statistic, degreesOfFreedom: test.degreesOfFreedom)
  }
}
