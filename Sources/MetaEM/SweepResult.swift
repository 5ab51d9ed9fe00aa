import Diagnostics
import Mixture
import Runs

/// What the fit of one cell came to; what is undefined, or was not asked for, is nil.
public struct SweepResult: Sendable, Codable {
  public let cell: SweepCell
  /// Why there is nothing else.
  public var failure: Failure?
  /// The form of a spline regression.
  public var form: SplineForm?
  public var logLikelihood: Double?
  public var parameterCount: Int?
  /// See ``TrainingResult/comparableBIC``.
  public var bic: Double?
  public var icl: Double?
  public var entropy: Double?
  /// The mean per row over the folds, see ``HeldOut``.
  public var heldOutLogLikelihood: Double?
  public var mmd: Double?
  /// See ``Contenders/agreement(on:)``.
  public var agreement: Double?
  /// Of K against K + 1 groups.
  public var likelihoodRatioTest: LikelihoodRatioTest?
  public var converged: Bool?
  /// When the true source is known.
  public var accuracy: Double?
  public var modelDigest: String?
  public var seconds = 0.0

  init(_ cell: SweepCell, failure: Failure) {
    self.cell = cell
    self.failure = failure
  }

  /// Computes the criteria of a fit. Collective.
  init(_ cell: SweepCell, of grid: SweepGrid, _ result: TrainingResult, _ rows: CenteredRows, journal: Journal) throws {
    self.cell = cell
    form = result.outcome.form
    logLikelihood = result.logLikelihood
    parameterCount = result.outcome.parameterCount
    bic = result.comparableBIC
    icl = result.comparableICL
    entropy = result.summary.entropy
    mmd = result.balance.mmd
    converged = result.outcome.isConverged
    accuracy = result.agreement?.accuracy
    modelDigest = try result.outcome.model.digest()
    agreement = try result.outcome.contenders?.agreement(on: rows.table)
    let search = Search(convergence: result.configuration.convergence, journal: journal)
    heldOutLogLikelihood = try HeldOut(
      result: result, rows: rows, foldCount: grid.folds, seed: grid.seeds[0], search: search
    ).meanLogLikelihood()
    likelihoodRatioTest = try BootstrapTest(
      result: result, rows: rows, replicates: grid.replicates, search: search
    ).run()
  }
}
