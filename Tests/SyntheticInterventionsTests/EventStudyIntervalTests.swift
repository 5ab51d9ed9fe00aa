import Foundation
import LinearAlgebra
import Panels
import Statistics
import SyntheticInterventions
import TestSupport
import Testing

/// Panels of cohorts whose treated units have other factors than the donors, and what intervals of their effects are.
@Suite struct EventStudyIntervalTests {
  /// Half of the units come under an arm, in turn at the starts; treated loadings are `.5` higher in one factor.
  struct Law: Sendable, CustomStringConvertible {
    var units = 60
    var starts = [40, 44, 48]
    var after = 4
    let factors = 4
    let before = 40
    let noise = 0.5

    var description: String { "\(units) units, \(starts.count) starts" }

    /// The draft, and the mean effects by time since the start.
    func draw(_ seed: Int) -> (draft: PanelDraft, effects: [Double]) {
      let random = CounterRandom(seed: UInt64(seed), stream: .test)
      let periods = starts.last! + after
      var draft = PanelDraft(arms: ["none", "some"], periods: (0..<periods).map(String.init))
      func factor(_ period: Int, _ index: Int, _ isTreated: Bool) -> Double {
        random.normal(row: 1_000_000 + period, draw: isTreated ? 50 + index : index)
      }
      var effects = [Double](repeating: 0, count: after)
      var begins: [Int?] = []
      for unit in 0..<units {
        let start = unit % 2 == 0 ? nil : starts[unit / 2 % starts.count]
        draft.add("u\(unit)", arm: start == nil ? "none" : "some")
        begins.append(start)
        let loadings = (0..<factors).map { random.normal(row: unit, draw: $0) + (start != nil && $0 == 1 ? 0.5 : 0) }
        for period in 0..<periods {
          func mean(_ isTreated: Bool) -> Double {
            (0..<factors).reduce(0) { $0 + loadings[$1] * factor(period, $1, isTreated) }
          }
          let isTreated = start.map { period >= $0 } ?? false
          draft.values[unit].append(mean(isTreated) + noise * random.normal(row: unit, draw: 100 + period))
          if let start, isTreated, period < start + after {
            effects[period - start] += (mean(true) - mean(false)) / Double(units / 2)
          }
        }
      }
      draft.starts = begins
      return (draft, effects)
    }

    func study(
      _ draft: PanelDraft, _ change: (inout SyntheticInterventionsOptions) -> Void = { _ in }
    ) throws -> EventStudy {
      var options = SyntheticInterventionsOptions(
        windows: PeriodWindows(before: 0..<before, after: before..<before + after))
      (options.eventStudy, options.leaveOut, options.arms) = (true, .fixedSubspace, ["none"])
      change(&options)
      return try SyntheticInterventions(options).run(on: try draft.panel()).result.eventStudy[0]
    }
  }

  /// Standard errors by time and over all, by least-norm weights of whole matrices: those of the own errors of as many
  /// donors, and of the noise of donors in mean weights, period by period.
  private static let program = """
    import json, sys
    import numpy as np
    data = json.load(open(sys.argv[1]))
    y, starts = np.array(data["values"]), np.array([10 ** 6 if s is None else s for s in data["starts"]])
    t0, t1, k = data["before"], data["after"], data["rank"]
    treated = int((starts < 10 ** 6).sum())
    own = np.zeros(t1 + 1)
    # Weights of the mean effect at each time, and over all, on the noise of every unit in every period.
    noise, shared, variance = np.zeros((t1 + 1,) + y.shape), np.zeros(t1 + 1), []
    for s in sorted(set(starts[starts < 10 ** 6])):
        units, donors = np.flatnonzero(starts == s), np.flatnonzero(starts >= s + t1)
        n, x, z = len(donors), y[donors, s - t0:s], y[donors, s:s + t1]
        u = np.linalg.svd(x.T, full_matrices=False)[0][:, :k]
        least = lambda rows, target: np.linalg.lstsq(u.T @ rows.T, u.T @ target, rcond=None)[0]
        w = np.array([least(x, y[i, s - t0:s]) for i in units])
        gaps = np.array([z[j] - np.delete(z, j, 0).T @ least(np.delete(x, j, 0), x[j]) for j in range(n)])
        own += len(units) * np.append(gaps.var(0, ddof=1), gaps.mean(1).var(ddof=1)) / treated ** 2
        hat = np.array([least(x, x[j]) for j in range(n)])
        v2 = ((z - hat @ z) ** 2).sum() / (t1 * (n - k))
        v3 = ((x - x @ u @ u.T) ** 2).sum() / ((t0 - k) * (n - k))
        b = np.array([np.linalg.lstsq(x @ u, zt, rcond=None)[0] for zt in z.T])
        mean, alone = w.sum(0) / treated, (w ** 2).sum() / treated ** 2
        slopes = np.append((b ** 2).sum(1), (b.mean(0) ** 2).sum())
        shared += slopes * v3 * (mean @ mean - alone)
        shared -= np.append(np.full(t1, v2), v2 / t1) * alone
        for t in range(t1):
            noise[t, donors, s + t] += np.sqrt(v2) * mean
            noise[t1, donors, s + t] += np.sqrt(v2) * mean / t1
    print(json.dumps(np.sqrt(own + shared + (noise ** 2).sum((1, 2))).tolist()))
    """

  private struct Input: Encodable {
    let values: [[Double]]
    let starts: [Int?]
    let before: Int
    let after: Int
    let rank: Int
  }

  @Test(arguments: [Law(), Law(starts: [40]), Law(units: 40, starts: [40, 41])])
  func `intervals are as wide as the errors of whole matrices say`(law: Law) throws {
    let folder = try ScratchFolder()
    let quantile = StandardNormal().quantile(survival: 0.025)
    var ratios: [Double] = []
    for seed in 0..<20 {
      let draft = law.draw(seed).draft
      let study = try law.study(draft) { $0.rank = .fixed(4) }
      let input = Input(
        values: draft.values, starts: draft.starts!, before: law.before, after: law.after, rank: 4)
      try JSONEncoder().encode(input).write(to: URL(filePath: folder.file("panel.json")))
      let result = try python(["-c", Self.program, folder.file("panel.json")])
      try #require(result.exitCode == 0, "\(result.error)")
      let errors = try JSONDecoder().decode([Double].self, from: Data(result.output.utf8))
      for (effect, error) in zip(study.effects + [study.overall], errors) {
        ratios.append((effect.upper! - effect.lower!) / 2 / quantile / error)
      }
    }
    // The fifth of 200 normal draws lies 1.8% beyond the quantile on average. An interval has a standard error of 7%, and
    // the mean of a hundred, five of each panel, about 1%.
    let mean: Double = ratios.reduce(0, +) / Double(ratios.count)
    #expect(abs(mean - 1.018) < 0.04)
    #expect(ratios.allSatisfy { (0.7...1.35).contains($0) })
  }

  /// GIV_SLOW_TESTS=1 makes five hundred draws and prints what the documentation shows.
  @Test(arguments: [Law(), Law(starts: [40]), Law(units: 200)])
  func `intervals hold the effects`(law: Law) throws {
    let isSlow = ProcessInfo.processInfo.environment["GIV_SLOW_TESTS"] == "1"
    let draws = isSlow ? 500 : law.units > 60 ? 20 : 60
    var (byTime, overall) = (0, 0)
    for seed in 0..<draws {
      let (draft, effects) = law.draw(10_000 + seed)
      let study = try law.study(draft)
      func holds(_ effect: EventStudy.Effect, _ value: Double) -> Bool {
        effect.lower! <= value && value <= effect.upper!
      }
      byTime += zip(study.effects, effects).count { holds($0, $1) }
      if holds(study.overall, effects.reduce(0, +) / Double(effects.count)) { overall += 1 }
    }
    let shares = (Double(byTime) / Double(draws * law.after), Double(overall) / Double(draws))
    if isSlow { print("event study, \(law): by time \(shares.0), overall \(shares.1)") }
    // Four standard errors of the few draws of a quick run.
    #expect(abs(shares.0 - 0.95) < (isSlow ? 0.025 : 0.08) && abs(shares.1 - 0.95) < (isSlow ? 0.03 : 0.12))
  }
}
