import Communication
import Diagnostics
import LinearAlgebra
import Mixture
import Runs

extension JointContest {
  /// Ends of a pilot that go on: the best, and the next in case few rows on few columns mistake their order.
  private static let pilotEnds = 2
  /// Rows mistake it by chance where log-likelihoods are as near as this many times √n: their difference is a sum over the
  /// n rows, of which the standard deviation of one is of the size of 1 (Vuong 1989).
  private static let pilotDeviations = 5.0
  /// The least spread of an outcome's residual, as a share of the outcome's own.
  private static let leastNoise = 1e-6

  /// The best fits on the basis of a trial, of those from `regression`, from random starts and `besides`. Collective.
  ///
  /// Where rows are many the starts first compete in a pilot: on few of the rows, and with few of the functions of x, since
  /// a pass costs the square of these. What ends at the same likelihood there is one solution, and only those that are none
  /// of `besides` take passes over the rows of the trial.
  func searched(_ trial: JointTrial, regression: RegressionMixture, besides: [Fit<JointMixture>] = []) throws
    -> JointTrial
  {
    var trial = trial
    let short: [Fit<JointMixture>]
    if let brief {
      let pilot = try prepare(
        trial.covariates.pilot(covariates: table.covariateCount), trial.treatment, interactions: trial.hasInteractions,
        control: trial.controlVariables, on: brief)
      short = try shortened(starts(of: pilot, regression), on: pilot.design)
      let known = try moved(Array(besides.prefix(1)), from: trial, to: pilot)
        .map { Fit(start: short.count, model: $0.model) }
      let begun = short.best(Self.continuedStarts).map { Fit(continuing: $0, model: $0.model) } + known
      let ends = try journal.run(accelerated: begun, on: pilot.design, options.convergence, phase: "joint pilot")
        .best(begun.count)
      let present = ends.first { $0.start == short.count }
      let summary = Search.summary(short, ends)
      let farthest = Self.pilotDeviations * pilot.pooled.total.squareRoot()
      let found = ends.distinct().prefix(Self.pilotEnds).filter { end in
        // Where no other start found the best end, the next is needed to tell how far the effect hangs on the start.
        let isNear = summary.agreed == 1 || ends[0].logLikelihood - end.logLikelihood <= farthest
        return isNear && !(present?.isSameSolution(as: end) ?? false)
      }
      trial.summary = summary
      trial.fits = (besides + (try carried(Array(found), from: pilot, to: trial).fits)).best(Self.continuedStarts)
    } else {
      short = try shortened(starts(of: trial, regression), on: trial.design)
      let chosen = (short + besides).best(Self.continuedStarts).map { Fit(continuing: $0, model: $0.model) }
      trial.fits = try continued(chosen, on: trial.design, phase: "joint search")
      trial.summary = Search.summary(short, trial.fits)
    }
    guard trial.fits.isEmpty else { return trial }
    throw degeneration(of: short, on: trial)
  }

  /// `regression` and random mixtures of regressions of t.
  private func starts(of trial: JointTrial, _ regression: RegressionMixture) throws -> [Fit<JointMixture>] {
    let selection = trial.pooled.selection(trial.basis.selectionCount)
    var directions: [[Double]]?
    if case .spline(let basis) = trial.basis.selection { directions = basis.smoothDirections }
    let random = try RegressionMixture.starts(
      0..<options.starts, groups: options.groups, pooled: selection, directions: directions,
      random: CounterRandom(seed: options.seed, stream: .jointStarts))
    return try ([regression] + random).enumerated().map {
      var model = try JointMixture(selection: $0.element, pooled: trial.pooled, extensions: options.extensions)
      model.interactions = trial.basis.interactions
      model.errors = options.errors
      return Fit(start: $0.offset, model: model)
    }
  }

  /// A few passes of all starts. Collective.
  private func shortened(_ starts: [Fit<JointMixture>], on design: Design) throws -> [Fit<JointMixture>] {
    try journal.run(
      accelerated: starts, on: design,
      Convergence(tolerance: options.tolerance, maximumPasses: Search.shortPasses), phase: "joint starts")
  }

  private func degeneration(of starts: [Fit<JointMixture>], on trial: JointTrial) -> Failure {
    // The joint columns end with y, which is standardised.
    let outcome = try? PooledRegression(trial.pooled, name: "the outcome's regression")
    if let outcome, outcome.standardDeviation < Self.leastNoise {
      return Failure.ofOneFit(
        .data,
        "outcome '\(table.outcomeName)' is a function of treatment and covariates: it has no noise that a confounder could "
          + "be in, and ordinary regression gives its effect")
    }
    let reason = starts.lazy.compactMap(\.degeneracy).first.map { " (\($0))" } ?? ""
    return Failure.ofOneFit(
      .numerical, "every start of the joint model degenerated for --groups \(options.groups)\(reason)",
      remedy: "choose fewer groups or a smaller --covariate-basis")
  }
}
