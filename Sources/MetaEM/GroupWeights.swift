import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Mixture

/// w_ik: how much the rows of this rank count in each group while the representation is trained.
struct GroupWeights {
  /// Row after row: rows × K.
  let values: [Double]
  private let groupCount: Int
  private let firstRow: Int

  /// The final E step of a mixture, assigned.
  ///
  /// - Parameter round: tells apart the draws of rounds.
  init(
    _ assignment: GroupAssignment, _ mixture: FittedMixture, on design: Design, seed: UInt64, round: Int
  ) throws {
    let rule = PosteriorRule(model: mixture.base, labelRule: .argmax, seed: seed)
    let random = CounterRandom(seed: seed, stream: .assignments)
    let groups = rule.groupCount
    groupCount = groups
    firstRow = design.rows.localRows.lowerBound
    values = try design.rows.communicator.agree {
      var values: [Double] = []
      values.reserveCapacity(design.rows.localRows.count * groups)
      for chunk in design.rows.localChunks {
        let block = try rule(design, chunk: chunk).block
        guard assignment != .posterior else {
          values += block.posteriors
          continue
        }
        for (offset, row) in chunk.rows.enumerated() {
          let posterior = block.posteriors[offset * groups..<(offset + 1) * groups]
          let group =
            assignment == .argmax
            ? block.labels[offset] : random.categorical(row: row, draw: round, probabilities: posterior)
          for k in 0..<groups { values.append(k == group ? 1 : 0) }
        }
      }
      return values
    }
  }

  /// The sums of an M step over all rows with these weights. Collective.
  func statistics(_ design: Design) throws -> SufficientStatistics {
    try design.statistics(groupCount: groupCount) { row, shares in
      for k in 0..<groupCount { shares[k] = values[(row - firstRow) * groupCount + k] }
    }
  }
}

extension Configuration {
  /// Bytes that a rank holds beside its columns while networks are trained: the weights of its rows in the groups, and,
  /// where some rows judge the rounds, those that part them from the others.
  public func weightBytes(rowCount: Int, chunkCount: Int, of grid: RowGrid) -> Int {
    guard representation.isLearned else { return 0 }
    let columns = distribution == .regression ? 2 : 0
    return MemoryLayout<Double>.stride * (rowCount * groups + columns * chunkCount * grid.columnStride)
  }
}

/// Rows that the networks are not trained on: whether a round helps there tells fit from over-fit.
struct Validation {
  /// One row in so many.
  static let share = 5

  /// The other rows, by weight.
  let training: RowReplacement
  private let held: RowReplacement
  private let table: Frame

  /// Collective.
  init(_ table: Frame, seed: UInt64) throws {
    self.table = table
    let random = CounterRandom(seed: seed, stream: .validation)
    func isHeld(_ row: Int) -> Bool { random.integer(below: Self.share, row: row, draw: 0) == 0 }
    training = RowReplacement(weight: try .weights(of: table) { !isHeld($0) })
    held = RowReplacement(weight: try .weights(of: table, where: isHeld))
  }

  /// The log-likelihood of the rows that are held. Collective.
  func logLikelihood(_ mixture: RegressionMixture, on representation: Representation) throws -> Double {
    let design = Design(table: table, representation: representation, replacement: held)
    return try design.statistics(of: [mixture])[0].logLikelihood
  }
}
