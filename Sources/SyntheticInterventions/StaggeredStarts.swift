import Diagnostics
import LinearAlgebra
import Panels
import Runs

/// Units that came under an arm at times of their own: each cohort of one start from the units that are untreated to the
/// end of its window, in windows as long as those of the options.
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
    return metrics.indices.map { answer(cohorts, leftOut.sorted(), metric: $0, name: panel.metrics[metrics[$0]]) }
  }

  private func isUntreated(_ unit: Int, to end: Int) -> Bool {
    !excluded.contains(unit) && starts[unit].map { $0 >= end } ?? true
  }

  private func answer(_ cohorts: [Cohort], _ leftOut: [Int], metric: Int, name: String) -> EventStudy {
    let effects = Self.means(
      cohorts.flatMap { $0.treated.map { $0.gaps(metric: metric) } }, options.windows.after.count)
    let reason = refusal(cohorts)
    let draws = reason == nil ? (0..<Self.drawCount).map { draw($0, cohorts, metric) } : []
    func effect(_ estimate: Double, _ value: ([Double]) -> Double) -> EventStudy.Effect {
      guard !draws.isEmpty, estimate.isFinite else {
        return EventStudy.Effect(estimate: estimate.defined, lower: nil, upper: nil)
      }
      let sorted = draws.map(value).sorted()
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
      effects: effects.indices.map { time in effect(effects[time]) { $0[time] } },
      overall: effect(Self.mean(effects)) { Self.mean($0) }, leftOut: leftOut.map { panel.units[$0] },
      draws: draws.count, reason: reason)
  }

  private func refusal(_ cohorts: [Cohort]) -> String? {
    let treated = cohorts.reduce(0) { $0 + $1.treated.count }
    let untreated = panel.units.indices.count { starts[$0] == nil && !excluded.contains($0) }
    if cohorts.isEmpty { return "no cohort has its windows within the panel and two donors" }
    if untreated < treated {
      return "\(untreated) untreated units are fewer than the \(treated) treated ones that they would stand for"
    }
    return cohorts.contains { $0.donors.count < $0.treated.count } ? "a cohort has more units than donors" : nil
  }

  /// The mean gaps of donors in place of the treated, as many for each cohort; with replacement, for the treated are no part
  /// of the donors.
  private func draw(_ number: Int, _ cohorts: [Cohort], _ metric: Int) -> [Double] {
    let random = CounterRandom(seed: options.seed, stream: .placeboCohorts)
    let placebos = cohorts.flatMap { cohort in cohort.treated.map { _ in cohort.donors } }
    let gaps = placebos.enumerated().map { place, donors in
      donors[random.integer(below: donors.count, row: number, draw: place)].gaps(metric: metric)
    }
    return Self.means(gaps, options.windows.after.count)
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
