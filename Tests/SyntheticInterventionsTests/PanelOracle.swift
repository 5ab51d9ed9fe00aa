import Panels
import SyntheticInterventions
import TestSupport

/// Panels, and what another program answers; see Tests/OracleFixtures.
struct PanelOracle: Decodable {
  struct Cell: Decodable {
    let estimate: Double
    let path: [Double]
    let weightNorm: Double
    /// Half of confidence and prediction intervals.
    let delta: [Double]?
    let published: [String: [Double]]
    let preRMSE: Double?
    let rank: Int
    let observed: Double?
    let isOwn: Bool
    let rankPath: [Double]?
    let largestShare: Double
    let effectiveDonors: Double?
    let negativeDonors: Int?
  }

  struct Arm: Decodable {
    struct Subspace: Decodable {
      let tau: Double
      let criticalValue: Double?
      let k1: Int
      let k2: Int
    }

    let donors: Int
    let rank: Int
    let spectrum: [Double]
    let fitTest: [String: Double]
    let subspace: Subspace
    let factors: [Double?]
  }

  struct Analysis: Decodable {
    let arms: [Arm]
    /// By unit, arm and metric.
    let cells: [[[Cell]]]
  }

  struct Contrast: Decodable {
    let estimate: Double
    let standardError: Double
  }

  struct Placebo: Decodable {
    let ratio: Double
    let rank: Int
    let p: Double
    let oneSidedP: Double
    let set: [Double]?
  }

  struct Dropped: Decodable {
    let unit: Int
    let arm: Int
    let lowest: Double
    let lowestWithout: Int
    let highest: Double
    let highestWithout: Int
  }

  struct Late: Decodable {
    struct Answer: Decodable {
      let unit: Int
      let gap: Double
      let half: Double
    }
    let start: Int
    let answers: [Answer]
  }

  struct Case: Decodable {
    let name: String
    let values: [[Double]]
    let metrics: Int
    let periods: Int
    let unitArms: [Int]
    let before: [Int]
    let after: [[Int]]
    let rules: [String]
    let analyses: [String: Analysis]
    let contrasts: [Contrast]?
    let treated: [Int]?
    let placeboSpace: [Placebo]?
    let power: [String: Double]?
    let dropped: [Dropped]?
    let placeboTime: Late?
  }

  struct Study: Decodable {
    struct Cohort: Decodable {
      let start: Int
      let donors: Int
      let treated: Int
      let effects: [Double]
    }
    let values: [[Double]]
    let starts: [Int]
    let before: Int
    let after: Int
    let cohorts: [Cohort]
    let effects: [Double]
  }

  struct Missing: Decodable {
    struct Answer: Decodable {
      let unit: Int
      let estimate: Double
      let half: Double
    }
    let values: [[Double?]]
    let unitArms: [Int]
    let before: [Int]
    let after: [Int]
    let rank: Int
    let answers: [Answer]
  }

  let level: Double
  let cases: [Case]
  let eventStudy: Study
  let missing: Missing
}

extension PanelOracle.Case {
  var draft: PanelDraft {
    var draft = PanelDraft(arms: (0...unitArms.max()!).map { "a\($0)" }, periods: (0..<periods).map { "p\($0)" })
    draft.metrics = (0..<metrics).map { "m\($0)" }
    for (unit, arm) in unitArms.enumerated() { draft.add("u\(unit)", arm: "a\(arm)") }
    draft.values = values
    return draft
  }

  func options(level: Double) -> SyntheticInterventionsOptions {
    let windows = after.map { $0[0]..<$0[1] }
    var options = SyntheticInterventionsOptions(
      windows: PeriodWindows(before: before[0]..<before[1], after: windows[0]))
    options.level = level
    for (arm, window) in windows.enumerated() {
      options.armWindows["a\(arm)"] = window
      options.armRanks["a\(arm)"] = Self.rule(rules[arm])
    }
    return options
  }

  private static func rule(_ text: String) -> RankRule {
    let parts = text.split(separator: ":")
    return switch parts[0] {
    case "energy": .energy(Double(parts[1])!)
    case "fixed": .fixed(Int(parts[1])!)
    default: .universalThreshold
    }
  }
}
