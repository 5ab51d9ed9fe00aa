import Foundation
import TestSupport
import Testing

/// `giv-dist panel`, `simulate --scenario panel` and `inspect`: panels from tables and from a law.
@Suite(
  .inputs { folder in
    try script(
      """
      import random
      rows = [(s, y, s * 10 + y % 100, 'tax' if s % 3 == 0 else 'none', 2003 if s % 3 == 0 else '') for s in range(1, 8)
              for y in range(1999, 2007)]
      def table(name, rows, header='state,year,packs,policy,since'):
          with open(name + '.csv', 'w') as f:
              print(header, file=f)
              for row in rows: print(*row, sep=',', file=f)
      table('long', rows)
      random.Random(1).shuffle(rows)
      table('part1', rows[:20])
      table('part2', rows[20:])
      table('gaps', [r for r in rows if r[:2] != (2, 2001)])
      table('changing', rows + [(2, 2010, 5, 'tax', '')])
      table('twice', rows + [(2, 2001, 5, 'none', '')])
      by = {(r[0], r[1]): r for r in rows}
      with open('wide.csv', 'w') as f:
          print('state,policy,since', *range(1999, 2007), sep=',', file=f)
          for s in range(1, 8): print(s, *by[s, 1999][3:], *(by[s, y][2] for y in range(1999, 2007)), sep=',', file=f)
      """, in: folder)
  }) struct PanelCommandTests
{
  private struct Inspection: Decodable {
    struct Arm: Decodable {
      let name: String
      let units: Int
      let missingShare: Double
    }
    let units: Int
    let arms: [Arm]
    let digest: String?
    let isSound: Bool
    let problems: [String]
  }

  private static let columns = "--unit state --arm policy --start since"

  private func panel(_ arguments: String) throws -> CommandResult {
    try givDist(["panel"] + arguments.split(separator: " ").map(String.init))
  }

  private func inspect(_ arguments: String...) throws -> Inspection {
    let result = try givDist(["inspect", "--json"] + arguments)
    return try JSONDecoder().decode(Inspection.self, from: Data(result.output.utf8))
  }

  @Test func `tables in any order and shape become the same panel, whose summary tells what it holds`() throws {
    let made = try panel("long.csv --out long --time year --outcome packs \(Self.columns)")
    try #require(made.exitCode == 0, "\(made.error)")
    #expect(
      made.output == """
        Rows      56 read
        Units     7: none 5, tax 2
        Periods   8: 1999 to 2006
        Outcomes  packs
        Missing   0 of 56 cells
        Files     1 in long, layout units
        Starts    2 of 7 units come under their arms in these periods
        All units are under 'none' at first; --first-arm names another

        """)
    let expected = try inspect("long")
    #expect(expected.isSound && expected.units == 7 && expected.arms.map(\.units) == [5, 2])
    for (name, arguments) in [
      ("parts", "part2.csv part1.csv --time year --outcome packs --units-per-shard 3"),
      ("wide", "wide.csv --wide --periods 1999:2006 --outcome packs"),
    ] {
      let again = try panel("\(arguments) --out \(name) \(Self.columns)")
      try #require(again.exitCode == 0, "\(again.error)")
      #expect(try inspect(name).digest == expected.digest, "\(name)")
    }
    let gaps = try panel("gaps.csv --out gaps --time year --outcome packs --layout periods \(Self.columns)")
    #expect(gaps.output.contains("Missing   1 of 56 cells: none 1, tax 0") && gaps.output.contains("layout periods"))
    #expect(try inspect("gaps").arms.map(\.missingShare) == [1.0 / 40, 0])
    let text = try givDist(["inspect", "gaps"])
    for words in [
      "7 units over 8 periods, 1999 to 2006; layout periods", "14.29%", "no problems found", "(as its manifest",
    ] {
      #expect(text.output.contains(words), "\(words): \(text.output)")
    }
  }

  @Test(arguments: [
    ("changing.csv --out never --time year --outcome packs", 65, "unit '2' is under arm 'tax', and under 'none' in"),
    ("twice.csv --out never --time year --outcome packs", 65, "unit '2' has two rows of period 2001"),
    ("long.csv --out never --time yaer --outcome packs", 65, "no column named 'yaer'; did you mean 'year'?"),
    ("nowhere.csv --out never --time year --outcome packs", 66, "nowhere.csv"),
    ("long.csv --out never --outcome packs", 64, "no period is named; name its column with --time"),
    ("long.csv --out never --time year", 64, "no outcome is named"),
    ("long.csv --out never --time year --outcome packs --periods 1:2", 64, "--periods goes with --wide only"),
    ("wide.csv --out never --wide", 64, "--periods FIRST:LAST"),
    ("wide.csv --out never --wide --periods 1999:2007", 65, "no column named '2007'"),
  ])
  func `what cannot become a panel is refused, and nothing is written`(
    arguments: String, exitCode: Int32, words: String
  ) throws {
    let result = try panel("\(arguments) --unit state --arm policy")
    #expect(result.exitCode == exitCode && result.error.contains(words), "\(result.error)")
    #expect(result.output.isEmpty && !FileManager.default.fileExists(atPath: "\(SharedInputs.folder.path)/never"))
  }

  @Test func `a panel that is there is not replaced without force`() throws {
    let arguments = "long.csv --out kept --time year --outcome packs \(Self.columns)"
    #expect(try panel(arguments).exitCode == 0)
    let refused = try panel(arguments)
    #expect(refused.exitCode == 73 && refused.error.contains("--force"))
    #expect(try panel(arguments + " --force").exitCode == 0)
  }

  @Test func `simulated panels are sound, and shards and panels do not mix`() throws {
    try simulate("--scenario panel --units 30 --arms 3 --missing .1 --shards 3 --out made")
    let made = try inspect("made")
    #expect(
      made.isSound && made.arms.map(\.name) == ["control", "arm1", "arm2"] && made.arms.map(\.units) == [15, 8, 7])
    try simulate("--rows 50 --out rows")
    let mixed = try inspect("made", "rows")
    #expect(!mixed.isSound && mixed.problems[0].contains("is a shard of rows, not a panel"))
    let trained = try givDist(["train", "made", "--groups", "2"])
    #expect(trained.exitCode == 65 && trained.error.contains("is a panel"))
    for (arguments, words) in [
      ("--scenario panel --rows 5", "--rows goes with scenarios of sources, proxies or graphs only"),
      ("--units 5", "--units goes with --scenario panel only"),
      ("--scenario panel --missing 2", "--missing is 2.0"),
    ] {
      let result = try givDist(["simulate", "--out", "no"] + arguments.split(separator: " ").map(String.init))
      #expect(result.exitCode == 64 && result.error.contains(words), "\(result.error)")
    }
  }

  @Test func `inspect takes files of h5py by the names of their datasets`() throws {
    try script(
      """
      with h5py.File('foreign.h5', 'w') as f:
          f['sales'], f['policy'], f['fips'], f['quarter'] = np.ones((3, 2)), ['a', 'b', 'a'], [4, 1, 6], ['q1', 'q2']
      """)
    let found = try inspect(
      "foreign.h5", "--y", "sales", "--arm", "policy", "--id", "fips", "--time", "quarter")
    #expect(found.isSound && found.units == 3 && found.arms.map(\.units) == [2, 1])
    #expect(try inspect("foreign.h5", "--y", "sales", "--arm", "policy").problems[0].contains("--time"))
  }
}
