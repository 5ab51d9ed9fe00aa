/// What a model of one variable given others is.
public enum ModelKind: String, Sendable, Codable, CaseIterable {
  /// Probabilities for every combination of levels.
  case table
  /// A network whose outputs are logits of levels.
  case softmax
  /// A linear mean and normal errors.
  case gaussian
  /// A network whose outputs are a mixture of normal laws.
  case mixture
  /// A network that moves normal noise to the values, for vectors or numbers of any law.
  case flow
}

/// How models that are trained are made and trained.
public struct ModelOptions: Sendable, Codable, Equatable {
  /// By the names of variables; the others by what they and their parents are.
  public var kinds: [String: ModelKind] = [:]
  /// Variables of numbers that are categories, and numbers, however many values they take.
  public var categories: [String] = []
  public var numbers: [String] = []
  /// The widths of hidden layers; nil for 48, 48, and of flows for 256, 256.
  public var hidden: [Int]?
  /// Normal laws in a mixture.
  public var components = 6
  /// Minibatches of a training, and their rows.
  public var steps = 4000
  public var batchSize = 256
  /// Of the first step; it falls to 0 along half a cosine.
  public var learningRate = 3e-3
  /// Steps from noise to values of a flow.
  public var eulerSteps = 25

  public init() {}

  func hiddenWidths(_ law: ConditionalNetwork.Law) -> [Int] {
    if let hidden { return hidden }
    if case .flow = law { return [256, 256] }
    return [48, 48]
  }
}
