import Communication
import Diagnostics
import Frames
import Mixture

/// The true sources of the rows, coded 0 … in the order of their values; unknown when the data have none.
public struct Truth: Sendable {
  /// The distinct values, ascending; empty when unknown.
  public let values: [Int64]
  private let codes: [Int64: Int]
  /// More distinct sources than this are no sources.
  static let largestCount = 1000

  private init(_ values: [Int64]) {
    self.values = values
    codes = Dictionary(uniqueKeysWithValues: values.enumerated().map { ($0.element, $0.offset) })
  }

  /// Reads the sources of all rows. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: rows that cannot be read, or that have too many sources.
  package static func read(_ table: Frame) throws -> Truth {
    let communicator = table.rows.communicator
    var mine: Set<Int64> = []
    try communicator.agree {
      for chunk in table.rows.localChunks {
        mine.formUnion(try table.sources(chunk: chunk) ?? [])
        if mine.count > Self.largestCount { return }
      }
    }
    guard let all = try communicator.union(mine, upTo: Self.largestCount) else {
      throw Failure(
        .data, "the true source has more than \(Self.largestCount) distinct values; name another --z, or say --z none")
    }
    return Truth(all.sorted())
  }

  func codes(_ sources: [Int64]?) -> [Int]? { sources?.map { codes[$0]! } }
}

extension Design {
  /// The final E step over all rows, and what it says about their labels. Collective.
  package func label(by rule: PosteriorRule, truth: Truth) throws -> LabelSummary {
    let zero = LabelSummary(
      groupCount: rule.groupCount, covariateCount: table.covariateCount, truthCount: truth.values.count)
    return try rows.sum(zero) { partial, chunk in
      let (block, totals) = try rule(self, chunk: chunk)
      partial.add(
        block, totals: totals, covariates: try covariates(ofChunk: chunk), weights: try weights(ofChunk: chunk),
        frequencies: try frequencies(ofChunk: chunk), truth: truth.codes(try sources(ofChunk: chunk)))
    }
  }
}
