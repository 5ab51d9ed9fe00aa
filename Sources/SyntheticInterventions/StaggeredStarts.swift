import Diagnostics
import LinearAlgebra
import Panels
import Runs

/// Units that came under an arm at times of their own: each cohort of one start from the units that are untreated to the
/// end of its window, in windows as long as those of the options.
///
/// An effect is a mean over treated units. Its error has a part for each unit of its own, of which the gaps of placebo
/// cohorts tell, and one that units share through the noise of their common donors, see ``SharedErrors``. Intervals are
/// the quantiles of sums of both.
struct StaggeredStarts {
  private static let drawCount = 200

  let options: SyntheticInterventionsOptions
  let panel: Panel
  private let starts: [Int?]
  private let excluded: Set<Int>

  /// - Throws: ``Failure`` data where the panel does not say when units came under their arms.
  init(_ options: SyntheticInterventionsOptions, _ panel: Panel) throws {
    guard let starts = panel.starts else {
      throw Failure(
        .data,
        "the panel does not say when units came under their arms; give it the dataset 'start', or leave "
          + "--event-study out")
    }
    self.options = options
    self.panel = panel
    self.starts = starts
    excluded = Set(options.excluded.compactMap { panel.units.firstIndex(of: $0) })
  }

  /// A cohort, its gaps and those of its donors, each from the other donors: by unit, then by cell after.
  private struct Cohort {
    let start: Int
    let analysis: PanelAnalysis
    let treated: [TargetCell]
    let donors: [TargetCell]
  }

  /// By metric. Collective.
  func answers(_ metrics: [Int], in run: Run) throws -> [EventStudy] {
    let (before, after) = (options.windows.before.count, options.windows.after.count)
    let treated = panel.units.indices.filter { starts[$0] != nil && !excluded.contains($0) }
    var (cohorts, leftOut): ([Cohort], [Int]) = ([], [])
    for (start, units) in Dictionary(grouping: treated, by: { starts[$0]! }).sorted(by: { $0.key < $1.key }) {
      let donors = panel.units.indices.map { isUntreated($0, to: start + after) ? 0 : -1 }
      guard start >= before, start + after <= panel.periods.count, donors.count(where: { $0 == 0 }) > 1 else {
        leftOut += units
        continue
      }
      let problem = PanelProblem(
        panel, metrics: metrics, before: start - before..<start, after: [start..<start + after], donorArms: donors,
        rules: [options.rank], names: ["untreated to the end of the cohort \(panel.periods[start])"])
      let analysis = try PanelAnalysis(
        problem, options, isExact: PanelAnalysis.isExact(options, problem), keepsPaths: true, in: run)
      cohorts.append(
        Cohort(
          start: start, analysis: analysis, treated: try analysis.cells(of: units) { _ in [0] },
          donors: analysis.ownCells(0)))
    }
    let shared = try SharedErrors(
      cohorts.map { SharedErrors.Cohort(start: $0.start, analysis: $0.analysis, treated: $0.treated) })
    return metrics.indices.map {
      answer(cohorts, shared, leftOut.sorted(), metric: $0, name: panel.metrics[metrics[$0]])
    }
  }

  private func isUntreated(_ unit: Int, to end: Int) -> Bool {
    !excluded.contains(unit) && starts[unit].map { $0 >= end } ?? true
  }

  private func answer(
    _ cohorts: [Cohort], _ shared: SharedErrors, _ leftOut: [Int], metric: Int, name: String
  ) -> EventStudy {
    let effects = Self.means(
      cohorts.flatMap { $0.treated.map { $0.gaps(metric: metric) } }, options.windows.after.count)
    let reason = refusal(cohorts)
    let draws = reason == nil ? placeboDraws(cohorts, metric) : []
    let random = CounterRandom(seed: options.seed, stream: .placeboCohorts)
    // Of a time or, where there is none, of the mean over times.
    func effect(_ estimate: Double, _ time: Int?) -> EventStudy.Effect {
      let sharedError = shared.variance(time: time, metric: metric).squareRoot()
      guard !draws.isEmpty, estimate.isFinite, sharedError.isFinite else {
        return EventStudy.Effect(estimate: estimate.defined, lower: nil, upper: nil)
      }
      // Units take the draws before these.
      let place = shared.treatedCount + (time ?? effects.count)
      let sorted = draws.enumerated().map { number, errors in
        (time.map { errors[$0] } ?? Self.mean(errors)) + sharedError * random.normal(row: number, draw: place)
      }.sorted()
      let tail = max(1, Int(Double(sorted.count + 1) * (1 - options.level) / 2 + 1e-9))
      return EventStudy.Effect(
        estimate: estimate, lower: estimate - sorted[sorted.count - tail], upper: estimate - sorted[tail - 1])
    }
    return EventStudy(
      metric: name,
      cohorts: cohorts.map { cohort in
        EventStudy.Cohort(
          start: panel.periods[cohort.start], treated: cohort.treated.count,
          donors: cohort.analysis.models.arms[0].donorCount, rank: cohort.analysis.models.arms[0].rank,
          effects: Self.means(cohort.treated.map { $0.gaps(metric: metric) }, options.windows.after.count).map(
            \.defined))
      },
      effects: effects.indices.map { effect(effects[$0], $0) }, overall: effect(Self.mean(effects), nil),
      leftOut: leftOut.map { panel.units[$0] },
      draws: draws.count, reason: reason)
  }

  private func refusal(_ cohorts: [Cohort]) -> String? {
    let treated = cohorts.reduce(0) { $0 + $1.treated.count }
    let untreated = panel.units.indices.count { starts[$0] == nil && !excluded.contains($0) }
    if cohorts.isEmpty { return "no cohort has its windows within the panel and two donors" }
    if untreated < treated {
      return "\(untreated) untreated units are fewer than the \(treated) treated ones that they would stand for"
    }
    if cohorts.contains(where: { $0.donors.count < $0.treated.count }) { return "a cohort has more units than donors" }
    let hasNoise = cohorts.allSatisfy { $0.treated[0].numbers.allSatisfy { $0.afterVariance.isFinite } }
    return hasNoise ? nil : "no degrees of freedom are left for the noise of a cohort's donors"
  }

  /// By draw and time the mean errors of donors in place of the treated, as many for each cohort; with replacement, for the
  /// treated are no part of the donors.
  private func placeboDraws(_ cohorts: [Cohort], _ metric: Int) -> [[Double]] {
    let random = CounterRandom(seed: options.seed, stream: .placeboCohorts)
    let errors = cohorts.map { ownErrors($0.donors.map { $0.gaps(metric: metric) }) }
    let placebos = zip(cohorts, errors).flatMap { cohort, errors in cohort.treated.map { _ in errors } }
    return (0..<Self.drawCount).map { number in
      let drawn = placebos.enumerated().map { place, errors in
        errors[random.integer(below: errors.count, row: number, draw: place)]
      }
      return Self.means(drawn, options.windows.after.count)
    }
  }

  /// Gaps of donors less their mean by time, times √(n / (n - 1)). The mean is noise of these donors, and an interval about
  /// an effect less that noise would hold the effect too rarely.
  private func ownErrors(_ gaps: [[Double]]) -> [[Double]] {
    let means = Self.means(gaps, options.windows.after.count)
    let factor = (Double(gaps.count) / Double(gaps.count - 1)).squareRoot()
    return gaps.map { zip($0, means).map { factor * ($0 - $1) } }
  }

  /// By time, over the units that have an outcome there.
  private static func means(_ gaps: [[Double]], _ count: Int) -> [Double] {
    (0..<count).map { time in mean(gaps.map { $0[time] }) }
  }

  private static func mean(_ values: [Double]) -> Double {
    let finite = values.filter(\.isFinite)
    return finite.reduce(0, +) / Double(finite.count)
  }
}
