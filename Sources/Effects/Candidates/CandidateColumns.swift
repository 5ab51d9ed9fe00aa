import Diagnostics
import Frames

/// Columns of a frame that may move the treatment and the outcome through it alone: candidates for instruments.
public struct CandidateColumns: Sendable {
  /// One column, as the frame has it.
  struct Variable: Sendable {
    let name: String
    /// Its place in the schema.
    let column: Int
    let mean: Double
    let standardDeviation: Double
    /// What one of the frame's units is in the data's.
    let unit: Double

    func standardized(_ value: Double) -> Double { (value - mean) / standardDeviation }
  }

  let frame: Frame
  /// The treatment, the outcome, then the candidates.
  let variables: [Variable]

  /// Whether all candidates are covariates or sums of these, so that none of them is excluded from the outcome.
  public let areControls: Bool

  var candidates: ArraySlice<Variable> { variables[2...] }

  /// Collective.
  ///
  /// - Parameters:
  ///   - frame: with treatment and outcome.
  ///   - columns: the candidates, real columns of its schema.
  ///   - scaling: how the covariates and the treatment of the frame came from the data.
  /// - Throws: on all ranks the same ``Failure`` (data): a candidate with one value or with missing ones.
  public init(_ frame: Frame, _ columns: [Int], scaling: ColumnScaling) throws {
    try frame.requireComplete(columns)
    let all = [frame.columns(of: .treatment)[0], frame.columns(of: .outcome)[0]] + columns
    let covariates = frame.columns(of: .covariate).filter { frame.schema.columns[$0].kind == .real }
    self.frame = frame
    let others = columns.filter { !covariates.contains($0) }
    areControls = try others.isEmpty || Self.areDetermined(others, by: covariates, in: frame)
    variables = try zip(all, frame.summary(of: all)).map { column, summary in
      guard !summary.isConstant, summary.variance > 0 else {
        throw Failure(
          .data, "'\(summary.name)' has one value in all rows with weight, which is no instrument; name another column")
      }
      return Variable(
        name: summary.name, column: column, mean: summary.mean, standardDeviation: summary.standardDeviation,
        unit: covariates.firstIndex(of: column).map { scaling.scales[$0] } ?? 1)
    }
  }

  /// Whether the constant and some columns determine others, all of them. One pass. Collective.
  private static func areDetermined(_ columns: [Int], by others: [Int], in frame: Frame) throws -> Bool {
    let gram = try frame.crossProducts(of: others + columns)
    let own = Set(others.count + 1..<gram.rows)
    return own.isSubset(of: gram.dependentColumns(inOrder: Array(0..<gram.rows), tolerance: 1e-9))
  }
}
