import Diagnostics
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
  /// The same for every representation, distribution and λ.
  public let choices: [SweepChoice]
  public let cells: [SweepResult]
  public let warnings: [String]
  public let seconds: Double

  /// - Parameters:
  ///   - results: at least one that did not fail.
  ///   - criterion: one whose least value is the best.
  public init(
    _ grid: SweepGrid, _ results: [SweepResult], criterion: SweepCriterion = .bic, rows: Int, ranks: Int,
    ranksPerFit: Int, version: String, seconds: Double
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
    warnings =
      Self.scopeNotes(grid, criterion, isComparable: isComparable)
      + Self.warnings(grid, best, chosen, results, criterion.title) + Self.gapNotes(grid, results)
    self.seconds = seconds
  }

  /// Which of the fits the choice is among, when that is not all.
  private static func scopeNotes(
    _ grid: SweepGrid, _ criterion: SweepCriterion, isComparable: Bool
  ) -> [String] {
    let first = grid.kinds[0]
    var notes: [String] = []
    if grid.distributions.count > 1 {
      notes.append(
        "the choice is among the fits of \(first.distribution.rawValue), the distribution named first: "
          + "\(criterion.title) of different distributions cannot be compared")
    }
    if !isComparable && grid.kinds.contains(where: { $0.distribution == first.distribution && $0 != first }) {
      notes.append(
        "the choice is among the fits with \(first.title), the first of several: "
          + "\(criterion.title) of \(first.distribution.rawValue) groups on different representations cannot be compared"
      )
    }
    return notes
  }

  /// Why values are missing, or made of less than was asked for.
  private static func gapNotes(_ grid: SweepGrid, _ results: [SweepResult]) -> [String] {
    var notes: [String] = []
    let fitted = results.filter { $0.failure == nil }
    let unheld = fitted.filter {
      grid.folds > 0 && $0.heldOutLogLikelihood == nil && $0.cell.distribution != .kmeans
    }
    if !unheld.isEmpty {
      notes.append(
        "no held-out value (-) for \(unheld.map(\.cell.name).joined(separator: ", ")): a group degenerates without the "
          + "rows of a fold")
    }
    let lost = fitted.filter {
      $0.cell.distribution == .regression && $0.likelihoodRatioTest?.replicates ?? 0 < grid.replicates
    }.map { "\($0.likelihoodRatioTest?.replicates ?? 0) of \(grid.replicates) for \($0.cell.name)" }
    if !lost.isEmpty {
      notes.append(
        "p of one more leaves out bootstrap replicates that cannot be fitted; it has \(lost.joined(separator: ", "))")
    }
    return notes
  }

  private static func warnings(
    _ grid: SweepGrid, _ best: SweepResult?, _ chosen: SweepChoice, _ results: [SweepResult], _ criterion: String
  ) -> [String] {
    var warnings: [String] = []
    let picks = SweepCriterion.allCases.compactMap { criterion in
      chosen[criterion].groups.map { (criterion, $0) }
    }
    if Set(picks.map(\.1)).count > 1 {
      let list = picks.map { "\($0.0.title) \($0.1)" }.joined(separator: ", ")
      warnings.append("the criteria do not agree on the number of groups: \(list)")
    }
    if let best {
      if grid.groups.count > 1 && best.cell.groups == grid.groups.max() {
        warnings.append("the lowest \(criterion) is at the most groups that were tried; extend --groups")
      }
      if best.converged == false {
        warnings.append("the best fit has not converged; raise --max-iterations")
      }
    } else {
      warnings.append("these fits have no \(criterion): choose by another criterion")
    }
    let fits = chosen.best.sorted { $0.key < $1.key }.map(\.value)
    for (fewer, more) in zip(fits, fits.dropFirst()) where more.form == fewer.form {
      guard let lower = more.logLikelihood, let upper = fewer.logLikelihood, lower < upper - Search.sameLikelihood
      else { continue }
      warnings.append(
        "\(more.cell.groups) groups reached a lower likelihood than \(fewer.cell.groups): the starts missed the best "
          + "fit; give more --seeds or --starts")
    }
    if grid.cells.contains(where: { grid.configuration($0).hasSingularGroups }) {
      warnings.append(Configuration.singularGroupsWarning)
    }
    return warnings + results.compactMap { result in result.failure.map { "\(result.cell.name): \($0.message)" } }
  }
}
