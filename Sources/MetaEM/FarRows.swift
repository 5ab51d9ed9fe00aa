import Diagnostics
import LinearAlgebra
import Mixture

/// Rows that no group explains: with normal errors a few of them pull a group to themselves, or are one.
extension MetaEM {
  /// Standard deviations from which on a row is far: that a normal law has none of, nor an exponential one in 50 draws of a
  /// thousand rows.
  private static let farDeviations = 10.0
  /// Groups of a smaller share may be made of far rows, and are not asked.
  private static let leastShare = 0.05

  /// What is far of the rows that were fitted with normal errors, in t or in y given what the groups say. Collective.
  ///
  /// - Parameter row: the number among all rows of one that was fitted.
  func farRows(_ estimate: Estimate, _ design: Design, row: (Int) -> Int) throws -> [Finding] {
    let isBent = estimate.model.joint?.mixture.bends != nil
    guard [.regression, .joint].contains(configuration.distribution), configuration.errors == .normal, !isBent else {
      return []
    }
    let model = estimate.model.mixture.base
    let groups = model.mixingWeights.indices.filter { model.mixingWeights[$0] >= Self.leastShare }
    let far = try design.members(groups: 1) { chunk, members in
      try design.withBlock(ofChunk: chunk) { block, _ in
        model.forms.withSquares(at: block) { squares, stride in
          for (offset, row) in chunk.tableRows.enumerated() {
            let least = groups.map { squares[$0 * stride + offset] }.min() ?? 0
            if least > Self.farDeviations * Self.farDeviations { members[0].add(row: row, treatment: 0) }
          }
        }
      }
    }[0]
    guard far.count > 0 else { return [] }
    return [
      Finding(
        .farRows,
        [
          .count: .count(far.count), .total: .count(design.rows.rowCount), .memberRows: .counts(far.rows.map(row)),
          .distance: .number(Self.farDeviations),
        ])
    ]
  }
}
