import Diagnostics
import Mixture
import Runs

/// What the fit of one cell came to; what is undefined, or was not asked for, is nil.
public struct SweepResult: Sendable, Codable {
  public let cell: SweepCell
  /// Why the cell could not be fitted; nil when it could.
  public var failure: Failure?
  /// The form of a spline regression.
  public var form: SplineForm?
  public var logLikelihood: Double?
  public var parameterCount: Int?
  /// The BIC that numbers of groups are compared by; see ``MetaEM/Result/comparableBIC``.
  public var bic: Double?
  public var icl: Double?
  public var entropy: Double?
  /// The mean per row over the folds, see ``HeldOut``.
  public var heldOutLogLikelihood: Double?
  public var mmd: Double?
  /// The mean adjusted Rand index between the labels of starts; see ``Contenders/agreement(on:)``.
  public var agreement: Double?
  /// The bootstrap test of K against K + 1 groups.
  public var likelihoodRatioTest: LikelihoodRatioTest?
  public var converged: Bool?
  /// The share of rows with the right label, when the true source is known.
  public var accuracy: Double?
  /// What the fit says of rows that were kept for testing, the mean of their log-likelihoods.
  public var testLogLikelihood: Double?
  public var modelDigest: String?
  /// The rows that were fitted, and what they give reason to tell.
  public var rows = 0
  public var rowFindings: [Finding] = []
  public var seconds = 0.0

  init(_ cell: SweepCell, failure: Failure? = nil) {
    self.cell = cell
    self.failure = failure
  }

  /// Computes the criteria of a fit. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read.
  static func evaluated(
    _ cell: SweepCell, of grid: SweepGrid, _ fitted: MetaEM.Result, _ rows: CenteredRows, journal: Journal
  ) throws -> SweepResult {
    var result = SweepResult(cell)
    result.form = fitted.mixture?.forms?.chosen
    result.logLikelihood = fitted.logLikelihood
    result.parameterCount = fitted.parameterCount
    result.bic = fitted.comparableBIC
    result.icl = fitted.comparableICL
    result.entropy = fitted.summary.entropy
    result.mmd = fitted.balance.mmd
    result.converged = fitted.isConverged
    result.accuracy = fitted.agreement?.accuracy
    result.testLogLikelihood = fitted.testScore?.meanLogLikelihood
    result.modelDigest = try fitted.model.digest()
    result.agreement = try fitted.mixture?.contenders?.agreement(on: rows.table)
    let search = Search(convergence: fitted.configuration.convergence, journal: journal)
    result.heldOutLogLikelihood = try HeldOut(
      result: fitted, rows: rows, foldCount: grid.folds, seed: grid.seeds[0], search: search
    ).meanLogLikelihood()
    result.likelihoodRatioTest = try BootstrapTest(
      result: fitted, rows: rows, replicates: grid.replicates, search: search
    ).run()
    return result
  }
}
