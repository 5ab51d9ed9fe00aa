import Communication
import Frames
import LinearAlgebra
import Panels
import Runs
import Storage
import SyntheticInterventions
import TestSupport
import Testing

/// What must not matter does not.
@Suite struct InterventionInvarianceTests {
  /// A factor model of 23 units, 3 arms and 18 periods, the last 6 after.
  private static func draft(noise: Double = 0.3, missing: Double = 0) -> PanelDraft {
    let random = CounterRandom(seed: 8, stream: .test)
    var draft = PanelDraft(arms: ["none", "tax", "ban"], periods: (0..<18).map { "\(2000 + $0)" })
    for unit in 0..<23 {
      let arm = unit < 14 ? 0 : unit < 19 ? 1 : 2
      draft.add("u\(unit)", arm: draft.arms[arm])
      let loadings = (0..<2).map { 1 + random.normal(row: unit, draw: $0) }
      draft.values[unit] = (0..<18).map { period in
        let paths = (0..<2).map { Elementary.sin(Double(period * ($0 + 1)) * 0.7) + 2 }
        let lost = random.uniform(row: unit, draw: 200 + period) < missing && period % 5 > 0
        let value =
          loadings[0] * paths[0] + loadings[1] * paths[1] * (period >= 12 ? 1 + Double(arm) / 2 : 1)
        return lost ? .nan : value + noise * random.normal(row: unit, draw: 10 + period)
      }
    }
    return draft
  }

  private static var options: SyntheticInterventionsOptions {
    var options = SyntheticInterventionsOptions(windows: PeriodWindows(before: 0..<12, after: 12..<18))
    options.level = 0.8
    options.contrasts = [.init(treated: "tax", control: "none")]
    (options.placeboSpace, options.leavesOneDonorOut, options.findsPower) = (true, true, true)
    options.placeboTimes = [8]
    return options
  }

  private func fit(
    _ draft: PanelDraft, on communicator: any Communicator = SoloCommunicator(), chunkLength: Int = 4,
    storage: FrameStorage = .memory, _ change: (inout SyntheticInterventionsOptions) -> Void = { _ in }
  ) throws -> SyntheticInterventionsResult {
    var options = Self.options
    change(&options)
    return try SyntheticInterventions(options)
      .run(on: try draft.panel(on: communicator, chunkLength: chunkLength, storage: storage)).result
  }

  @Test(arguments: SyntheticInterventionsOptions.Weighting.allCases)
  func `the whole answer is the same on any number of ranks, streamed or not, with missing outcomes or not`(
    weighting: SyntheticInterventionsOptions.Weighting
  ) throws {
    for (missing, leaveOut) in [(0.0, SyntheticInterventionsOptions.LeaveOut.exact), (0.1, .fixedSubspace)] {
      let draft = Self.draft(missing: missing)
      let change: @Sendable (inout SyntheticInterventionsOptions) -> Void = {
        $0.weighting = weighting
        $0.leaveOut = leaveOut
        $0.placeboIncludesTarget = leaveOut == .exact
      }
      let alone = try fit(draft, change)
      #expect((missing > 0) == (alone.fillRounds > 0))
      for ranks in [2, 3, 4, 8] {
        for answer in try LoopbackCommunicator.run(ranks: ranks, { try self.fit(draft, on: $0, change) }) {
          #expect(answer == alone, "\(ranks) ranks, missing \(missing)")
        }
      }
      let streamed = try LoopbackCommunicator.run(ranks: 2) {
        try self.fit(draft, on: $0, storage: .stream(windowBytes: 2000), change)
      }
      #expect(streamed.allSatisfy { $0 == alone })
    }
  }

  @Test(arguments: SyntheticInterventionsOptions.Weighting.allCases, [0, 0.1])
  func `donors that the shared subspace foretells from the others are listed alike on every rank`(
    weighting: SyntheticInterventionsOptions.Weighting, missing: Double
  ) throws {
    let draft = Self.draft(missing: missing)
    let change: @Sendable (inout SyntheticInterventionsOptions) -> Void = {
      ($0.weighting, $0.leaveOut) = (weighting, .fixedSubspace)
      ($0.placeboSpace, $0.findsPower) = (false, false)
    }
    let alone = try fit(draft, change)
    #expect(alone.leaveOut == .fixedSubspace && alone.cells.filter(\.own).count == 23)
    for ranks in [2, 3, 8] {
      let answers = try LoopbackCommunicator.run(ranks: ranks) { try self.fit(draft, on: $0, change) }
      #expect(answers.allSatisfy { $0 == alone }, "\(ranks) ranks")
    }
  }

  @Test(
    arguments: [SyntheticInterventionsOptions.Weighting.biasCorrected, .principalComponents],
    [SyntheticInterventionsOptions.LeaveOut.exact, .fixedSubspace])
  func `an only donor is foretold by no others, on any number of ranks`(
    weighting: SyntheticInterventionsOptions.Weighting, leaveOut: SyntheticInterventionsOptions.LeaveOut
  ) throws {
    var draft = Self.draft()
    draft.permute([0, 1, 2, 3, 4, 5, 15])
    let change: @Sendable (inout SyntheticInterventionsOptions) -> Void = {
      ($0.weighting, $0.leaveOut, $0.rank, $0.arms) = (weighting, leaveOut, .fixed(1), ["none", "tax"])
      ($0.placeboSpace, $0.findsPower, $0.leavesOneDonorOut) = (false, false, false)
    }
    let alone = try fit(draft, change)
    let own = try #require(alone.cells.first { $0.arm == "tax" && $0.own })
    #expect(own.unit == "u15" && own.estimate == nil && !own.path.isEmpty && own.path.allSatisfy { $0 == nil })
    #expect(own.effect == nil && own.observed != nil)
    let answers = try LoopbackCommunicator.run(ranks: 3) { [draft] in try self.fit(draft, on: $0, change) }
    #expect(answers.allSatisfy { $0 == alone })
  }

  @Test func `fewer units than ranks change nothing`() throws {
    var draft = Self.draft()
    draft.permute([0, 1, 2, 3, 4, 15, 16, 20, 21])
    let change: @Sendable (inout SyntheticInterventionsOptions) -> Void = {
      ($0.placeboSpace, $0.findsPower) = (false, false)
    }
    let alone = try fit(draft, chunkLength: 1, change)
    let answers = try LoopbackCommunicator.run(ranks: 12) { [draft] in
      try self.fit(draft, on: $0, chunkLength: 1, change)
    }
    #expect(answers.allSatisfy { $0.tableDigest == alone.tableDigest })
  }

  /// By unit and arm.
  private func estimates(_ result: SyntheticInterventionsResult) -> [String: [Double]] {
    Dictionary(
      uniqueKeysWithValues: result.cells.map {
        (
          "\($0.unit) \($0.arm)",
          [$0.estimate!, $0.lower!, $0.upper!, $0.weightNorm!, $0.preRMSE!] + $0.path.map { $0! }
        )
      })
  }

  private func expectSame(_ first: [String: [Double]], _ second: [String: [Double]], _ what: Comment) {
    #expect(first.keys.sorted() == second.keys.sorted(), what)
    for (key, numbers) in first { #expect(distance(second[key] ?? [], numbers) < 1e-9, what) }
  }

  @Test(arguments: SyntheticInterventionsOptions.Weighting.allCases)
  func `the order of units and the names of arms change no estimate`(
    weighting: SyntheticInterventionsOptions.Weighting
  ) throws {
    let draft = Self.draft()
    let expected = estimates(try fit(draft) { $0.weighting = weighting })
    var permuted = draft
    permuted.permute((0..<23).map { ($0 * 7 + 3) % 23 })
    expectSame(expected, estimates(try fit(permuted) { $0.weighting = weighting }), "order")
    // Arms in another order, the first staying first.
    var renamed = draft
    renamed.arms = ["none", "ban", "tax"]
    renamed.unitArms = draft.unitArms.map { [0, 2, 1][$0] }
    expectSame(expected, estimates(try fit(renamed) { $0.weighting = weighting }), "arms")
  }

  @Test func `outcomes in other units give estimates in these`() throws {
    let draft = Self.draft()
    var scaled = draft
    scaled.values = draft.values.map { $0.map { 1000 * $0 } }
    let (first, second) = (try fit(draft), try fit(scaled))
    for (a, b) in zip(first.cells, second.cells) {
      #expect(abs(1000 * a.estimate! - b.estimate!) < 1e-9 * abs(b.estimate!))
      #expect(abs(1000 * a.lower! - b.lower!) < 1e-6 && abs(a.weightNorm! - b.weightNorm!) < 1e-9)
    }
    #expect(abs(first.placeboSpace[0].ratio - second.placeboSpace[0].ratio) < 1e-9)
    for (a, b) in zip(first.arms, second.arms) { #expect(abs(a.fitTest!.p - b.fitTest!.p) < 1e-9) }
  }

  @Test func `without noise the truth comes back`() throws {
    let draft = Self.draft(noise: 0)
    let result = try fit(draft) { $0.rank = .fixed(2) }
    // Under its own arm the mean observed is the truth.
    for cell in result.cells where cell.own { #expect(abs(cell.effect!) < 1e-8) }
    // Weights are of factors alone: a unit's outcome under no arm is that before 12, went on.
    let random = CounterRandom(seed: 8, stream: .test)
    for unit in 14..<23 {
      let loadings = (0..<2).map { 1 + random.normal(row: unit, draw: $0) }
      let truth = (12..<18).map { (period: Int) -> Double in
        let paths = (0..<2).map { Elementary.sin(Double(period * ($0 + 1)) * 0.7) + 2 }
        return loadings[0] * paths[0] + loadings[1] * paths[1]
      }
      let cell = try #require(result.cells.first { $0.unit == "u\(unit)" && $0.arm == "none" })
      #expect(distance(cell.path.compactMap(\.self), truth) < 1e-8)
      #expect(cell.interval == nil && cell.reason == "donors and target show no noise")
    }
  }

  @Test func `a donor that is there twice changes no estimate at a fixed rank without noise, and no subspace`() throws {
    let draft = Self.draft(noise: 0)
    var doubled = draft
    doubled.add("copy", arm: "none")
    doubled.values[23] = draft.values[3]
    let (first, second) = (try fit(draft) { $0.rank = .fixed(2) }, try fit(doubled) { $0.rank = .fixed(2) })
    for cell in first.cells where cell.arm == "none" && !cell.own {
      let other = try #require(second.cells.first { $0.unit == cell.unit && $0.arm == cell.arm })
      #expect(distance(other.path.compactMap(\.self), cell.path.compactMap(\.self)) < 1e-8)
    }
  }

  @Test(arguments: SyntheticInterventionsOptions.Weighting.allCases)
  func `dropping incomplete donors is what excluding them is`(
    weighting: SyntheticInterventionsOptions.Weighting
  ) throws {
    let draft = Self.draft(missing: 0.02)
    let change: @Sendable (inout SyntheticInterventionsOptions) -> Void = {
      ($0.weighting, $0.arms, $0.rank, $0.contrasts) = (weighting, ["none"], .fixed(2), [])
    }
    let filled = try fit(draft, change)
    let incomplete = (0..<14).filter { unit in draft.values[unit].contains(where: \.isNaN) }
    #expect((1..<12).contains(incomplete.count))
    let dropped = try fit(draft) {
      change(&$0)
      $0.excluded = incomplete.map { draft.units[$0] }
    }
    let complete = try #require(filled.arms[0].completeDonors)
    #expect(complete.donors == 14 - incomplete.count && complete.rank == 2 && dropped.arms[0].completeDonors == nil)
    let shifts = try dropped.cells.filter { !$0.own }.map { cell in
      let before = try #require(filled.cells.first { $0.unit == cell.unit })
      let name = weighting == .biasCorrected ? "published-prediction" : "delta-prediction"
      let interval = try #require(before.intervals.first { $0.name == name })
      return abs(cell.estimate! - before.estimate!) * 2 / (interval.upper - interval.lower)
    }
    #expect(abs(complete.shift! - shifts.max()!) < 1e-9 * complete.shift! && complete.shift! > 0)
    let found = try #require(filled.warnings.first { $0.code == .donorsIncomplete })
    #expect(found.count(.count) == complete.donors && found.number(.value) == complete.shift)
  }

  @Test func `starts within the windows are told, with the units`() throws {
    var draft = Self.draft()
    draft.starts = (0..<23).map { $0 < 14 ? nil : 12 }
    #expect(try !fit(draft).warnings.contains { $0.code == .startsWithinWindows })
    (draft.starts![15], draft.starts![17], draft.starts![3]) = (11, 13, 17)
    let found = try fit(draft).warnings.filter { $0.code == .startsWithinWindows }
    #expect(found.map { $0.name(.label) } == ["none", "tax"])
    #expect(found.map { $0.names(.names) } == [["u3"], ["u15", "u17"]])
  }

  @Test func `names that no path may hold are kept in the files`() throws {
    var draft = Self.draft()
    (draft.units[20], draft.arms[1]) = ("a/b//..", "1/2")
    let folder = try ScratchFolder()
    var options = Self.options
    (options.targets, options.contrasts) = (.named(["a/b//.."]), [])
    let fitted = try SyntheticInterventions(options).run(on: try draft.panel())
    try SyntheticInterventionsFiles(fitted, origin: [:]).write { folder.file($0) }
    let file = try HDF5File.open(folder.file("si.h5"))
    #expect(try file.attribute("name", of: "arm/1") == .string("1/2"))
    #expect(try file.attribute("unit", of: "weights/1") == .string("a/b//.."))
    #expect(try file.attribute("arm", of: "weights/1") == .string("1/2"))
    #expect(try file.dataset("weights/1/donors").readStrings(rows: 0..<5) == (14..<19).map { "u\($0)" })
  }

  @Test func `a result survives encoding`() throws {
    let result = try fit(Self.draft(missing: 0.05))
    #expect(try decoded(encoded(result), as: SyntheticInterventionsResult.self) == result)
  }

  @Test func `files have the same bytes on any number of ranks, and a row for each answer`() throws {
    let draft = Self.draft(missing: 0.05)
    func write(_ ranks: Int) throws -> ScratchFolder {
      let folder = try ScratchFolder()
      let path = folder.path
      _ = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let fitted = try SyntheticInterventions(Self.options).run(on: try draft.panel(on: communicator))
        try SyntheticInterventionsFiles(fitted, origin: ["input-digest": "x"]).write { "\(path)/\($0)" }
      }
      return folder
    }
    let (alone, several) = (try write(1), try write(3))
    for name in SyntheticInterventionsFiles.names {
      #expect(try bytes(alone.file(name)) == bytes(several.file(name)), "\(name)")
    }
    let lines = try text(alone.file("table.csv")).split(separator: "\n")
    #expect(lines.count == 1 + 23 * 3 && lines[0].hasPrefix("unit,arm,metric,own,rank,estimate,conf.low"))
    let result = try fit(draft)
    let first = lines[1].split(separator: ",", omittingEmptySubsequences: false)
    #expect(Double(first[5]) == result.cells[0].estimate && Double(first[6]) == result.cells[0].lower)
    #expect(try text(alone.file("paths.csv")).split(separator: "\n").count == 1 + 23 * 3 * 18)
  }

  /// So many units that datasets are written in several parts.
  @Test func `lines of text have the numbers of the datasets, on any number of ranks`() throws {
    let random = CounterRandom(seed: 9, stream: .test)
    let count = 20_000
    var draft = PanelDraft(arms: ["none", "tax, \"new\""], periods: (0..<6).map(String.init))
    for unit in 0..<count {
      draft.add("u\(unit)", arm: draft.arms[unit % 3 == 1 ? 1 : 0])
      draft.values[unit] = (0..<6).map { period in
        unit == 7 && period == 2
          ? .nan : Double(period + 1) * random.normal(row: unit, draw: 0) + random.normal(row: unit, draw: 1 + period)
      }
    }
    var options = SyntheticInterventionsOptions(windows: PeriodWindows(before: 0..<4, after: 4..<6))
    (options.rank, options.leaveOut, options.targets) = (.fixed(1), .fixedSubspace, .all)
    let folder = try ScratchFolder()
    let path = folder.path
    for ranks in [1, 3] {
      _ = try LoopbackCommunicator.run(ranks: ranks) { [draft, options] communicator in
        let panel = try draft.panel(on: communicator, chunkLength: 1024)
        try SyntheticInterventionsFiles(SyntheticInterventions(options).run(on: panel), origin: [:]).write {
          "\(path)/\(ranks)-\($0)"
        }
      }
    }
    for name in SyntheticInterventionsFiles.names {
      #expect(try bytes(folder.file("1-\(name)")) == bytes(folder.file("3-\(name)")), "\(name)")
    }
    let script = """
      import csv, h5py, sys
      rows = list(csv.DictReader(open(sys.argv[1] + '/1-table.csv')))
      assert len(rows) == 2 * 20000
      assert [row['unit'] for row in rows] == [f'u{unit}' for unit in range(20000) for _ in range(2)]
      assert [row['arm'] for row in rows] == ['none', 'tax, "new"'] * 20000
      with h5py.File(sys.argv[1] + '/1-si.h5') as file:
          columns = {'estimate': 'theta', 'conf.low': 'lower', 'conf.high': 'upper', 'observed': 'observed',
                     'effect': 'effect', 'weight.norm': 'weightNorm', 'pre.rmse': 'preRMSE', 'rank': 'rank'}
          for text, dataset in columns.items():
              assert [float(row[text]) for row in rows] == file[dataset][:].ravel().tolist(), text
          kinds = list(file['interval'].attrs['kinds'])
          kinds = [kind.decode() if isinstance(kind, bytes) else kind for kind in kinds]
          assert [kinds.index(row['interval']) for row in rows] == file['interval'][:].ravel().tolist()
          means = file['path'][:].mean(axis=2).ravel()
          assert abs(means - file['theta'][:].ravel()).max() < 1e-9
          assert abs(file['rankPath'][:, :, 0] - file['theta'][:]).max() < 1e-9
      """
    let result = try python(["-c", script, path])
    #expect(result.exitCode == 0, "\(result.error)")
  }
}
