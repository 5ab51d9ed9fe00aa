import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Networks

/// Learns a representation with the groups fixed, by minibatch steps of Adam on Eq. (4) of the paper:
///
/// Σ_i Σ_k w_ik (α_k'(1, r_i) - t_i)² + λ Σ_i |f_X(r_i) - x_i|²
///
/// with r = the encoder's features, one linear head α_k for each group and a decoder f_X, p-16-16-m with rectifiers. The
/// weights w_ik are labels (one 1 a row) or posteriors, and x and t are taken in the scales of the encoder and of the
/// settings.
///
/// A value: a round that does not help is undone by keeping the copy from before it, and a checkpoint stores it whole.
public struct RepresentationTrainer: Sendable, Codable {
  /// How to train; the defaults are the paper's.
  public struct Settings: Sendable, Codable, Equatable {
    /// The weight λ of the reconstruction in Eq. (4); nil stands for 1 / m.
    public var lambda: Double?
    /// The number of training steps of a round.
    public var steps = 200
    /// The number of rows of a minibatch.
    public var batchSize = 400
    public var learningRate = 1e-3
    /// What t is divided by in the loss.
    public var treatmentScale = 1.0
    public var seed: UInt64 = 0

    public init() {}
  }

  public let encoder: NetworkEncoder
  public let groupCount: Int
  public let covariateCount: Int
  public let settings: Settings
  /// The features as last standardised.
  public private(set) var representation: NetworkRepresentation
  private var trainer: Trainer

  /// The learning rate of the steps to come.
  public var learningRate: Double { trainer.optimizer.learningRate }

  /// The steps taken in all rounds.
  public var stepCount: Int { trainer.stepCount }

  /// The parameters of the encoder, the heads and the decoder, one after another.
  package var parameters: [Double] {
    get { trainer.parameters }
    set { trainer.parameters = newValue }
  }

  /// Starts from random weights and standardises the features. Collective.
  public init(encoder: NetworkEncoder, groupCount: Int, table: Frame, settings: Settings = Settings()) throws {
    self.encoder = encoder
    self.groupCount = groupCount
    self.settings = settings
    covariateCount = table.covariateCount
    let start = encoder.start(seed: settings.seed)
    let (heads, decoder) = Self.shapes(encoder, groupCount: groupCount, covariateCount: covariateCount)
    // The parts of the encoder have the first indices.
    let index = encoder.parts.count
    let parameters =
      start + Network(heads, start: .xavier, seed: settings.seed, index: index).parameters
      + Network(decoder, start: .kaiming, seed: settings.seed, index: index + 1).parameters
    trainer = Trainer(
      parameters: parameters,
      optimizer: Adam(parameterCount: parameters.count, learningRate: settings.learningRate),
      batchSize: settings.batchSize, seed: settings.seed)
    representation = try NetworkRepresentation(
      encoder: encoder, parameters: start, pivots: Array(repeating: 0, count: encoder.dimension), over: table)
  }

  static func shapes(
    _ encoder: NetworkEncoder, groupCount: Int, covariateCount: Int
  ) -> (heads: NetworkShape, decoder: NetworkShape) {
    (
      NetworkShape(inputs: encoder.dimension, layers: [.dense(groupCount)]),
      NetworkShape(inputs: encoder.dimension, layers: [.dense(16, .relu), .dense(16, .relu), .dense(covariateCount)])
    )
  }

  /// The weight λ of the reconstruction in Eq. (4).
  public var lambda: Double { settings.lambda ?? 1 / Double(covariateCount) }

  /// Sets the heads to a mixture's coefficients on (1, features as standardised), one row for each group.
  public mutating func setHeads(_ coefficients: [[Double]]) {
    precondition(coefficients.count == groupCount && coefficients.allSatisfy { $0.count == 1 + encoder.dimension })
    for (group, own) in coefficients.enumerated() {
      let first = encoder.parameterCount + group * (1 + encoder.dimension)
      parameters[first] = own[0] / settings.treatmentScale
      for j in 0..<encoder.dimension {
        let slope = own[1 + j] / (representation.scales[j] * settings.treatmentScale)
        parameters[first] -= slope * representation.centers[j]
        parameters[first + 1 + j] = slope
      }
    }
  }

  /// Undoes what rounds since then did to the representation and the heads, for a new attempt with another learning rate:
  /// on other minibatches, and with a decoder that has learned to follow the features.
  public mutating func undo(to earlier: RepresentationTrainer, learningRate: Double) {
    let kept = encoder.parameterCount + groupCount * (1 + encoder.dimension)
    parameters.replaceSubrange(..<kept, with: earlier.parameters[..<kept])
    trainer.optimizer = Adam(parameterCount: parameters.count, learningRate: learningRate)
    representation = earlier.representation
  }

  /// Trains for one round and standardises the new features. Collective.
  ///
  /// - Parameters:
  ///   - weights: w_ik of this rank's rows, row after row: rows x K. They are taken times the rows' own weights.
  ///   - replacement: columns that stand in for those of the table.
  /// - Returns: the mean of the steps' losses, each the mean over its rows; infinity when the loss or a parameter left the
  ///   range of numbers. Then the networks are as before, and the next round has other minibatches.
  /// - Throws: ``Failure`` when rows cannot be read.
  public mutating func train(
    on table: Frame, weights: [Double], replacement: RowReplacement = RowReplacement()
  ) throws -> Double {
    precondition(weights.count == table.rows.localRows.count * groupCount, "a weight for each local row and group")
    precondition(table.covariateCount == covariateCount)
    let problem = RepresentationLoss(self, on: table, weights: weights, replacement: replacement)
    let loss = try trainer.train(problem, steps: settings.steps)
    guard loss.isFinite else { return loss }
    representation = try NetworkRepresentation(
      encoder: encoder, parameters: Array(parameters.prefix(encoder.parameterCount)),
      pivots: representation.centers, over: table)
    return loss
  }
}
