import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Mixture
import Runs

/// Makes trials of bases on the same rows, and chooses among them.
struct JointContest {
  let options: ControlFunction.Options
  let table: Frame
  /// Of rows whose errors may depend on each other; nil for independent ones.
  let clusters: RowClusters?
  /// The summaries of x, t and y.
  let summaries: [ColumnSummary]
  let bases: JointBases
  /// The rows that bases are tried on, and those of the first passes of all starts; nil for all, and for the former.
  let subset: ChunkSubset?
  let brief: ChunkSubset?
  let journal: Journal

  static let continuedStarts = 4
  /// The least spread of an outcome's residual, as a share of the outcome's own.
  private static let leastNoise = 1e-6
  static let rowsPerColumn = 10
  /// Products that leave less than this share of their square sum unexplained by those before them are left out: more
  /// than the rounding that a user's own columns are held against, for the program chose these itself, and the effect's
  /// covariance loses as many digits as they leave unexplained.
  static let dependenceTolerance = 1e-7

  /// Whether the rows can carry a basis.
  func isFeasible(_ choice: CovariateChoice) -> Bool {
    choice.isFeasible(covariates: table.covariateCount, rows: table.observationCount)
  }

  /// A basis without the products that others determine on these rows, and its design. Collective.
  ///
  /// - Parameter control: the variables that the coefficient of V depends on.
  func prepare(
    _ covariates: CovariateChoice, _ treatment: TreatmentChoice, interactions: Bool, control: [Int] = [],
    on rows: ChunkSubset?
  ) throws -> JointTrial {
    var basis = bases.basis(covariates, treatment, interactions: interactions)
    let full = try Design(table: table, basis: basis, subset: rows).pooledStatistics().gram(0)
    let products = (basis.selectionCount..<basis.selectionCount + basis.products.count)
    let order = [0, basis.columnCount - 2] + Array(1..<basis.selectionCount) + Array(products)
    let dependent = full.dependentColumns(inOrder: order, tolerance: Self.dependenceTolerance)
    basis = basis.dropping(Set(dependent.filter(products.contains).map { $0 - basis.selectionCount }))
      .interacting(control)
    return try trial(covariates, treatment, interactions: interactions, basis: basis, on: rows)
  }

  /// The trial of a basis whose products are independent. Collective.
  func trial(
    _ covariates: CovariateChoice, _ treatment: TreatmentChoice, interactions: Bool, basis: JointBasis,
    on rows: ChunkSubset?
  ) throws -> JointTrial {
    let design = Design(table: table, basis: basis, subset: rows)
    return JointTrial(
      covariates: covariates, treatment: treatment, hasInteractions: interactions, basis: basis, design: design,
      pooled: try design.pooledStatistics().leading(basis.columnCount))
  }

  /// Starts from `regression` and random ones, a few passes each, and the best go on. Collective.
  func searched(_ trial: JointTrial, regression: RegressionMixture, besides: [Fit<JointMixture>] = []) throws
    -> JointTrial
  {
    var trial = trial
    let count = trial.basis.selectionCount
    let selection = trial.pooled.selection(count)
    var directions: [[Double]]?
    if case .spline(let basis) = trial.basis.selection { directions = basis.smoothDirections }
    let random = try RegressionMixture.starts(
      0..<options.starts, groups: options.groups, pooled: selection, directions: directions,
      random: CounterRandom(seed: options.seed, stream: .jointStarts))
    let starts = try ([regression] + random).enumerated().map {
      var model = try JointMixture(selection: $0.element, pooled: trial.pooled, extensions: options.extensions)
      model.interactions = trial.basis.interactions
      model.errors = options.errors
      return Fit(start: $0.offset, model: model)
    }
    let short = try shortened(starts, of: trial)
    let comparable = try brief == nil ? short : compared(short, on: trial.design)
    let chosen = (comparable + besides).best(Self.continuedStarts).map { Fit(continuing: $0, model: $0.model) }
    trial.fits = try continued(chosen, on: trial.design, phase: "joint search")
    trial.summary = Search.summary(short, trial.fits)
    guard !trial.fits.isEmpty else {
      // The joint columns end with y, which is standardised.
      let outcome = try? PooledRegression(trial.pooled, name: "the outcome's regression")
      if let outcome, outcome.standardDeviation < Self.leastNoise {
        throw Failure.ofOneFit(
          .data,
          "outcome '\(table.outcomeName)' is a function of treatment and covariates: it has no noise that a confounder could "
            + "be in, and ordinary regression gives its effect")
      }
      let reason = short.lazy.compactMap(\.degeneracy).first.map { " (\($0))" } ?? ""
      throw Failure.ofOneFit(
        .numerical, "every start of the joint model degenerated for --groups \(options.groups)\(reason)",
        remedy: "choose fewer groups or a smaller --covariate-basis")
    }
    return trial
  }

  /// A few passes of all starts, on the rows for these. Collective.
  private func shortened(_ starts: [Fit<JointMixture>], of trial: JointTrial) throws -> [Fit<JointMixture>] {
    let design = brief.map { Design(table: table, basis: trial.basis, subset: $0) } ?? trial.design
    return try journal.run(
      accelerated: starts, on: design,
      Convergence(tolerance: options.tolerance, maximumPasses: Search.shortPasses), phase: "joint starts")
  }

  /// The best of fits to other rows after one pass over those of a trial, where their likelihoods can be compared.
  /// Collective.
  private func compared(_ fits: [Fit<JointMixture>], on design: Design) throws -> [Fit<JointMixture>] {
    try journal.run(
      accelerated: fits.best(2 * Self.continuedStarts).map { Fit(continuing: $0, model: $0.model) }, on: design,
      Convergence(tolerance: options.tolerance, maximumPasses: 1), phase: "joint starts compared")
  }

  /// Carries the fits of another trial over to a basis, but those that degenerate there. Collective.
  func carried(_ fits: [Fit<JointMixture>], from other: JointTrial, to trial: JointTrial) throws -> JointTrial {
    var trial = trial
    let moved = try fits.compactMap { fit -> Fit<JointMixture>? in
      do {
        let model = try fit.model.carried(
          to: trial.design, pooled: trial.pooled, interactions: trial.basis.interactions, from: other.design)
        return Fit(continuing: fit, model: model)
      } catch is DegenerateGroup { return nil }
    }
    trial.fits = try continued(moved, on: trial.design, phase: "joint \(trial.covariates.description)")
    return trial
  }

  func continued(_ fits: [Fit<JointMixture>], on design: Design, phase: String) throws -> [Fit<JointMixture>] {
    try journal.run(accelerated: fits, on: design, options.convergence, phase: phase)
      .best(Self.continuedStarts)
  }
}
