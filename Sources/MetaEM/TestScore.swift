import Communication
import Frames
import Mixture

/// How well a fit says of rows that were kept for testing what it says of those that it saw.
public struct TestScore: Sendable, Equatable {
  public let rows: Int
  /// The mean per row of the log-likelihood, in the units of the data; nil for models that have none.
  public let meanLogLikelihood: Double?
  /// The share of rows with the right label under the best matching; nil when the true sources are unknown.
  public let accuracy: Double?

  /// Collective.
  ///
  /// - Parameters:
  ///   - tests: the rows, among all.
  ///   - design: of all rows.
  /// - Throws: on all ranks the same ``Failure`` when rows cannot be read, or have too many true sources.
  init(_ tests: RowSelection, of design: Design, under rule: PosteriorRule, logVolume: Double?) throws {
    let truth = try Truth.read(design.table)
    let zero = LabelSummary(groupCount: rule.groupCount, covariateCount: 0, truthCount: truth.values.count)
    let summary = try design.rows.sum(zero) { partial, chunk in
      let marks = chunk.tableRows.map { tests.contains($0) ? 1.0 : 0 }
      let (block, totals) = try rule(design, chunk: chunk, weights: marks)
      try marks.withUnsafeBufferPointer {
        partial.add(
          block, totals: totals, covariates: [], weights: $0.baseAddress, frequencies: $0.baseAddress,
          truth: truth.codes(try design.sources(ofChunk: chunk)))
      }
    }
    rows = tests.count
    meanLogLikelihood = logVolume.map { summary.logLikelihood / Double(tests.count) - $0 }
    accuracy = truth.values.isEmpty ? nil : Agreement(confusion: summary.confusion).accuracy
  }
}
