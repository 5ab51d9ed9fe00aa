import Communication
import LinearAlgebra

/// The rows of a nonparametric instrumental regression y = g(t, x) + u with E[u | z, x] = 0, chunk by chunk.
///
/// Whoever makes the columns conforms. A fit reads the rows as often as it needs and keeps nothing of them but what its
/// method does.
public protocol StructuralRows: Sendable {
  /// The rows of all ranks.
  var rows: DistributedRows { get }
  /// The number of covariates x.
  var covariateCount: Int { get }
  /// The number of instruments z: a weight for each group, or columns of numbers.
  var instrumentCount: Int { get }

  /// Calls `body` with the columns of a chunk of this rank.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read, and what `body` throws.
  func withChunk<Result>(_ chunk: Int, _ body: (StructuralChunk) throws -> Result) throws -> Result
}

/// One chunk of the rows of a nonparametric instrumental regression: finite numbers for each row, from a multiple of 64
/// bytes on and readable to a multiple of ``Kernel/lanes`` rows.
public struct StructuralChunk {
  public var rowCount: Int
  public var outcome: UnsafePointer<Double>
  public var treatment: UnsafePointer<Double>
  public var covariates: [UnsafePointer<Double>]
  public var instruments: [UnsafePointer<Double>]
  /// Row weights, not negative; nil for 1.
  public var weights: UnsafePointer<Double>?

  public init(
    rowCount: Int, outcome: UnsafePointer<Double>, treatment: UnsafePointer<Double>,
    covariates: [UnsafePointer<Double>], instruments: [UnsafePointer<Double>], weights: UnsafePointer<Double>? = nil
  ) {
    self.rowCount = rowCount
    self.outcome = outcome
    self.treatment = treatment
    self.covariates = covariates
    self.instruments = instruments
    self.weights = weights
  }
}
