import Foundation
import TestSupport
import Testing

/// `giv-dist si`: from tables to what every unit would have seen under every arm.
extension OnRanks {
  @Suite(
    .inputs { folder in
      let packs = packageDirectory.appending(path: "Tests/SyntheticInterventionsTests/Fixtures/prop99-packs.csv").path
      for (name, options) in [
        ("panel", []), ("cut", ["--units-per-shard", "8"]), ("turned", ["--layout", "periods"]),
      ] {
        let made = try givDist(
          [
            "panel", packs, "--unit", "state", "--time", "year", "--outcome", "packs", "--arm", "arm", "--out", name,
          ] + options, in: folder)
        try #require(made.exitCode == 0, "\(made.error)")
      }
      let law = "--scenario panel --units 60 --pre-periods 40 --post-periods 12 --arms 2 --seed 4"
      try simulate("\(law) --out made", in: folder)
      try simulate("\(law) --new-factor 1 --out broken", in: folder)
      try simulate("\(law) --missing .1 --shards 3 --out gaps", in: folder)
      try simulate("\(law) --cohorts 3 --out staggered", in: folder)
      try simulate(
        "--scenario panel --units 120 --pre-periods 20 --post-periods 4 --arms 2 --seed 5 --out wide", in: folder)
      try simulate("--rows 50 --out shards", in: folder)
      try script(
        """
        with h5py.File('made/shard-00000.h5') as f: y, arm = f['y'][:], f['arm'][:]
        def write(name, y=y, arm=arm):
            with h5py.File(name + '.h5', 'w') as f:
                f['y'], f['arm'] = y, arm
                f.attrs['arms'], f.attrs['periods'] = ['none', 'tax'], np.arange(1, 53)
        def change(values, place, value):
            values = np.array(values)
            values[place] = value
            return values
        write('infinite', change(y, (3, 7), np.inf))
        write('empty-unit', change(y, 4, np.nan))
        write('empty-period', change(y, (slice(None), 5), np.nan))
        write('constant', np.ones_like(y))
        write('one-donor', arm=(np.arange(60) == 7).astype(int))
        write('codes', arm=change(arm, 2, 5))
        write('many-gaps', change(y, np.random.default_rng(1).uniform(size=y.shape) < .3, np.nan))
        write('few-cells', change(y, (7, slice(2, 40)), np.nan))
        write('noiseless', np.outer(np.arange(1., 61), np.ones(52)) + np.outer(np.arange(60) ** 2 % 7, np.arange(52.)))
        write('three-donors', arm=(np.arange(60) < 3).astype(int))
        for name, ids, first in [('twice', [*range(59), 3], 1), ('plain', range(60), 1), ('later', range(60, 120), 2)]:
            write(name)
            with h5py.File(name + '.h5', 'r+') as f:
                f['id'] = list(ids)
                f.attrs['periods'] = np.arange(first, first + 52)
        whole = bytearray(open('made/shard-00000.h5', 'rb').read())
        open('short.h5', 'wb').write(whole[:len(whole) // 2])
        with h5py.File('made/shard-00000.h5') as f: whole[f['y'].id.get_chunk_info(0).byte_offset + 1000] ^= 255
        open('damaged.h5', 'wb').write(whole)
        """, in: folder)
    }) struct SiCommandTests
  {
    private struct Report: Decodable {
      struct Arm: Decodable {
        struct Fit: Decodable { let f: Double }
        struct Validation: Decodable {
          let covered: Int
          let of: Int
        }
        let name: String
        let donors: Int
        let rank: Int
        let fitTest: Fit?
        let validation: Validation
        let calibrationFactor: Double?
        let verdict: String
      }
      struct Cell: Decodable {
        let unit: String
        let arm: String
        let own: Bool
        let estimate: Double?
        let lower: Double?
        let upper: Double?
        let interval: String?
        let reason: String?
        let observed: Double?
        let effect: Double?
      }
      struct Placebo: Decodable {
        let unit: String
        let rank: Int
        let of: Int
        let p: Double
      }
      let units: Int
      let periods: Int
      let ranks: Int
      let arms: [Arm]
      let cells: [Cell]
      let placeboSpace: [Placebo]
      let warnings: [String]
      let shareMissing: Double
      let tableDigest: String

      func cell(_ unit: String, _ arm: String) throws -> Cell {
        try #require(cells.first { $0.unit == unit && $0.arm == arm })
      }
    }

    private func si(_ arguments: String, ranks: Int? = nil) throws -> Report {
      let words = arguments.split(separator: " ").map(String.init)
      let result = try givDist(["si"] + words + ["--json"], ranks: ranks)
      try #require(result.exitCode == 0, "\(arguments): \(result.error)")
      return try JSONDecoder().decode(Report.self, from: Data(result.output.utf8))
    }

    private static let late = "--pre 1970:1988 --post 1999:2002"

    @Test func `the published answers for California come out, and the donors covered as published`() throws {
      let report = try si("panel \(Self.late) --targets California --published")
      #expect(report.units == 50 && report.periods == 46)
      for (arm, rank, numbers) in [
        ("control", 5, [75.782, 70.932, 80.632]), ("taxes", 1, [57.528, 47.995, 67.061]),
        ("program", 1, [59.117, 49.342, 68.893]),
      ] {
        let cell = try report.cell("California", arm)
        #expect(distance([cell.estimate!, cell.lower!, cell.upper!], numbers) < 1e-2 / 80, "\(arm)")
        #expect(cell.own == (arm == "program") && report.arms.first { $0.name == arm }?.rank == rank)
        #expect(abs(cell.observed! - 40.650) < 1e-9 && cell.interval == "published")
      }
      let own = try si("panel \(Self.late) --post-arm control=1989:1992 --post-arm program=1998:2001 --published")
      #expect(own.arms.map { "\($0.validation.covered)/\($0.validation.of)" } == ["26/38", "3/5", "6/7"])
      #expect(report.arms[0].validation.covered == 8)
    }

    @Test func `our own answers doubt what the published ones do not`() throws {
      let late = try si("panel \(Self.late) --targets California")
      #expect(late.arms[0].verdict == "rejected" && abs(late.arms[0].fitTest!.f - 19) < 0.5)
      #expect(late.warnings[0].contains("arm 'control': outcomes of its donors after leave the factors"))
      for (report, estimate, half) in [
        (late, 70.9, 40.5), (try si("panel --pre 1970:1988 --post 1989:1992 --targets California"), 82.1, 16.1),
      ] {
        let cell = try report.cell("California", "control")
        #expect(abs(cell.estimate! - estimate) < 0.05 && abs((cell.upper! - cell.lower!) / 2 - half) < 0.05)
        #expect(cell.interval == "calibrated" && abs(cell.effect! - (cell.observed! - cell.estimate!)) < 1e-9)
      }
      // Seven donors cannot be calibrated with.
      let taxes = try late.cell("California", "taxes")
      #expect(
        taxes.interval == "delta" && taxes.reason?.contains("7 donors, and calibration at level 0.95 needs 19") == true)
      let placebos = try si("panel --pre 1970:1988 --post 1989:2000 --targets California --placebo-space").placeboSpace
      #expect(
        placebos.count == 1 && placebos[0].rank == 1 && placebos[0].of == 39 && abs(placebos[0].p - 0.0256) < 1e-4)
    }

    @Test func `ranks, files, layouts and streams change no bit, of the report and of the files`() throws {
      for (panel, others, arguments) in [
        ("panel", ["cut", "turned"], "--pre 1970:1988 --post 1989:2000 --placebo-space --placebo-time 1980 --power"),
        ("panel", ["cut"], "\(Self.late) --published --leave-one-donor-out --contrast taxes-control"),
        ("gaps", ["gaps"], "--pre 1:40 --post 41:52"),
      ] {
        let name = "bits-\(panel)-\(others.count)"
        let expected = try si("\(panel) \(arguments) --out \(name)")
        for (place, other) in others.enumerated() {
          for (ranks, further) in [(1, " --stream"), (2, ""), (3, " --stream"), (4, ""), (8, "")] {
            let out = "\(name)-\(place)-\(ranks)"
            let report = try si("\(other) \(arguments)\(further) --out \(out)", ranks: ranks)
            #expect(report.tableDigest == expected.tableDigest && report.ranks == ranks, "\(other) on \(ranks)")
            for file in ["table.csv", "paths.csv"] {
              let (one, two) = (
                "\(SharedInputs.folder.path)/\(name)/\(file)", "\(SharedInputs.folder.path)/\(out)/\(file)"
              )
              #expect(FileManager.default.contentsEqual(atPath: one, andPath: two), "\(two)")
            }
          }
        }
      }
    }

    @Test func `simulated truth lies in the intervals, and a new factor is found`() throws {
      let report = try si("made --pre 1:40 --post 41:52")
      let truth = try script("print(json.dumps(h5py.File('made/shard-00000.h5')['truth/theta'][:].tolist()))")
      let theta = try JSONDecoder().decode([[Double]].self, from: Data(truth.utf8))
      let inside = report.cells.count { cell in
        let value = theta[Int(cell.unit)! - 1][cell.arm == "control" ? 0 : 1]
        return cell.lower! <= value && value <= cell.upper!
      }
      // Of 120 at 95%; the intervals are of an outcome with noise.
      #expect(report.cells.count == 120 && inside >= 110)
      #expect(report.arms.allSatisfy { $0.verdict == "supported" })
      let broken = try si("broken --pre 1:40 --post 41:52")
      #expect(broken.arms.allSatisfy { $0.verdict == "rejected" })
    }

    @Test func `an event study of simulated cohorts finds the effects that they have`() throws {
      let arguments = "staggered --pre 1:40 --post 49:52 --event-study --progress none"
      let words = ["si"] + arguments.split(separator: " ").map(String.init)
      let result = try givDist(words + ["--json", "--out", "study"])
      try #require(result.exitCode == 0, "\(result.error)")
      // Effects by time since the start, as the simulation has them, and how far the study is from them.
      let printed = try script(
        """
        with h5py.File('staggered/shard-00000.h5') as f: start, effects = f['start'][:], f['truth/effects'][:]
        with h5py.File('study/si.h5') as f: found = f['event_study/0/effects'][:]
        truth = np.mean([effects[i, s:s + 4] for i, s in enumerate(start) if s >= 0], axis=0)
        print(sorted(set(start.tolist())), ((found[:, 1] <= truth) & (truth <= found[:, 2])).sum() >= 3)
        print(np.abs(found[:, 0] - truth).max() < .3, np.abs(truth).max() > .3)
        """)
      #expect(printed == "[-1, 40, 44, 48] True\nTrue True\n")
      // Windows in which some are under their arms already, and some not yet, are told of.
      let early = try si("staggered --pre 1:40 --post 41:52")
      #expect(early.warnings.contains { $0.contains("by the panel's starts donors came under it within the windows") })
      for ranks in [2, 3, 4] {
        let again = try givDist(words + ["--json"], ranks: ranks)
        #expect(try object(again.output)["eventStudy"] as? NSArray == object(result.output)["eventStudy"] as? NSArray)
      }
    }

    @Test func `a report lists a thousand placebos at most, and the file has all`() throws {
      let words = "si wide --pre 1:20 --post 21:24 --placebo-space --json --out spread"
      let result = try givDist(words.split(separator: " ").map(String.init))
      try #require(result.exitCode == 0, "\(result.error)")
      let printed = try script(
        """
        report = json.load(open('spread/report.json'))
        targets = report['placeboSpace']
        print(len(targets), [len(t['placebos']) for t in targets[15:19]], sum(len(t['placebos']) for t in targets))
        ranks = lambda t, ratios: 1 + int((np.array(ratios) >= t['ratio']).sum())
        with h5py.File('spread/si.h5') as f:
            groups = [f[f[f'placebo_space/{i}'].attrs['placebos-in']] for i in range(60)]
            print({g['placebo_gaps'].shape for g in groups}, sum('placebo_gaps' in g for g in f['placebo_space'].values()))
            print(all(ranks(t, g['placebo_ratios'][:]) == t['rank'] and t['of'] == 61 for t, g in zip(targets, groups)))
            first = np.array([p['gaps'] for p in targets[0]['placebos']])
            print(first.shape, np.array_equal(first, groups[0]['placebo_gaps'][:]))
        """)
      #expect(printed == "60 [60, 40, 0, 0] 1000\n{(60, 4)} 1\nTrue\n(60, 4) True\n")
    }

    @Test func `h5py finds the numbers`() throws {
      let report = try si("panel \(Self.late) --targets California,Arizona --placebo-space --out files")
      let printed = try script(
        """
        import csv
        with h5py.File('files/si.h5') as f:
            print(f.attrs['encoding-type'], *f['targets'].asstr()[:], *f['arms'].asstr()[:], f['theta'].shape)
            theta = f['theta'][:]
            print(repr(float(theta.reshape(2, -1)[1, 0])))
        rows = list(csv.DictReader(open('files/table.csv')))
        print(len(rows), [r['estimate'] for r in rows if r['unit'] == 'California' and r['arm'] == 'control'][0])
        print(sorted({r['window'] for r in csv.DictReader(open('files/paths.csv'))}), len(open('files/metrics.jsonl').readlines()) > 0)
        """)
      let lines = printed.split(separator: "\n").map(String.init)
      #expect(lines[0].hasPrefix("giv-si Arizona California control program taxes (2, 3"))
      let estimate = try report.cell("California", "control").estimate!
      #expect(Double(lines[1]) == estimate && lines[2] == "6 \(estimate)")
      #expect(lines[3] == "['after', 'before'] True")
    }

    @Test func `the report has a line for each arm, the targets, warnings and a verdict`() throws {
      let arguments =
        "si panel \(Self.late) --targets California --contrast taxes-control --placebo-space --interval all"
      let result = try givDist(arguments.split(separator: " ").map(String.init))
      for words in [
        "50 units over 46 periods, 19 before (1970 to 1988)", "26 of 38", "California", "program *", "delta-confidence",
        "taxes instead of control", "1 of 39", "verdict: control rejected, program rejected, taxes rejected",
        "note: arm 'control': outcomes of its donors after leave the factors",
      ] { #expect(result.output.contains(words), "\(words): \(result.output)") }
      let plan = try givDist("si panel \(Self.late) --dry-run".split(separator: " ").map(String.init))
      #expect(plan.output.contains("19 before (1970 to 1988) and 4 after (1999 to 2002), under 3 arms"))
    }

    @Test func `what was stopped goes on, on other ranks, with the same answers`() throws {
      let arguments = "gaps --pre 1:40 --post 41:52 --checkpoint-every 1 --progress none"
      let words = ["si"] + arguments.split(separator: " ").map(String.init)
      let expected = try si(arguments)
      let stopped = try givDist(words + ["--out", "stopped", "--max-hours", "0.0000001"])
      #expect(stopped.exitCode == 75 && stopped.error.contains("--resume goes on"))
      #expect(try si("\(arguments) --out stopped --resume", ranks: 2).tableDigest == expected.tableDigest)
      let checkpoint = "\(SharedInputs.folder.path)/killed/checkpoint.h5"
      let killed = try givDist(words + ["--out", "killed"]) { process in
        while !FileManager.default.fileExists(atPath: checkpoint) && kill(process, 0) == 0 { usleep(1000) }
        kill(process, SIGKILL)
      }
      #expect(killed.exitCode == 128 + SIGKILL)
      #expect(try si("\(arguments) --out killed --resume", ranks: 3).tableDigest == expected.tableDigest)
      let other = try givDist(words + ["--out", "killed", "--level", ".9"])
      #expect(other.exitCode == 73)
    }

    private static let refusals: [(String, Int32, [String])] = [
      (
        "panel --pre 1970:1988 --post 1999:2020", 64,
        ["--post 1999:2020: the panel has no period '2020'", "it has 1970 to 2015"]
      ),
      ("panel --pre 1988:1970 --post 1999:2002", 64, ["--pre 1988:1970 is empty: 1970 is before 1988"]),
      ("panel --pre 1970:1988 --post 1985:2002", 64, ["do not lie behind --pre 1970:1988"]),
      ("panel --pre 1980:1988 --post 1970:1975", 64, ["do not lie behind --pre 1980:1988"]),
      ("panel --pre 1988:1988 --post 1999:2002", 65, ["one period before", "--pre"]),
      ("panel \(late) --targets Californa", 64, ["unit 'Californa'", "California"]),
      ("panel \(late) --arms tax", 64, ["arm 'tax'", "taxes"]),
      ("panel \(late) --donors taxes=Nevada", 64, ["--donors names unit 'Nevada' for arm 'taxes'", "'control'"]),
      ("panel \(late) --rank foo", 64, ["--rank foo: give usvt, donoho, energy:SHARE or fixed:K"]),
      ("panel \(late) --contrast taxes-contrl", 64, ["--contrast contrl", "control"]),
      ("panel \(late) --published --rank usvt", 64, ["--rank goes with runs without --published only"]),
      ("panel shards \(late)", 65, ["shards/shard-00000.h5 is a shard of rows, not a panel"]),
      ("panel made \(late)", 65, ["disagree on the arms"]),
      ("panel panel \(late)", 65, ["is given twice"]),
      ("nowhere \(late)", 66, ["nowhere"]),
      ("panel \(late) --out panel", 73, ["--out panel holds the input"]),
      ("infinite.h5 --pre 1:40 --post 41:52", 65, ["unit '3', period 8: inf"]),
      ("empty-unit.h5 --pre 1:40 --post 41:52", 65, ["unit '4'"]),
      ("empty-period.h5 --pre 1:40 --post 41:52", 65, ["period", "6"]),
      ("codes.h5 --pre 1:40 --post 41:52", 65, ["unit '2' (row 2", "5 is no code of the 2 arms none, tax"]),
      (
        "few-cells.h5 --pre 1:40 --post 41:52", 65,
        ["unit '7' has 2 observed values before", "rank 4 needs 5", "--exclude"]
      ),
      (
        "few-cells.h5 --pre 1:40 --post 41:52 --arms none", 65,
        ["unit '7' has 2 observed values before", "give --targets without it"]
      ),
      ("twice.h5 --pre 1:40 --post 41:52", 65, ["unit '3' is there twice (in twice.h5)", "a name of its own"]),
      ("short.h5 --pre 1:40 --post 41:52", 65, ["short.h5", "truncated", "copy or write the file again"]),
      ("damaged.h5 --pre 1:40 --post 41:52", 65, ["damaged.h5: dataset 'y'", "the file is damaged"]),
      ("plain.h5 later.h5 --pre 2:40 --post 41:52", 65, ["plain.h5 and later.h5 disagree on the periods"]),
      ("made --pre 1:40 --post 41:52 --exclude 3x", 64, ["--exclude names unit '3x'", "close ones are"]),
      ("made --pre 1:40 --post 41:52 --donors arm1=57z", 64, ["--donors names unit '57z'", "close ones are"]),
      ("one-donor.h5 --pre 1:40 --post 41:52 --exclude 7", 64, ["arm 'tax' has no donors"]),
    ]

    @Test(arguments: refusals.indices)
    func `what cannot be answered is refused on 1 and 3 ranks, and nothing is written`(index: Int) throws {
      let (arguments, exitCode, words) = Self.refusals[index]
      let out = arguments.contains("--out") ? "" : " --out never"
      for ranks in [nil, 3] {
        let result = try givDist(
          ["si"] + (arguments + out).split(separator: " ").map(String.init) + ["--json"], ranks: ranks)
        #expect(result.exitCode == exitCode, "\(arguments): \(result.error)")
        #expect(result.output.isEmpty && messages(result).count == 1, "\(result.error)")
        for word in words { #expect(result.error.contains(word), "\(result.error)") }
        #expect(!FileManager.default.fileExists(atPath: "\(SharedInputs.folder.path)/never/si.h5"))
      }
    }

    @Test(arguments: [nil, 3]) func `what has no interval says why, and the estimate stays`(ranks: Int?) throws {
      let one = try si("one-donor.h5 --pre 1:40 --post 41:52 --targets 3", ranks: ranks)
      let cell = try one.cell("3", "tax")
      #expect(cell.estimate != nil && cell.lower == nil && cell.reason?.contains("one donor") == true)
      let constant = try si("constant.h5 --pre 1:40 --post 41:52", ranks: ranks)
      #expect(constant.cells.allSatisfy { abs($0.estimate! - 1) < 1e-9 && $0.lower == nil && $0.reason != nil })
      let noiseless = try si("noiseless.h5 --pre 1:40 --post 41:52", ranks: ranks)
      // Unit u is (u + 1) + (u² mod 7) t, whatever its arm.
      for cell in noiseless.cells {
        let unit = Int(cell.unit)!
        #expect(abs(cell.estimate! - Double(unit + 1) - Double(unit * unit % 7) * 45.5) < 1e-7, "\(cell.unit)")
        #expect(cell.lower == nil && cell.reason == "donors and target show no noise")
      }
      let three = try si("three-donors.h5 --pre 1:40 --post 41:52 --rank tax=fixed:5 --targets 5", ranks: ranks)
      #expect(three.arms[1].rank == 2 && three.warnings.contains { $0.contains("the rank is 2, for it has 3 donors") })
      #expect(try three.cell("5", "tax").reason == "uncalibrated: 3 donors, and calibration at level 0.95 needs 19")
      let gaps = try si("many-gaps.h5 --pre 1:40 --post 41:52", ranks: ranks)
      #expect(gaps.shareMissing > 0.2 && gaps.warnings.contains { $0.contains("% of outcomes are missing") })
    }

    @Test(arguments: [nil, 3]) func `a run that is there stays as it is`(ranks: Int?) throws {
      let out = "kept-\(ranks ?? 1)"
      let words = "si made --pre 1:40 --post 41:52 --json --out \(out)".split(separator: " ").map(String.init)
      #expect(try givDist(words, ranks: ranks).exitCode == 0)
      let table = SharedInputs.folder.appending(path: "\(out)/table.csv")
      let before = try Data(contentsOf: table)
      let again = try givDist(words + ["--level", ".9"], ranks: ranks)
      #expect(again.exitCode == 73 && messages(again).count == 1 && again.error.contains(out), "\(again.error)")
      #expect(try Data(contentsOf: table) == before)
    }
  }
}
