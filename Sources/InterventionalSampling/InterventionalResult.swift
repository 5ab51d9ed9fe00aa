import CausalGraphs
import Diagnostics
import Statistics

/// What a graph and rows say about the law of an outcome under interventions.
public struct InterventionalResult: Sendable {
  /// How far the answer can be trusted.
  ///
  /// It is *contradicted* when the rows speak against the graph: an implied independence is rejected at .05 after
  /// correction, or the answer moves with its free inputs (p < .01); *doubtful* when it does so with p < .05, or more than
  /// 1% of some answer rests on cells of fewer than five rows; else *supported*.
  public enum Verdict: String, Sendable, Codable {
    case supported, doubtful, contradicted

    /// - Parameter isThin: whether an answer rests on too little to be sure.
    init(invariance: FTest?, independences: [IndependenceTest], isThin: Bool) {
      let p = invariance?.pValue ?? 1
      self =
        p < InterventionalResult.invarianceLevel || independences.contains(where: \.isRejected)
        ? .contradicted : p < InterventionalResult.contradictionLevel || isThin ? .doubtful : .supported
    }
  }

  public struct Variable: Sendable, Equatable {
    public let name: String
    /// The names of its levels, in the order of their values.
    public let levels: [String]
  }

  /// P(outcome | do(set), given) for one level of all that is set and given.
  public struct Answer: Sendable {
    /// The levels of what is set, then of what is given, in the order of the question.
    public let levels: [Int]
    /// For every combination of levels of the outcome, the last one fastest.
    public let probabilities: [JackknifeEstimate]
    /// P(outcome | set, given) of the rows: what conditioning says; nil where no row has these levels.
    public let conditional: [Double]?
    /// The mean of the outcome, where it is one variable of numbers, and what conditioning says.
    public let mean: JackknifeEstimate?
    public let conditionalMean: Double?
    /// The share that went through cells of fewer than five rows.
    public let rareShare: Double
    /// The rows with these levels.
    public let rowCount: Int
  }

  /// What another level of what is set does, against the first.
  public struct Contrast: Sendable {
    /// Places among the answers.
    public let answer: Int
    public let reference: Int
    public let differences: [JackknifeEstimate]
    public let mean: JackknifeEstimate?
  }

  public let options: InterventionalOptions
  public let rowCount: Int
  /// By their places in the graph.
  public let variables: [Variable]
  public let graph: MixedGraph
  public let plan: IdentificationPlan
  /// What is set, seen and asked about, by places in the graph, in the order of the question.
  public let intervened: [Int]
  public let given: [Int]
  public let outcome: [Int]
  public let answers: [Answer]
  public let contrasts: [Contrast]
  /// Of the answer being the same for all values of its free inputs.
  public let invariance: FTest?
  public let independences: [IndependenceTest]

  /// The combinations of levels of the outcome, in the order of probabilities.
  public var outcomeLevels: [[Int]] {
    outcome.reduce([[]]) { found, place in
      found.flatMap { levels in variables[place].levels.indices.map { levels + [$0] } }
    }
  }

  static let contradictionLevel = 0.05
  static let invarianceLevel = 0.01

  public var rejected: [IndependenceTest] { independences.filter(\.isRejected) }

  public var verdict: Verdict {
    Verdict(
      invariance: invariance, independences: independences,
      isThin: answers.contains { $0.rareShare > Overlap.doubtfulShare })
  }
}
