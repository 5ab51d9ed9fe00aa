import Communication
import Panels
import SyntheticInterventions
import TestSupport
import Testing

@Suite struct Prop99Tests {
  private static let targets = ["California", "Arizona", "Massachusetts", "Oregon", "Florida"]

  private func fit(
    _ first: Int, _ last: Int, _ change: (inout SyntheticInterventionsOptions) -> Void = { _ in }
  ) throws -> SyntheticInterventionsResult {
    var options = SyntheticInterventionsOptions(windows: Prop99.windows(first, last))
    options.targets = .named(Self.targets)
    change(&options)
    return try SyntheticInterventions(options).run(on: try Prop99.panel()).result
  }

  @Test func `all published and independent estimates come out`() throws {
    let expected = try Prop99.expected()
    #expect(expected.count == 60)
    for weighting in SyntheticInterventionsOptions.Weighting.allCases {
      for rule in [RankRule.donoho, .universalThreshold] {
        let result = try fit(1999, 2002) {
          if weighting == .biasCorrected { $0.takePublished() }
          $0.rank = rule
          if weighting == .principalComponents { $0.interval = .delta }
        }
        for row in expected where row.weighting == weighting && row.rule == rule {
          let cell = try #require(result.cells.first { $0.unit == row.target && $0.arm == row.arm })
          let actual = [cell.estimate!, cell.lower!, cell.upper!]
          for (a, b) in zip(actual, row.interval) { #expect(abs(a - b) < 1e-4, "\(row)") }
          #expect(cell.rank == row.rank && abs(cell.weightNorm! - row.weightNorm) < 1e-4, "\(row)")
          #expect(abs(cell.preRMSE! - row.preRMSE) < 1e-4, "\(row)")
          #expect(cell.own == (row.arm == "program"))
          #expect(cell.interval == (weighting == .principalComponents ? .delta : .published))
        }
      }
    }
  }

  @Test func `the published configuration covers as many donors as published, each arm in its window`() throws {
    let result = try fit(1999, 2002) {
      $0.takePublished()
      $0.armWindows = ["control": 19..<23, "program": 28..<32]
    }
    #expect(result.arms.map(\.name) == ["control", "taxes", "program"])
    #expect(result.arms.map(\.validation.covered) == [26, 6, 3])
    #expect(result.arms.map(\.validation.of) == [38, 7, 5])
    #expect(result.arms[0].after == ["1989", "1992"] && result.arms[2].after == ["1998", "2001"])
    let california = result.cells.filter { $0.unit == "California" }
    #expect(california.map(\.rank) == [5, 1, 1] && california.map(\.observedPath.count) == [4, 4, 4])
  }

  @Test func `the defaults say that the published interval is not to be believed`() throws {
    let published = try fit(1999, 2002) { $0.takePublished() }
    let control = published.arms[0]
    #expect(control.validation.covered == 8 && control.validation.of == 38)
    #expect(abs(control.calibrationFactor! - 5.532358796492154) < 1e-9)
    let result = try fit(1999, 2002)
    let arm = result.arms[0]
    #expect(abs(arm.fitTest!.f - 19.1194) < 1e-4 && arm.fitTest!.p < 1e-120)
    #expect(arm.verdict == .rejected && arm.validation.covered == 26)
    let late = try #require(result.cells.first { $0.unit == "California" })
    #expect(late.interval == .calibrated)
    #expect(abs(late.estimate! - 70.9) < 0.05 && abs(late.upper! - late.estimate! - 40.5) < 0.05)
    #expect(abs(arm.calibrationFactor! - 2.9760591087729833) < 1e-9)
    let early = try fit(1989, 1992)
    let cell = try #require(early.cells.first { $0.unit == "California" })
    #expect(abs(cell.estimate! - 82.1) < 0.05 && abs(cell.upper! - cell.estimate! - 16.1) < 0.05)
    #expect(early.arms[0].validation.covered == 33)
    // The rank path of California under control.
    let path = [80.8, 73.0, 73.8, 72.4, 70.9, 70.0, 69.9]
    for (a, b) in zip(late.rankPath, path) { #expect(abs(a! - b) < 0.05) }
    #expect(late.rankPath.count == 8)
    // Seven donors cannot be calibrated with.
    let taxes = try #require(result.cells.first { $0.unit == "California" && $0.arm == "taxes" })
    #expect(
      taxes.interval == .delta && taxes.reason == "uncalibrated: 7 donors, and calibration at level 0.95 needs 19")
  }

  @Test func `subspaces leave those before as measured`() throws {
    let arms = try fit(1989, 2000).arms
    for (arm, (tau, critical)) in zip(arms, [(1.458, 0.390), (0.705, 0.414)]) {
      #expect(abs(arm.subspace!.tau - tau) < 6e-4 && abs(arm.subspace!.criticalValue! - critical) < 6e-4)
      #expect(arm.subspace!.isRejected && arm.subspace!.failsHeuristic)
    }
    // The program's donors without California.
    let program = try fit(1989, 2000) { $0.donors = ["program": ["Arizona", "Massachusetts", "Oregon", "Florida"]] }
      .arms[2].subspace!
    #expect(abs(program.tau - 0.0029) < 6e-5 && abs(program.criticalValue! - 0.0009) < 6e-5)
    #expect(program.isRejected && !program.failsHeuristic)
  }

  @Test(arguments: SyntheticInterventionsOptions.Weighting.allCases)
  func `placebos stand as measured`(weighting: SyntheticInterventionsOptions.Weighting) throws {
    func california(_ first: Int, _ last: Int) throws -> (PlaceboInSpace, PlaceboInTime) {
      let result = try fit(first, last) {
        if weighting == .biasCorrected { $0.takePublished() } else { $0.interval = .delta }
        $0.targets = .named(["California"])
        ($0.placeboSpace, $0.placeboTimes) = (true, [10])
      }
      return (result.placeboSpace[0], result.placeboTime[0])
    }
    let (whole, time) = try california(1989, 2000)
    #expect(whole.unit == "California" && whole.rank == 1 && whole.of == 39 && abs(whole.p - 0.0256) < 5e-5)
    #expect(try california(1989, 1992).0.rank == (weighting == .biasCorrected ? 4 : 3))
    #expect(time.start == "1980")
    if weighting == .biasCorrected {
      #expect(abs(time.gap - 1.70) < 0.005 && abs(time.upper! - time.gap - 1.88) < 0.005)
    } else {
      #expect(abs(time.gap + 5.12) < 0.005)
    }
  }

  @Test func `the most serious warning comes first`() throws {
    let result = try fit(1999, 2002)
    let first = try #require(result.warnings.first)
    #expect(first.code == .outcomesLeaveFactors && first.severity == .invalid && first.name(.label) == "control")
    #expect(abs(first.number(.value) - 19.1194) < 1e-4)
    let codes = Set(result.warnings.map(\.code))
    #expect(codes.isSuperset(of: [.donorsUncovered, .intervalsUncalibrated, .subspaceUntestable]))
    // Its donors reproduce Oregon under taxes worse than each other.
    let far = result.warnings.filter { $0.code == .targetsNotReproduced }
    #expect(far.contains { $0.name(.label) == "taxes" && $0.names(.names).contains("Oregon") })
    #expect(result.arms.allSatisfy { $0.verdict == .rejected })
    // Without California the program's donors stay in their factors, and are too few to calibrate.
    let program = try fit(1999, 2002) { $0.donors = ["program": ["Arizona", "Massachusetts", "Oregon", "Florida"]] }
      .arms[2]
    #expect(abs(program.fitTest!.f - 1.3423) < 1e-4 && abs(program.fitTest!.p - 0.223) < 5e-4)
    #expect(program.verdict == .doubtful)
  }

  @Test(arguments: [1, 2, 3, 8]) func `the digest is the same on any number of ranks`(ranks: Int) throws {
    for weighting in SyntheticInterventionsOptions.Weighting.allCases {
      for leaveOut in [SyntheticInterventionsOptions.LeaveOut.exact, .fixedSubspace] {
        var options = SyntheticInterventionsOptions(windows: Prop99.windows(1999, 2002))
        (options.weighting, options.leaveOut) = (weighting, leaveOut)
        let fit = SyntheticInterventions(options)
        let alone = try fit.run(on: try Prop99.panel()).result
        let results = try LoopbackCommunicator.run(ranks: ranks) {
          try fit.run(on: try Prop99.panel(on: $0)).result
        }
        for result in results { #expect(result == alone) }
      }
    }
  }
}
