import Communication
import Diagnostics
import Panels
import Runs
import SyntheticInterventions
import TestSupport
import Testing

@Suite struct InterventionRunTests {
  /// A panel with missing cells, so that cells are filled, donors left out and placebos made in rounds that can be stopped.
  private static func draft() throws -> PanelDraft {
    var draft = PanelDraft(arms: ["none", "tax"], periods: (0..<10).map(String.init))
    for unit in 0..<16 {
      draft.add("u\(unit)", arm: unit < 11 ? "none" : "tax")
      draft.values[unit] = (0..<10).map { period in
        let value = Double((unit * 5 + period * 3 + unit * unit * period) % 13)
        return unit % 4 == 1 && period == unit % 7 ? .nan : value + Double(unit % 5 * period)
      }
    }
    return draft
  }

  private static var estimator: SyntheticInterventions {
    var options = SyntheticInterventionsOptions(windows: PeriodWindows(before: 0..<7, after: 7..<10))
    (options.rank, options.level, options.leaveOut) = (.fixed(2), 0.8, .exact)
    (options.placeboSpace, options.placeboTimes, options.placeboIncludesTarget) = (true, [4], true)
    return SyntheticInterventions(options)
  }

  @Test func `a run that is stopped again and again, on other ranks each time, ends with the same answer`() throws {
    let expected = try Self.estimator.run(on: try Self.draft().panel()).result
    try withTemporaryDirectory { folder in
      let path = folder.appendingPathComponent("run").path
      var stops = 0
      var answers: [SyntheticInterventionsResult] = []
      while answers.isEmpty {
        let isFirst = stops == 0
        // The later runs stop after three passes.
        let outcome = try? LoopbackCommunicator.run(ranks: 1 + stops % 3) { communicator in
          let passes = Monitor(0)
          let run = try Run(
            folder: path, files: ["a"], existing: isFirst ? .refuse : .resume, on: communicator,
            observer: { _ in passes.withLock { $0 += 1 } }, isStopRequested: { passes.withLock { $0 } >= 3 })
          return try Self.estimator.run(on: try Self.draft().panel(on: communicator), in: run).result
        }
        answers = outcome ?? []
        stops += 1
        try #require(stops < 500)
      }
      #expect(stops > 3 && answers.allSatisfy { $0 == expected })
    }
  }
}
