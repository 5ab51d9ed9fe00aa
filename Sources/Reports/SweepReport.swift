import Diagnostics
import MetaEM
import Mixture
import Storage

/// A sweep in numbers, as `--json` prints it.
public struct SweepReport: Sendable, Encodable {
  public let version: String
  public let rows: Int
  public let ranks: Int
  public let ranksPerFit: Int
  /// What the number of groups is chosen by.
  public let criterion: SweepCriterion
  /// K by the criterion; null when no fit has one.
  @NullEncoded public var bestGroups: Int?
  /// The fit of the lowest value, of the first distribution: likelihoods of different distributions are not of one thing.
  @NullEncoded public var best: SweepCell?
  /// What each criterion chooses with the representation and distribution of the best fit.
  public let criteria: [String: SweepChoice.Choice]
  /// What each criterion chooses for every representation, distribution and λ.
  public let choices: [SweepChoice]
  public let cells: [SweepResult]
  public let findings: [Finding]
  /// The findings in words.
  public let warnings: [String]
  public let seconds: Double

  /// - Parameters:
  ///   - results: at least one that did not fail.
  ///   - criterion: one whose least value is the best.
  public init(
    _ grid: SweepGrid, _ results: [SweepResult], criterion: SweepCriterion = .bic, rows: Int,
    ranks: Int, ranksPerFit: Int, version: String, seconds: Double
  ) {
    let choices = grid.kinds.map { SweepChoice($0, results) }
    // Likelihoods of t given x can be compared between representations, and MMD; those of (r, t) cannot.
    let isComparable = grid.distributions[0] == .regression || criterion == .mmd
    let best = choices.filter { $0.distribution == grid.distributions[0] }.prefix(isComparable ? .max : 1)
      .flatMap { $0.best.sorted { $0.key < $1.key }.map(\.value) }.filter { criterion.value($0) != nil }
      .min { criterion.value($0)! < criterion.value($1)! }
    let chosen = choices.first { $0.kind == best?.cell.kind } ?? choices[0]
    self.criterion = criterion
    self.version = version
    self.rows = rows
    self.ranks = ranks
    self.ranksPerFit = ranksPerFit
    _bestGroups = NullEncoded(wrappedValue: best?.cell.groups)
    _best = NullEncoded(wrappedValue: best?.cell)
    criteria = chosen.criteria
    self.choices = choices
    cells = results
    findings =
      (results.first?.rowFindings ?? []) + Self.scope(grid, criterion, isComparable: isComparable)
      + Self.doubts(grid, best, chosen, results, criterion) + Self.gaps(grid, results)
    warnings = findings.map(\.words)
    self.seconds = seconds
  }

  /// Which of the fits the choice is among, when that is not all.
  private static func scope(_ grid: SweepGrid, _ criterion: SweepCriterion, isComparable: Bool) -> [Finding] {
    let first = grid.kinds[0]
    var values: [Finding.Key: Finding.Value] = [
      .distribution: .name(first.distribution.rawValue), .criterion: .name(criterion.rawValue),
    ]
    var findings: [Finding] = []
    if grid.distributions.count > 1 { findings.append(.note(.choiceWithinDistribution, values)) }
    if !isComparable && grid.kinds.contains(where: { $0.distribution == first.distribution && $0 != first }) {
      values[.representation] = .name(first.representation.rawValue)
      values[.lambda] = first.lambda.map { .number($0) }
      findings.append(.note(.choiceWithinRepresentation, values))
    }
    return findings
  }

  /// Why values are missing, or made of less than was asked for.
  private static func gaps(_ grid: SweepGrid, _ results: [SweepResult]) -> [Finding] {
    var findings: [Finding] = []
    let fitted = results.filter { $0.failure == nil }
    let unheld = fitted.filter {
      grid.folds > 0 && $0.heldOutLogLikelihood == nil && $0.cell.distribution != .kmeans
    }
    if !unheld.isEmpty { findings.append(.note(.heldOutMissing, [.names: .names(unheld.map(\.cell.name))])) }
    let lost = fitted.filter {
      $0.cell.distribution == .regression && $0.likelihoodRatioTest?.replicates ?? 0 < grid.replicates
    }
    if !lost.isEmpty {
      findings.append(
        .note(
          .replicatesMissing,
          [
            .names: .names(lost.map(\.cell.name)), .total: .count(grid.replicates),
            .counts: .counts(lost.map { $0.likelihoodRatioTest?.replicates ?? 0 }),
          ]))
    }
    return findings
  }

  private static func doubts(
    _ grid: SweepGrid, _ best: SweepResult?, _ chosen: SweepChoice, _ results: [SweepResult],
    _ criterion: SweepCriterion
  ) -> [Finding] {
    var findings: [Finding] = []
    let picks = SweepCriterion.allCases.compactMap { criterion in
      chosen[criterion].groups.map { (criterion, $0) }
    }
    if Set(picks.map(\.1)).count > 1 {
      findings.append(
        Finding(
          .criteriaDisagree, [.names: .names(picks.map(\.0.rawValue)), .counts: .counts(picks.map(\.1))]))
    }
    if let best {
      if grid.groups.count > 1 && best.cell.groups == grid.groups.max() {
        findings.append(Finding(.bestAtMostGroups, [.criterion: .name(criterion.rawValue)]))
      }
      if best.converged == false { findings.append(Finding(.bestNotConverged)) }
    } else {
      findings.append(Finding(.criterionMissing, [.criterion: .name(criterion.rawValue)], severity: .invalid))
    }
    let fits = chosen.best.sorted { $0.key < $1.key }.map(\.value)
    for (fewer, more) in zip(fits, fits.dropFirst()) where more.form == fewer.form {
      guard let lower = more.logLikelihood, let upper = fewer.logLikelihood, lower < upper - Search.sameLikelihood
      else { continue }
      findings.append(
        Finding(
          .moreGroupsFitWorse, [.groups: .count(more.cell.groups), .fewerGroups: .count(fewer.cell.groups)]))
    }
    if grid.cells.contains(where: { grid.configuration($0).hasSingularGroups }) {
      findings.append(Finding(.singularGroups, severity: .invalid))
    }
    return findings
      + results.compactMap { result in
        result.failure.map {
          Finding(.cellFailed, [.cell: .name(result.cell.name), .reason: .name($0.message)], severity: .invalid)
        }
      }
  }
}
