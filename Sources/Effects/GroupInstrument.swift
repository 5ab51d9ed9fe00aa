import Frames
import LinearAlgebra
import Mixture

/// How much of each row belongs to each group: what a group instrument is made of.
public protocol GroupInstrument: Sendable {
  /// What the groups are called, in their order.
  var groupNames: [String] { get }
  /// Whether anything in it is no function of the controls, so that it can move the treatment by itself.
  var isExcluded: Bool { get }
  /// Writes Z_ik, which sum to 1 over k, to `weights[k * stride + row]` for the rows of a chunk of this rank.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read.
  func fill(_ chunk: Int, into weights: UnsafeMutablePointer<Double>, stride: Int) throws
  /// Writes the shares π_k(x_i) that the groups have at the covariates of a row likewise, where they depend on them.
  ///
  /// - Returns: whether they do; if not nothing is written, and the mean of Z_ik stands for them.
  func fillShares(_ chunk: Int, into shares: UnsafeMutablePointer<Double>, stride: Int) throws -> Bool
  /// The same rows with what a group's treatment is a function of for covariates; nil for the rows' own covariates.
  var causes: Frame? { get }
  /// How the parameters err that the weights are functions of, where these were estimated from the same rows and the
  /// weights follow them smoothly; nil else. Collective.
  func estimation() throws -> (any GroupEstimation)?
  /// The groups as they would be found again, from where they are, in rows with other weights. Collective.
  ///
  /// - Parameter frame: the same rows with other weights.
  /// - Throws: on all ranks the same ``Failure`` (numerical) when a group is lost.
  func reestimated(on frame: Frame) throws -> any GroupInstrument
  /// The effect that the model of the groups has itself; nil when it has none. Collective.
  ///
  /// - Parameter clusters: categorical columns whose levels are clusters of rows with dependent errors; none for independent
  ///   rows.
  func modelEffect(clusters: [String]) throws -> ModelEffect?
}

/// The errors of the parameters that group weights are functions of: θ̂ - θ ≈ Σ_i of what each row moves them by.
public protocol GroupEstimation: Sendable {
  var parameterCount: Int { get }
  /// Adds Σ_i Σ_k (λ_ik ∂Z_ik/∂θ + μ_ik ∂π_k(x_i)/∂θ) over the rows of a chunk, parameter j of quantity a at
  /// `sums[a * parameterCount + j]`.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read.
  func addDerivatives(_ gradient: GroupGradient, chunk: Int, to sums: inout [Double]) throws
  /// What turns the scores of a row into what it moves some quantities by.
  ///
  /// - Parameter derivatives: of the quantities [quantities, ``parameterCount``].
  func influence(ofDerivatives derivatives: Matrix) -> Matrix
  /// Writes what each row of a chunk moves the quantities by to `values[quantity * stride + row]`.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read.
  func fill(_ influence: Matrix, chunk: Int, into values: UnsafeMutablePointer<Double>, stride: Int) throws
}

extension GroupInstrument {
  public func estimation() throws -> (any GroupEstimation)? { nil }
  public func modelEffect(clusters _: [String]) throws -> ModelEffect? { nil }
  public func reestimated(on _: Frame) throws -> any GroupInstrument { self }
  public var groupCount: Int { groupNames.count }
  public func fillShares(_: Int, into _: UnsafeMutablePointer<Double>, stride _: Int) throws -> Bool { false }
  public var causes: Frame? { nil }
  public var isExcluded: Bool { true }
}

/// All rows as one group: no instrument.
public struct NoInstrument: GroupInstrument {
  public let groupNames = ["all"]
  public let isExcluded = false
  private let frame: Frame

  public init(_ frame: Frame) { self.frame = frame }

  public func fill(_ chunk: Int, into weights: UnsafeMutablePointer<Double>, stride: Int) throws {
    for row in 0..<frame.rowCount(ofChunk: chunk) { weights[row] = 1 }
  }
}

/// Groups that a column of the frame names: 1 for the level of a row, 0 for the others.
public struct LevelInstrument: GroupInstrument {
  public let groupNames: [String]
  private let frame: Frame
  private let column: Int
  private let codes: [Int64]

  /// - Parameters:
  ///   - column: of integers or categories, without missing values.
  ///   - codes: those of the groups, in their order; a row with another belongs to none.
  public init(_ frame: Frame, column: Int, codes: [Int64], names: [String]) {
    precondition(codes.count == names.count, "a name for each group")
    self.frame = frame
    self.column = column
    self.codes = codes
    groupNames = names
  }

  public func fill(_ chunk: Int, into weights: UnsafeMutablePointer<Double>, stride: Int) throws {
    let values = try frame.codes(column, chunk: chunk)
    let rowCount = frame.rowCount(ofChunk: chunk)
    for (k, code) in codes.enumerated() {
      for row in 0..<rowCount { weights[k * stride + row] = values[row] == code ? 1 : 0 }
    }
  }
}

/// Groups that a mixture found: the posterior of a row, its likeliest group or one drawn from it.
public struct PosteriorInstrument: GroupInstrument {
  /// What stands for the posterior.
  public enum Label: String, Sendable, Codable, CaseIterable {
    case posterior, argmax, sampled
  }

  public let groupNames: [String]
  private let design: Design
  private let rule: PosteriorRule
  private let label: Label
  private let cache: RowCache

  /// - Parameters:
  ///   - design: all rows of a frame, in the columns of the model.
  ///   - seed: of labels that are drawn.
  public init(_ design: Design, model: any MixtureModel, label: Label, seed: UInt64) {
    self.design = design
    self.label = label
    rule = PosteriorRule(model: model, labelRule: label == .sampled ? .sampled : .argmax, seed: seed)
    groupNames = (0..<rule.groupCount).map { String($0) }
    cache = RowCache(width: rule.groupCount, of: design.table)
  }

  public func fill(_ chunk: Int, into weights: UnsafeMutablePointer<Double>, stride: Int) throws {
    let rows = design.rows.chunk(chunk)
    try cache.fill(chunk, rowCount: rows.rows.count, into: weights, stride: stride) { weights, stride in
      let block = try rule(design, chunk: rows).block
      let groups = rule.groupCount
      for (row, found) in block.labels.enumerated() {
        for k in 0..<groups {
          weights[k * stride + row] = label == .posterior ? block.posteriors[row * groups + k] : (found == k ? 1 : 0)
        }
      }
    }
  }
}
