import Panels
import SyntheticInterventions
import TestSupport
import Testing

@Suite struct PanelOracleTests {
  private static let tolerance = 1e-9
  private let numbers: PanelOracle

  init() throws { numbers = try oracle("panels.json") }

  private func fit(
    _ test: PanelOracle.Case, layout: Panel.Layout = .units,
    _ change: (inout SyntheticInterventionsOptions) -> Void
  ) throws -> SyntheticInterventionsResult {
    var options = test.options(level: numbers.level)
    change(&options)
    return try SyntheticInterventions(options).run(on: try test.draft.panel(layout: layout)).result
  }

  /// Whether two numbers agree to the tolerance of the larger of 1 and the expected one.
  private func agree(_ actual: Double?, _ expected: Double, _ what: Comment) {
    #expect(actual.map { abs($0 - expected) < Self.tolerance * max(1, abs(expected)) } ?? false, what)
  }

  @Test(arguments: ["pcr-exact", "pcr-fixed", "bias-exact", "bias-fixed"])
  func `cells are those of whole matrices`(name: String) throws {
    for test in numbers.cases {
      let expected = test.analyses[name]!
      let result = try fit(test) {
        if name.hasPrefix("bias") { $0.weighting = .biasCorrected }
        $0.leaveOut = name.hasSuffix("exact") ? .exact : .fixedSubspace
      }
      var cells = result.cells[...]
      for (unit, arms) in expected.cells.enumerated() {
        for (arm, metrics) in arms.enumerated() {
          for (metric, want) in metrics.enumerated() {
            let cell = cells.removeFirst()
            let what = Comment(rawValue: "\(test.name) \(name) u\(unit) a\(arm) m\(metric)")
            #expect(cell.unit == "u\(unit)" && cell.arm == "a\(arm)" && cell.metric == "m\(metric)")
            try compare(cell, want, what)
          }
        }
      }
      #expect(cells.isEmpty)
      for (arm, want) in zip(result.arms, expected.arms) { compare(arm, want, "\(test.name) \(name) \(arm.name)") }
    }
  }

  private func compare(_ cell: CellAnswer, _ want: PanelOracle.Cell, _ what: Comment) throws {
    agree(cell.estimate, want.estimate, what)
    agree(cell.weightNorm, want.weightNorm, what)
    agree(cell.largestShare, want.largestShare, what)
    #expect(cell.own == want.isOwn && cell.rank == want.rank, what)
    #expect(distance(cell.path.compactMap(\.self), want.path) < Self.tolerance, what)
    let halves = Dictionary(uniqueKeysWithValues: cell.intervals.map { ($0.name, ($0.upper - $0.lower) / 2) })
    if let delta = want.delta {
      agree(halves["delta-confidence"], delta[0], what)
      agree(halves["delta-prediction"], delta[1], what)
    } else {
      #expect(halves["delta-prediction"] == nil)
    }
    agree(halves["published-confidence"], want.published["pooled"]![0], what)
    agree(halves["published-prediction"], want.published["pooled"]![1], what)
    if let rmse = want.preRMSE { agree(cell.preRMSE, rmse, what) }
    if let observed = want.observed { agree(cell.observed, observed, what) }
    if let count = want.effectiveDonors { agree(cell.effectiveDonors, count, what) }
    if let count = want.negativeDonors { #expect(cell.negativeDonors == count, what) }
    if let path = want.rankPath {
      #expect(
        distance(cell.rankPath.compactMap(\.self), Array(path.prefix(cell.rankPath.count))) < Self.tolerance, what)
      #expect(cell.rankPath.count == path.count, what)
    }
  }

  private func compare(_ arm: ArmAnswer, _ want: PanelOracle.Arm, _ what: Comment) {
    #expect(arm.donors == want.donors && arm.rank == want.rank, what)
    #expect(distance(arm.spectrum, want.spectrum) < Self.tolerance, what)
    agree(arm.fitTest?.f, want.fitTest["f"]!, what)
    agree(arm.fitTest?.p, want.fitTest["p"]!, what)
    agree(arm.fitTest?.df1, want.fitTest["df1"]!, what)
    agree(arm.fitTest?.df2, want.fitTest["df2"]!, what)
    agree(arm.subspace?.tau, want.subspace.tau, what)
    #expect(arm.subspace?.k1 == want.subspace.k1 && arm.subspace?.k2 == want.subspace.k2, what)
    #expect((arm.subspace?.criticalValue == nil) == (want.subspace.criticalValue == nil), what)
    if let critical = want.subspace.criticalValue { agree(arm.subspace?.criticalValue, critical, what) }
    let factors = want.factors.compactMap(\.self)
    if factors.count == want.factors.count { agree(arm.calibrationFactor, factors.max()!, what) }
  }

  @Test func `a donor's own interval is calibrated by the other donors`() throws {
    let test = numbers.cases[0]
    let result = try fit(test) { $0.leaveOut = .exact }
    func half(_ cell: CellAnswer, _ name: String) -> Double {
      cell.intervals.first { $0.name == name }.map { ($0.upper - $0.lower) / 2 } ?? .nan
    }
    let own = result.cells.filter { $0.own && $0.arm == "a0" }
    for cell in own {
      let ratios = own.filter { $0.unit != cell.unit }.map { abs($0.effect!) / half($0, "delta-prediction") }.sorted()
      let order = Int((Double(ratios.count + 1) * numbers.level).rounded(.up))
      agree(half(cell, "calibrated"), ratios[order - 1] * half(cell, "delta-prediction"), "\(cell.unit)")
      #expect(cell.interval == .calibrated)
      agree(cell.upper, cell.estimate! + half(cell, "calibrated"), "\(cell.unit)")
    }
  }

  @Test func `the four variances are told apart`() throws {
    for variance in SyntheticInterventionsOptions.Variance.allCases {
      let test = numbers.cases[0]
      let result = try fit(test) {
        $0.variance = variance
        $0.interval = .published
        $0.leaveOut = .exact
      }
      let expected = test.analyses["pcr-exact"]!.cells.joined().joined()
      for (cell, want) in zip(result.cells, expected) {
        agree(cell.upper, want.estimate + want.published[variance.rawValue]![1], "\(variance)")
      }
    }
  }

  @Test func `contrasts, placebos, power and dropped donors are those of whole matrices`() throws {
    for test in numbers.cases where test.metrics == 1 {
      let treated = try #require(test.treated)
      let result = try fit(test) {
        $0.leaveOut = .exact
        $0.contrasts = [.init(treated: "a1", control: "a0")]
        ($0.placeboSpace, $0.leavesOneDonorOut, $0.findsPower) = (true, true, true)
        $0.placeboTimes = [test.placeboTime!.start]
        $0.interval = .delta
      }
      for (answer, want) in zip(result.contrasts, test.contrasts!) {
        agree(answer.estimate, want.estimate, "contrast")
        agree(answer.standardError, want.standardError, "contrast")
      }
      for (unit, want) in zip(treated, test.placeboSpace!) {
        let answer = try #require(result.placeboSpace.first { $0.unit == "u\(unit)" })
        agree(answer.ratio, want.ratio, "placebo")
        #expect(answer.rank == want.rank && answer.p == want.p && answer.oneSidedP == want.oneSidedP)
        #expect((answer.lower == nil) == (want.set == nil))
        if let set = want.set {
          agree(answer.lower, set[0], "set")
          agree(answer.upper, set[1], "set")
        }
      }
      agree(result.power[0].positive, test.power!["positive"]!, "power")
      agree(result.power[0].negative, test.power!["negative"]!, "power")
      for want in test.dropped! {
        let answer = try #require(
          result.leaveOneDonorOut.first { $0.unit == "u\(want.unit)" && $0.arm == "a\(want.arm)" })
        agree(answer.lowest, want.lowest, "dropped")
        agree(answer.highest, want.highest, "dropped")
        #expect(answer.lowestWithout == "u\(want.lowestWithout)" && answer.highestWithout == "u\(want.highestWithout)")
      }
      for want in test.placeboTime!.answers {
        let answer = try #require(result.placeboTime.first { $0.unit == "u\(want.unit)" })
        agree(answer.gap, want.gap, "time")
        agree(answer.upper, want.gap + want.half, "time")
      }
    }
  }

  @Test func `cohorts of an event study are those of whole matrices`() throws {
    let study = numbers.eventStudy
    var draft = PanelDraft(arms: ["none", "some"], periods: (0..<study.values[0].count).map { "p\($0)" })
    for (unit, start) in study.starts.enumerated() { draft.add("u\(unit)", arm: start < 0 ? "none" : "some") }
    draft.values = study.values
    draft.starts = study.starts.map { $0 < 0 ? nil : $0 }
    var options = SyntheticInterventionsOptions(
      windows: PeriodWindows(before: 0..<study.before, after: study.before..<study.before + study.after))
    (options.eventStudy, options.rank) = (true, .fixed(2))
    let answer = try SyntheticInterventions(options).run(on: try draft.panel()).result.eventStudy[0]
    #expect(distance(answer.effects.compactMap(\.estimate), study.effects) < Self.tolerance)
    agree(answer.overall.estimate, study.effects.reduce(0, +) / Double(study.effects.count), "overall")
    #expect(answer.cohorts.map(\.start) == study.cohorts.map { "p\($0.start)" })
    #expect(answer.cohorts.map(\.donors) == study.cohorts.map(\.donors))
    for (cohort, want) in zip(answer.cohorts, study.cohorts) {
      #expect(distance(cohort.effects.compactMap(\.self), want.effects) < Self.tolerance)
    }
    #expect(answer.leftOut == ["u22", "u23"] && answer.draws == 200 && answer.reason == nil)
    #expect(answer.overall.lower! < answer.overall.estimate! && answer.overall.estimate! < answer.overall.upper!)
    // With as few untreated units as treated ones, no interval.
    options.excluded = (0..<8).map { "u\($0)" }
    let few = try SyntheticInterventions(options).run(on: try draft.panel()).result.eventStudy[0]
    #expect(few.overall.lower == nil && few.reason!.hasPrefix("6 untreated units are fewer than the 8 treated"))
  }

  @Test func `missing outcomes are filled to the fixed point, and targets regressed on what is observed`() throws {
    let missing = numbers.missing
    var draft = PanelDraft(arms: ["a0", "a1"], periods: (0..<missing.values[0].count).map { "p\($0)" })
    for (unit, arm) in missing.unitArms.enumerated() { draft.add("u\(unit)", arm: "a\(arm)") }
    draft.values = missing.values.map { $0.map { $0 ?? .nan } }
    var options = SyntheticInterventionsOptions(
      windows: PeriodWindows(
        before: missing.before[0]..<missing.before[1], after: missing.after[0]..<missing.after[1]))
    (options.arms, options.rank, options.interval) = (["a0"], .fixed(missing.rank), .delta)
    options.level = numbers.level
    let result = try SyntheticInterventions(options).run(on: try draft.panel()).result
    #expect(result.fillRounds > 3 && result.shareMissing > 0.05)
    for want in missing.answers {
      let cell = try #require(result.cells.first { $0.unit == "u\(want.unit)" })
      // Rounds end at a relative change of 1e-7.
      #expect(abs(cell.estimate! - want.estimate) < 1e-6 * abs(want.estimate), "u\(want.unit)")
      #expect(abs(cell.upper! - cell.estimate! - want.half) < 1e-5 * want.half, "u\(want.unit)")
    }
  }

  @Test func `rows of periods give what rows of units give`() throws {
    for test in numbers.cases {
      let (units, periods) = (try fit(test) { _ in }, try fit(test, layout: .periods) { _ in })
      for (cell, other) in zip(units.cells, periods.cells) {
        agree(other.estimate, cell.estimate!, "layout")
        agree(other.upper, cell.upper!, "layout")
      }
      #expect(units.cells.count == periods.cells.count)
    }
  }
}
