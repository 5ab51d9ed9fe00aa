import Communication
import Diagnostics
import Frames
import LinearAlgebra
import Runs
import Statistics

/// Synthetic potential outcomes (Mazaheri, Squires and Uhler, AISTATS 2025): the average effect, and the mixture of
/// effects, under an unobserved class that confounds treatment and outcome, from proxies of the class.
///
/// ```
/// rows -> arms, strata, blocks                              RowGroups
///   -> features φ_Z, φ_X of the proxies of each side        ProxyFeatures
///   -> E[φφ'], E[yφφ'], E[y²φφ'] by arm and block           ProxyMoments, the only sum
///   -> whitened, rank k                                     WhitenedArms, CanonicalRank
///   -> bridges, average effect, moments of the effect       BridgeSolution
///   -> classes                                              LatentClasses
///   -> without each block in turn                           Jackknife
///   -> tests of what it rests on, verdicts                  SpecificationTests, Verdicts
/// ```
public struct SyntheticPotentialOutcomes: Estimator, Sendable {
  public let options: SyntheticOutcomesOptions

  public init(_ options: SyntheticOutcomesOptions) { self.options = options }

  /// The chunk length of a frame for this estimator, by its number of rows.
  public static func chunkLength(rowCount: Int) -> Int { ProxyMoments.chunkLength(rowCount: rowCount) }

  /// Finds effects and classes. Collective.
  ///
  /// - Parameters:
  ///   - frame: covariates, among them the proxies, a treatment of a few values, an outcome, and the columns of blocks
  ///     and strata.
  /// - Throws: on all ranks the same ``Failure``: `usage` when options name what there is not, or more classes than
  ///   features; `data` when the treatment is no choice of a few arms, the outcome is constant, or an arm of a stratum has
  ///   too few rows.
  public func fit(_ frame: Frame, in run: Run) throws -> SyntheticOutcomesResult {
    let groups = try RowGroups(options, of: frame)
    let contrasts = try contrasts(groups.arms)
    var survey = try ProxySurvey(options, of: frame)
    let sums = try ProxyMoments(groups, treatment: survey.treatment, outcome: survey.outcome)
    let moments = try run.journal.step("moments") { try sums.sum(over: frame, survey.scale).summands }
    try run.journal.end(0) {
      PassRecord(phase: "moments", pass: 0, seconds: $0, values: ["rows": .integer(frame.rows.rowCount)])
    }
    let (summed, empty) = try sums.with(moments).droppingEmptyCells()
    survey.empty = empty
    let method = StratumAnswer.Method(
      constant: summed.outcome.constant, scale: survey.scale, solver: options.solver,
      usesFullInverse: options.usesFullInverse, contrast: contrasts[0], rank: options.classes)
    try requireFeatures(summed)
    let strata = try (0..<groups.stratumCount).map { stratum -> StratumMoments in
      let blocks = summed.moments(stratum: stratum)
      try require(blocks, of: summed, stratum)
      return StratumMoments(blocks)
    }
    let whole = try strata.map { try StratumAnswer($0.arms, method) }
    let replicates = try (0..<groups.blocks.count).map { block in
      try zip(strata, whole).map { stratum, whole in
        try StratumAnswer(stratum.arms(without: block), method, rank: whole.rank).matched(to: whole, contrasts[0])
      }
    }
    let jackknife = Jackknife(whole: whole, replicates: replicates, level: options.level)
    let tests = try zip(strata, whole).map {
      try SpecificationTests($0.arms, $1.whitened, rank: $1.rank, isGiven: options.classes != nil)
    }
    return SyntheticOutcomesResult(options, frame, survey, summed, contrasts, strata, jackknife, tests)
  }

  /// The places of the arms of each contrast.
  private func contrasts(_ arms: [Double]) throws -> [(treated: Int, control: Int)] {
    guard !options.contrasts.isEmpty else { return (1..<arms.count).map { ($0, 0) } }
    return try options.contrasts.map { contrast in
      guard let treated = arms.firstIndex(of: contrast.treated), let control = arms.firstIndex(of: contrast.control),
        treated != control
      else {
        throw Failure(
          .usage,
          "--contrast \(contrast.treated.words):\(contrast.control.words) is not of two values of the treatment; those are "
            + arms.map(\.words).joined(separator: ", "))
      }
      return (treated, control)
    }
  }

  /// The most classes that can be asked for.
  static let mostClasses = 12

  private func requireFeatures(_ moments: ProxyMoments) throws {
    let most = min(moments.treatment.count, moments.outcome.count, Self.mostClasses)
    guard let classes = options.classes, classes > most else { return }
    throw Failure(
      .usage,
      "--classes is \(classes), and the proxies have \(moments.treatment.count) features on the side of the treatment and "
        + "\(moments.outcome.count) on that of the outcome; give \(most) at most")
  }

  /// Refuses a stratum in which an arm has too few rows, or has none without one of the blocks.
  private func require(_ arms: [[ArmMoments]], of moments: ProxyMoments, _ stratum: Int) throws {
    let groups = moments.groups
    let place =
      groups.strata.map { " in stratum \($0.variable.words($0.values[stratum])) of '\($0.variable.name)'" } ?? ""
    let features = max(moments.treatment.count, moments.outcome.count)
    for (arm, blocks) in zip(groups.arms, arms) {
      let name = "the arm \(groups.treatment.name) = \(arm.words)\(place)"
      let rows = blocks.reduce(0) { $0 + $1.rowCount }
      guard rows > 0 else { throw Failure(.data, "\(name) has no rows; leave the stratum out, or --strata") }
      guard rows >= Double(features) else {
        throw Failure(
          .data,
          "\(name) has \(rows.words) rows, fewer than the \(features) features of a side; name fewer proxies, or choose "
            + "--features poly:1")
      }
      guard !blocks.contains(where: { $0.rowCount == rows }) else {
        throw Failure(
          .data, "all rows of \(name) lie in one block of the jackknife, which leaves none; use more or other blocks")
      }
    }
  }
}

/// The moments of a stratum: by arm, and by arm and block.
struct StratumMoments: Sendable {
  let blocks: [[ArmMoments]]
  let arms: [ArmMoments]

  init(_ blocks: [[ArmMoments]]) {
    self.blocks = blocks
    arms = blocks.map { blocks in blocks.dropFirst().reduce(blocks[0], +) }
  }

  func arms(without block: Int) -> [ArmMoments] { zip(arms, blocks).map { $0 - $1[block] } }
}

extension ProxyMoments {
  /// The same sums with these values.
  func with(_ summands: [Double]) -> ProxyMoments {
    var result = self
    result.summands = summands
    return result
  }

  /// With the cells left out that have no row, and the names of these.
  func droppingEmptyCells() throws -> (ProxyMoments, [String]) {
    var (treatment, outcome) = (treatment, outcome)
    var names: [String] = []
    if treatment.isOneHot {
      let weights = cellWeights(ofOutcome: false)
      names += treatment.drop { weights[$0] == 0 }
    }
    if outcome.isOneHot {
      let weights = cellWeights(ofOutcome: true)
      names += outcome.drop { weights[$0] == 0 }
    }
    return (try ProxyMoments(groups, treatment: treatment, outcome: outcome).with(summands), names)
  }
}

extension Double {
  /// A whole number without a point.
  var words: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}
