import Communication
import Diagnostics
import Foundation
import Import
import Panels
import Storage
import TestSupport
import Testing

@Suite struct PanelImportTests {
  private let folder: ScratchFolder

  init() throws { folder = try ScratchFolder() }

  /// Five shops over four weeks in two outcomes; one cell has no row and another no price.
  private static let lines: [String] = {
    var lines: [String] = []
    for shop in 1...5 {
      for week in 8...11 where !(shop == 2 && week == 9) {
        let price = shop == 4 && week == 11 ? "NA" : "\(shop).5"
        lines.append("\(shop),week \(week),\(100 * shop + week),\(price),\(shop % 2 == 0 ? "promo" : "usual")")
      }
    }
    return lines
  }()

  private static let header = "shop,when,sales,price,policy"

  private func write(_ lines: [String], _ name: String = "a.csv", header: String = Self.header) throws -> String {
    let path = folder.file(name)
    try Data((([header] + lines).joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private static func plan(_ change: (inout PanelPlan) -> Void = { _ in }) -> PanelPlan {
    var plan = PanelPlan(unit: "shop", arm: "policy", shape: .long(time: "when", outcomes: ["sales", "price"]))
    change(&plan)
    return plan
  }

  private func imported(
    _ inputs: [String], _ plan: PanelPlan = Self.plan(), cellsInMemory: Int = 1 << 20
  ) throws -> (summary: PanelImportSummary, content: PanelContent) {
    let out = folder.file("out-\(UUID().uuidString)")
    let summary = try PanelImporter(inputs: inputs, plan: plan, cellsInMemory: cellsInMemory).run(
      into: out, force: false)
    return (summary, try PanelContent([out], ranks: 2))
  }

  private func refusal(_ lines: [String], header: String = Self.header, _ plan: PanelPlan = Self.plan()) throws
    -> Failure
  {
    let input = try write(lines, header: header)
    let out = folder.file("never")
    let found = failure { _ = try PanelImporter(inputs: [input], plan: plan).run(into: out, force: false) }
    #expect(!FileManager.default.fileExists(atPath: out))
    return try #require(found)
  }

  @Test func `a long table becomes a panel, with what is missing counted`() throws {
    let (summary, content) = try imported([write(Self.lines)])
    #expect(content.units == ["1", "2", "3", "4", "5"])
    #expect(content.periods == ["week 8", "week 9", "week 10", "week 11"])
    #expect(content.unitArms == [1, 0, 1, 0, 1] && content.starts == nil)
    #expect(summary.arms.map(\.name) == ["promo", "usual"] && summary.arms.map(\.units) == [2, 3])
    #expect(summary.missing == 3 && summary.cells == 40 && summary.arms.map(\.missing) == [3, 0])
    for unit in 0..<5 {
      for week in 0..<4 {
        let (sales, price) = (content.outcomes[(unit * 4 + week) * 2], content.outcomes[(unit * 4 + week) * 2 + 1])
        let isGap = unit == 1 && week == 1
        #expect(sales == (isGap ? .max : Double(100 * (unit + 1) + week + 8).bitPattern))
        #expect(price == (isGap || unit == 3 && week == 3 ? .max : (Double(unit + 1) + 0.5).bitPattern))
      }
    }
  }

  @Test func `the order of rows, their cut into tables and the memory change nothing`() throws {
    let expected = try imported([write(Self.lines)]).content
    var shuffled = Self.lines
    for index in shuffled.indices.reversed() { shuffled.swapAt(index, index * 7919 % (index + 1)) }
    #expect(shuffled != Self.lines)
    let parts = [try write(Array(shuffled[..<7]), "b.csv"), try write(Array(shuffled[7...]), "c.csv")]
    #expect(try imported(parts).content == expected)
    // Lots of one, two and three units; of one and two periods.
    for cells in [1, 8, 17, 24, 33] {
      #expect(try imported(parts, cellsInMemory: cells).content == expected)
      let turned = try imported(parts, Self.plan { $0.layout = .periods }, cellsInMemory: cells).content
      #expect(turned.outcomes == expected.outcomes && turned.unitArms == expected.unitArms)
    }
    let cut = try imported(parts, Self.plan { $0.unitsPerFile = 2 })
    #expect(cut.summary.files.map(\.rows) == [2, 2, 1] && cut.content == expected)
  }

  @Test func `HDF5 tables become the same panel`() throws {
    let input = try write(Self.lines)
    let table = folder.file("table.h5")
    _ = try pythonOutput(
      """
      import csv, h5py, sys, numpy as np
      rows = list(csv.DictReader(open(sys.argv[1])))
      with h5py.File(sys.argv[2], 'w') as f:
          f['shop'] = [int(r['shop']) for r in rows]
          for name in ('when', 'policy'): f[name] = [r[name] for r in rows]
          for name in ('sales', 'price'): f[name] = [float(r[name].replace('NA', 'nan')) for r in rows]
      """, input, table)
    #expect(try imported([table]).content == imported([input]).content)
  }

  @Test func `a wide table becomes the same panel as a long one`() throws {
    let wide = try write(
      ["b,tax,1,,3,x", "a,none,4,5,6,y"], "wide.csv", header: "state,policy,1999,2000,2001,note")
    let plan = PanelPlan(unit: "state", arm: "policy", shape: .wide(first: "1999", last: "2001", outcome: "packs"))
    let (summary, content) = try imported([wide], plan)
    #expect(summary.metrics == ["packs"] && summary.missing == 1)
    let long = try write(
      ["b,tax,2001,3", "a,none,2000,5", "a,none,1999,4", "b,tax,1999,1", "a,none,2001,6"], "long.csv",
      header: "state,policy,year,packs")
    let same = PanelPlan(unit: "state", arm: "policy", shape: .long(time: "year", outcomes: ["packs"]))
    #expect(try imported([long], same).content == content)
    #expect(content.periods == ["1999", "2000", "2001"] && content.units == ["a", "b"])
    let matrix = folder.file("matrix.h5")
    _ = try pythonOutput(
      """
      import h5py, sys, numpy as np
      with h5py.File(sys.argv[1], 'w') as f:
          f['state'], f['policy'], f['packs'] = ['b', 'a'], ['tax', 'none'], [[1, np.nan, 3], [4, 5, 6]]
          f['packs'].attrs['columns'] = ['1999', '2000', '2001']
      """, matrix)
    let plans = PanelPlan(
      unit: "state", arm: "policy", shape: .wide(first: "packs[0]", last: "packs[2]", outcome: "packs"))
    #expect(try imported([matrix], plans).content == content)
  }

  @Test func `starts are places among the periods, and tell the first arm`() throws {
    let lines = Self.lines.map { $0 + ($0.hasSuffix("usual") ? "," : ",week \($0.hasPrefix("2") ? 10 : 11)") }
    let (summary, content) = try imported(
      [write(lines, header: Self.header + ",since")], Self.plan { $0.start = "since" })
    #expect(content.starts == [nil, 2, nil, 3, nil] && summary.starting == 2)
    #expect(summary.arms.map(\.name) == ["usual", "promo"] && content.unitArms == [0, 1, 0, 1, 0])
    let named = try imported([write(Self.lines)], Self.plan { $0.firstArm = "usual" })
    #expect(named.content.unitArms == [0, 1, 0, 1, 0])
  }

  @Test func `labels sort as people count`() throws {
    func periods(_ labels: [String]) throws -> [String] {
      let lines = labels.map { "1,\($0),1,1,usual" }
      return try imported([write(lines)]).content.periods
    }
    #expect(try periods(["10", "9", "-1"]) == ["-1", "9", "10"])
    #expect(try periods(["10.5", "9.25", "9.5"]) == ["9.25", "9.5", "10.5"])
    #expect(try periods(["2021Q1", "2020Q4", "2020Q10"]) == ["2020Q4", "2020Q10", "2021Q1"])
    #expect(try periods(["2020-02-01", "2020-01-31"]) == ["2020-01-31", "2020-02-01"])
    #expect(try periods(["2020.0", "2019"]) == ["2019", "2020"])
    let codes = try imported([write(["10,1,1,1,usual", "02,1,1,1,usual"])]).content.units
    #expect(codes == ["02", "10"])
  }

  @Test(arguments: [
    ("2,week 8,1,1,usual", ["a.csv: line 21", "unit '2' is under arm 'usual'", "'promo' in ", "a.csv: line 6"]),
    ("1,week 8,1,1,usual", ["unit '1' has two rows of period week 8", "line 2 and ", "line 21"]),
    ("9,week 8,1,1,", ["line 21", "unit '9' has no arm in column 'policy'"]),
    (",week 8,1,1,usual", ["line 21: the unit is missing in column 'shop'"]),
    ("9,,1,1,usual", ["line 21: the period of unit '9' is missing in column 'when'"]),
    ("9,week 8,inf,1,usual", ["line 21, column 'sales': 'inf' is not finite"]),
    ("9,week 8,many,1,usual", ["line 21, column 'sales': 'many' is not a number"]),
    ("9,31.01.2020,1,1,usual", ["column 'when': '31.01.2020'", "write dates as 2020-01-31"]),
  ])
  func `a line that does not fit is refused with its unit and number`(line: String, words: [String]) throws {
    let found = try refusal(Self.lines + [line])
    #expect(found.exitCode == .data)
    for words in words { #expect(found.message.contains(words), "\(found.message)") }
  }

  @Test func `what a plan cannot mean is refused by its options`() throws {
    func message(_ change: (inout PanelPlan) -> Void) throws -> String {
      try refusal(Self.lines, Self.plan(change)).message
    }
    #expect(try message { $0.unit = "policy" }.contains("named by both --unit and --arm"))
    #expect(
      try message { $0.firstArm = "usal" }.contains("--first-arm usal: no unit has this arm; did you mean usual?"))
    #expect(try message { $0.unitsPerFile = 0 }.contains("--units-per-shard must be at least 1"))
    #expect(try message { ($0.unitsPerFile, $0.layout) = (2, .periods) }.contains("--layout periods keeps all units"))
    let late = try refusal(
      Self.lines.map { $0 + ",week 12" }, header: Self.header + ",since", Self.plan { $0.start = "since" })
    #expect(late.message.contains("the start 'week 12' of unit '1' is no period of the tables"))
    #expect(try message { $0.start = "price" }.contains("is named by both --start and --outcome"))
    #expect(try message { $0.arm = "polcy" }.contains("no column named 'polcy'; did you mean 'policy'?"))
    let turned = PanelPlan(unit: "shop", arm: "policy", shape: .wide(first: "price", last: "sales", outcome: "y"))
    #expect(try refusal(Self.lines, turned).message.contains("column 'sales' does not follow 'price'"))
    let mixed = PanelPlan(unit: "shop", arm: "policy", shape: .wide(first: "sales", last: "policy", outcome: "y"))
    #expect(try refusal(Self.lines, mixed).message.contains("column 'policy' lies among the --periods sales:policy"))
    #expect(try refusal([]).message.contains("holds no rows"))
  }
}
