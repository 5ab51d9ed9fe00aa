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
  /// The rows that bases are tried on, and those of the pilot of all starts; nil for all, and for no pilot.
  let subset: ChunkSubset?
  let brief: ChunkSubset?
  let journal: Journal

  static let continuedStarts = 4
  static let rowsPerColumn = 10
  /// Products that leave less than this share of their square sum unexplained by those before them are left out: more
  /// than the rounding that a user's own columns are held against, for the program chose these itself, and the effect's
  /// covariance loses as many digits as they leave unexplained.
  static let dependenceTolerance = 1e-7

  /// Whether the rows can carry a basis.
  func isFeasible(_ choice: CovariateChoice) -> Bool {
    choice.isFeasible(covariates: table.covariateCount, rows: CovariateChoice.effectiveRows(of: table, clusters))
  }

  /// A basis without the products that others determine on these rows, and its design. Collective.
  ///
  /// - Parameter control: the variables that the coefficient of V depends on.
  func prepare(
    _ covariates: CovariateChoice, _ treatment: TreatmentChoice, interactions: Bool, control: [Int] = [],
    on rows: ChunkSubset?
  ) throws -> JointTrial {
    let full = bases.basis(covariates, treatment, interactions: interactions)
    let pooled = try pooledStatistics(of: Design(table: table, basis: full, subset: rows))
    let products = (full.selectionCount..<full.selectionCount + full.products.count)
    let order = [0, full.columnCount - 2] + Array(1..<full.selectionCount) + Array(products)
    let dependent = Set(
      pooled.gram(0).dependentColumns(inOrder: order, tolerance: Self.dependenceTolerance).filter(products.contains))
    let basis = full.dropping(Set(dependent.map { $0 - full.selectionCount })).interacting(control)
    // Columns behind y have not been summed.
    let isSummed = basis.designColumnCount == basis.columnCount
    let known = isSummed ? pooled.columns((0..<full.columnCount).filter { !dependent.contains($0) }) : nil
    return try trial(covariates, treatment, interactions: interactions, basis: basis, on: rows, pooled: known)
  }

  /// The trial of a basis whose products are independent. Collective.
  ///
  /// - Parameter pooled: the statistics of all rows as one group, of all its columns, where they are known.
  func trial(
    _ covariates: CovariateChoice, _ treatment: TreatmentChoice, interactions: Bool, basis: JointBasis,
    on rows: ChunkSubset?, pooled: SufficientStatistics? = nil
  ) throws -> JointTrial {
    let design = Design(table: table, basis: basis, subset: rows)
    design.pooled = pooled
    return JointTrial(
      covariates: covariates, treatment: treatment, hasInteractions: interactions, basis: basis, rows: rows,
      design: design, pooled: try pooledStatistics(of: design).leading(basis.columnCount),
      effectiveShare: clusters?.effectiveShare ?? 1)
  }

  private func pooledStatistics(of design: Design) throws -> SufficientStatistics {
    try journal.timed("joint bases") { try design.pooledStatistics() }
  }

  /// The best fit of a trial with other functions of t, on the same rows. Collective.
  func replacing(_ treatment: TreatmentChoice, interactions: Bool, in trial: JointTrial) throws -> JointTrial {
    try carried(
      [trial.fits[0]], from: trial,
      to: prepare(
        trial.covariates, treatment, interactions: interactions, control: trial.controlVariables, on: trial.rows))
  }

  /// Carries fits on another basis over to that of a trial, but those that degenerate there. Collective.
  ///
  /// On some of the rows a fit only tells which basis is better, and BIC of bases differ by whole units: passes end at
  /// rises of a tenth.
  func carried(_ fits: [Fit<JointMixture>], from other: JointTrial, to trial: JointTrial) throws -> JointTrial {
    var trial = trial
    var convergence = options.convergence
    if trial.rows != nil { convergence.tolerance = max(convergence.tolerance, 0.1 / trial.pooled.total) }
    trial.fits = try journal.run(
      accelerated: moved(fits, from: other, to: trial), on: trial.design, convergence,
      phase: "joint \(trial.covariates.description)"
    ).best(Self.continuedStarts)
    return trial
  }

  /// The fits of another trial on the basis and the rows of a trial, before any pass, but those that degenerate there.
  /// Collective.
  func moved(_ fits: [Fit<JointMixture>], from other: JointTrial, to trial: JointTrial) throws -> [Fit<JointMixture>] {
    let isOnSameRows = other.rows?.chunks == trial.rows?.chunks
    let own = isOnSameRows ? other.design : Design(table: table, basis: other.basis, subset: trial.rows)
    return try journal.timed("joint moves") {
      try fits.compactMap { fit in
        do {
          let model = try fit.model.carried(
            to: trial.design, pooled: trial.pooled, interactions: trial.basis.interactions, from: own)
          return Fit(continuing: fit, model: model)
        } catch is DegenerateGroup { return nil }
      }
    }
  }

  func continued(_ fits: [Fit<JointMixture>], on design: Design, phase: String) throws -> [Fit<JointMixture>] {
    try journal.run(accelerated: fits, on: design, options.convergence, phase: phase)
      .best(Self.continuedStarts)
  }
}
