import CausalGraphs
import Statistics
import Storage

/// What a graph and rows say about the law of an outcome under interventions, by models that are learned.
public struct SampledEffectResult: Sendable {
  /// The statistics of the outcome for values of all that is set and seen.
  public struct Answer: Sendable {
    /// By places in the graph.
    public let values: [Int: InterventionSettings.Value]
    /// In the order of ``SampledEffectResult/statistics``. Errors count rows, trainings and draws.
    public let estimates: [JackknifeEstimate]
    /// Of the draws alone; nil of deviations.
    public let monteCarloErrors: [Double?]
    /// What conditioning says of means and probabilities, by rows near these values; nil of other statistics, of vectors, and
    /// where there are no rows.
    public let conditional: [Double?]
    /// The share that went through combinations of levels of fewer than five rows.
    public let rareShare: Double
    /// How many rows are near these values.
    public let effectiveRows: Double
  }

  /// What other values of what is set do, against the first.
  public struct Contrast: Sendable {
    /// Places among the answers.
    public let answer: Int
    public let reference: Int
    public let differences: [JackknifeEstimate]
  }

  public let options: InterventionalOptions
  /// The models of all rows.
  public let network: InterventionalNetwork
  public let statistics: [OutcomeStatistic]
  public let answers: [Answer]
  public let contrasts: [Contrast]
  /// The halves of the rows that errors come from, and those that failed.
  public let replicateCount: Int
  public let failedReplicates: Int
  /// Of the answer being the same for all values of its free inputs; nil without halves.
  public let invariance: FTest?
  public let independences: [IndependenceTest]

  /// Rows near the values of an answer below which it is doubtful.
  public static let leastRows = 30.0

  public var rejected: [IndependenceTest] { independences.filter(\.isRejected) }

  /// That of ``InterventionalResult``, but that it is doubtful too where fewer than thirty rows lie near the values of an answer, or
  /// a model does not follow rows that were held out of its training.
  public var verdict: InterventionalResult.Verdict {
    InterventionalResult.Verdict(
      invariance: invariance, independences: independences,
      isThin: !network.doubtfulModels.isEmpty
        || answers.contains {
          $0.rareShare > Overlap.doubtfulShare || $0.effectiveRows < Self.leastRows
        })
  }

  /// The SHA-256 of the bits of all answers: the same on any number of ranks, for rows in any files, streamed or not.
  public func digest() -> String {
    var digest = SHA256Digest()
    digest.update(network.digest())
    for answer in answers {
      digest.update(answer.estimates.flatMap(\.numbers) + answer.conditional.map { $0 ?? .nan })
      digest.update([answer.rareShare, answer.effectiveRows])
    }
    for contrast in contrasts { digest.update(contrast.differences.flatMap(\.numbers)) }
    digest.update([invariance?.statistic ?? .nan, invariance?.pValue ?? .nan])
    digest.update(independences.flatMap { [$0.test?.statistic ?? .nan, $0.adjusted ?? .nan] })
    return digest.finalize()
  }
}
