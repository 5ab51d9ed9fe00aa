import Foundation
import LinearAlgebra
import Mixture

/// A basis of the joint model, and the fits on it, best first.
struct JointTrial {
  let covariates: CovariateChoice
  let treatment: TreatmentChoice
  let hasInteractions: Bool
  let basis: JointBasis
  /// The rows that it is made on; nil for all.
  let rows: ChunkSubset?
  let design: Design
  /// All rows as one group, of the columns up to y.
  let pooled: SufficientStatistics
  /// What a row counts for, see ``RowClusters/effectiveShare``.
  let effectiveShare: Double
  var fits: [Fit<JointMixture>] = []
  /// What random starts came to, if they were made on this basis.
  var summary: SearchSummary?

  /// Which of x_1 … x_m, t the coefficient of V depends on, counted from 0.
  var controlVariables: [Int] { basis.control?.variables ?? [] }

  /// -2 log L + q log n on the n rows that it was tried on, each for what it counts; see ``FormCriterion``.
  var bic: Double {
    guard let best = fits.first else { return .infinity }
    return -2 * effectiveShare * best.logLikelihood + Double(best.model.parameterCount)
      * Elementary.log(effectiveShare * pooled.total)
  }
}
