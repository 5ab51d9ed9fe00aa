import Communication
import Diagnostics
import Panels
import SyntheticInterventions
import TestSupport
import Testing

@Suite struct InterventionRefusalTests {
  private func draft() throws -> PanelDraft {
    var draft = PanelDraft(arms: ["none", "tax", "ban"], periods: (0..<9).map { "\(1990 + $0)" })
    for unit in 0..<12 {
      draft.add("unit \(unit)", arm: ["none", "none", "tax"][unit % 3])
      draft.values[unit] = (0..<9).map { Double((unit * 7 + $0 * 5 + unit * $0 * 3) % 11) + Double(unit) }
    }
    draft.add("alone", arm: "ban")
    draft.values[12] = (0..<9).map { Double($0) }
    return draft
  }

  /// The same failure on one rank and on three.
  private func refused(
    _ draft: PanelDraft, _ change: @escaping @Sendable (inout SyntheticInterventionsOptions) -> Void = { _ in }
  ) throws -> Failure? {
    let outcomes = try [1, 3].flatMap { ranks in
      try LoopbackCommunicator.run(ranks: ranks) { communicator in
        failure {
          var options = SyntheticInterventionsOptions(windows: PeriodWindows(before: 0..<5, after: 6..<9))
          change(&options)
          _ = try SyntheticInterventions(options).run(on: try draft.panel(on: communicator))
        }
      }
    }
    #expect(Set(outcomes.map(\.?.message)).count == 1)
    return outcomes[0]
  }

  @Test func `names that the panel does not have are refused with close ones`() throws {
    let unknown = try refused(draft()) { $0.targets = .named(["unit 13"]) }
    #expect(unknown?.exitCode == .usage && unknown!.message.contains("'unit 13'"))
    #expect(unknown!.message.contains("close ones are unit 0"))
    let arm = try refused(draft()) { $0.arms = ["taxes"] }
    #expect(arm?.exitCode == .usage && arm!.message.hasSuffix("close ones are tax"))
    let donor = try refused(draft()) { $0.donors = ["none": ["unit 0", "unit 2"]] }
    #expect(donor?.exitCode == .usage && donor!.message.contains("'unit 2' for arm 'none', and it came under 'tax'"))
    let empty = try refused(draft()) { $0.excluded = ["alone"] }
    #expect(empty?.exitCode == .usage && empty!.message.contains("arm 'ban' has no donors"))
    let both = try refused(draft()) { ($0.targets, $0.excluded) = (.named(["unit 3"]), ["unit 3"]) }
    #expect(both?.exitCode == .usage && both!.message.hasPrefix("--targets and --exclude both name unit 'unit 3'"))
    let contrast = try refused(draft()) { $0.contrasts = [.init(treated: "taxi", control: "none")] }
    #expect(contrast?.exitCode == .usage)
  }

  @Test func `windows that are none are refused`() throws {
    for (before, after, code) in [
      (0..<5, 4..<9, ExitCode.usage), (5..<8, 0..<3, .usage), (0..<5, 6..<10, .usage), (0..<5, 6..<6, .usage),
      (0..<1, 6..<9, .data),
    ] {
      let outcome = try refused(draft()) { $0.windows = PeriodWindows(before: before, after: after) }
      #expect(outcome?.exitCode == code, "\(before) \(after)")
    }
    let own = try refused(draft()) { $0.armWindows = ["tax": 3..<6] }
    #expect(own?.exitCode == .usage && own!.message.contains("of arm 'tax'"))
    let time = try refused(draft()) { $0.placeboTimes = [1] }
    #expect(time?.exitCode == .usage && time!.message.contains("give one from 1992 to 1994"))
    let study = try refused(draft()) { $0.eventStudy = true }
    #expect(study?.exitCode == .data && study!.message.contains("'start'"))
  }

  @Test func `units and periods without outcomes are refused by name`() throws {
    var lost = try draft()
    lost.values[4] = lost.values[4].map { _ in .nan }
    let unit = try refused(lost)
    #expect(unit?.exitCode == .data && unit!.message.contains("'unit 4' has no outcome"))
    var period = try draft()
    for unit in 0..<12 where unit % 3 == 2 { period.values[unit][3] = .nan }
    let missing = try refused(period)
    #expect(missing?.exitCode == .data && missing!.message.contains("arm 'tax' has an outcome in period '1993'"))
    var few = try draft()
    for period in 0..<4 { few.values[12][period] = .nan }
    let target = try refused(few) {
      $0.arms = ["none"]
      $0.rank = .fixed(1)
    }
    #expect(target?.exitCode == .data && target!.message.contains("unit 'alone' has 1 observed values before"))
  }

  @Test func `no interval stands where none exists, and the reason beside it`() throws {
    var options = SyntheticInterventionsOptions(windows: PeriodWindows(before: 0..<5, after: 6..<9))
    options.rank = .fixed(4)
    let result = try SyntheticInterventions(options).run(on: try draft().panel()).result
    let alone = try #require(result.cells.first { $0.arm == "ban" && !$0.own })
    #expect(alone.estimate != nil && alone.interval == nil && alone.lower == nil)
    #expect(alone.reason == "one donor: its noise cannot be told from its outcomes")
    let own = try #require(result.cells.first { $0.arm == "ban" && $0.own })
    #expect(own.estimate == nil && own.observed != nil)
    let tax = try #require(result.cells.first { $0.arm == "tax" && !$0.own })
    #expect(tax.interval == .delta && tax.reason == "uncalibrated: 4 donors, and calibration at level 0.95 needs 19")
    #expect(result.arms[1].rank == 3 && result.arms[1].verdict != .supported)
    #expect(result.warnings.contains { $0.code == .rankLowered && $0.name(.label) == "tax" })
    #expect(result.warnings.contains { $0.code == .intervalsUncalibrated })
    #expect(result.warnings.contains { $0.code == .intervalsLacking && $0.name(.label) == "ban" })
  }

  @Test func `a panel that never changes is answered without an interval`() throws {
    var constant = try draft()
    constant.values = constant.values.map { $0.map { _ in 5 } }
    let options = SyntheticInterventionsOptions(windows: PeriodWindows(before: 0..<5, after: 6..<9))
    let result = try SyntheticInterventions(options).run(on: try constant.panel()).result
    for cell in result.cells where !(cell.own && cell.arm == "ban") {
      #expect(abs(cell.estimate! - 5) < 1e-9 && cell.interval == nil && cell.reason != nil)
    }
  }

  @Test func `a placebo test of few placebos rejects nothing, and says what it needs`() throws {
    var options = SyntheticInterventionsOptions(windows: PeriodWindows(before: 0..<5, after: 6..<9))
    (options.placeboSpace, options.findsPower) = (true, true)
    let result = try SyntheticInterventions(options).run(on: try draft().panel()).result
    #expect(result.placeboSpace.allSatisfy { $0.lower == nil && $0.reason!.contains("it needs 19") && $0.of == 9 })
    #expect(result.power[0].positive == nil && result.power[0].reason!.contains("it needs 20"))
  }
}
