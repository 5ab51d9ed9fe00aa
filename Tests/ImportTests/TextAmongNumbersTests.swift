import Diagnostics
import Import
import Testing

/// A way to write numbers, and the option that reads it.
struct WrittenForm: Sendable, CustomTestStringConvertible {
  let testDescription: String
  /// The text of an integer in 10...49.
  let text: @Sendable (Int) -> String
  /// The number that the text stands for, written plainly.
  let plain: @Sendable (Int) -> String
  let format: NumberFormat
  /// What the refusal must say.
  let remedy: String

  init(
    _ name: String, _ format: NumberFormat, _ remedy: String, _ text: @escaping @Sendable (Int) -> String,
    plain: @escaping @Sendable (Int) -> String = { "\($0)" }
  ) {
    (testDescription, self.text, self.plain, self.format, self.remedy) = (name, text, plain, format, remedy)
  }

  static let all = [
    WrittenForm(
      "decimal comma", NumberFormat(decimalMark: ","), "decimal commas by --decimal-mark ','", { "\"\($0),25\"" },
      plain: { "\($0).25" }),
    WrittenForm(
      "decimal comma with groups", NumberFormat(decimalMark: ",", thousandsMark: "."),
      "--decimal-mark ',' and groups of digits by --thousands-mark '.'", { "\"1.0\($0),5\"" }, plain: { "10\($0).5" }),
    WrittenForm(
      "thousands", NumberFormat(thousandsMark: ","),
      "groups of digits by --thousands-mark ',', or decimal commas by --decimal-mark ','", { "\"1,0\($0)\"" },
      plain: { "10\($0)" }),
    WrittenForm(
      "blanks", NumberFormat(thousandsMark: "space"), "--thousands-mark space", { "1\u{A0}0\($0)" },
      plain: { "10\($0)" }),
    WrittenForm(
      "apostrophes", NumberFormat(thousandsMark: "'"), "--thousands-mark \"'\"", { "1'0\($0)" }, plain: { "10\($0)" }),
    WrittenForm("percent", NumberFormat(affixes: ["%"]), "--affixes '%'", { "\($0)%" }),
    WrittenForm("dollars", NumberFormat(affixes: ["$"]), "--affixes '$'", { "$\($0)" }),
    WrittenForm("euros", NumberFormat(affixes: ["€"]), "--affixes '€'", { "\($0) €" }),
    WrittenForm("pounds", NumberFormat(affixes: ["£"]), "--affixes '£'", { "£\($0)" }),
    WrittenForm("yen", NumberFormat(affixes: ["¥"]), "--affixes '¥'", { "¥\($0)" }),
    WrittenForm("a unit", NumberFormat(affixes: ["mg"]), "--affixes 'mg'", { "\($0) mg" }),
    WrittenForm(
      "dollars with groups", NumberFormat(thousandsMark: ",", affixes: ["$"]),
      "--thousands-mark ',' and what stands around the digits by --affixes '$'", { "\"$1,0\($0).50\"" },
      plain: { "10\($0).50" }),
  ]

  /// Forms that stand in a few rows, among numbers.
  static let strays =
    all + [
      WrittenForm("limits below", NumberFormat(affixes: ["<"]), "--affixes '<', which takes a limit", { "<\($0)" }),
      WrittenForm("limits above", NumberFormat(affixes: [">"]), "--affixes '>', which takes a limit", { "> \($0)" }),
      WrittenForm("footnotes", NumberFormat(affixes: ["*"]), "--affixes '*'", { "\($0)**" }),
      WrittenForm("daggers", NumberFormat(affixes: ["†"]), "--affixes '†'", { "\($0)†" }),
    ]
}

@Suite struct TextAmongNumbersTests {
  private func table(_ b: (Int) -> String) -> String { ImportedTable.text(ImportedTable(b: b).lines) }

  @Test(arguments: WrittenForm.all)
  func `a column of one form is refused with the option that reads it, and read with it`(form: WrittenForm) throws {
    let text = table { form.text(10 + $0) }
    let message = ImportedTable.refusal(text)
    #expect(message?.contains("covariate 'b' has 40 texts: '") == true, "\(message ?? "")")
    #expect(
      message?.contains("table.csv line 2)") == true && message?.contains(form.remedy) == true, "\(message ?? "")")
    let found = try ImportedTable.imported(text) { $0.format.numbers = form.format }
    #expect(found.summary.covariates == ["a", "b"])
    #expect(try found.agrees(with: ImportedTable.imported(table { form.plain(10 + $0) })))
  }

  @Test(arguments: WrittenForm.strays)
  func `so is a form that a few rows have`(form: WrittenForm) throws {
    let text = table { $0 % 13 == 5 ? form.text(10 + $0) : "\($0)" }
    let message = ImportedTable.refusal(text)
    #expect(message?.contains("covariate 'b' has 37 numbers and 3 texts: '") == true, "\(message ?? "")")
    #expect(
      message?.contains("table.csv line 7)") == true && message?.contains(form.remedy) == true, "\(message ?? "")")
    let found = try ImportedTable.imported(text) { $0.format.numbers = form.format }
    #expect(try found.agrees(with: ImportedTable.imported(table { $0 % 13 == 5 ? form.plain(10 + $0) : "\($0)" })))
  }

  @Test func `affixes that only some numbers have are noted`() throws {
    func codes(_ b: (Int) -> String) throws -> [Finding] {
      try ImportedTable.imported(table(b)) { $0.format.numbers.affixes = ["%"] }.summary.findings
    }
    let values: [Finding.Key: Finding.Value] = [.column: .name("b"), .count: .count(4), .total: .count(40)]
    #expect(try codes { $0 % 10 == 0 ? "34%" : "0.\($0)" } == [.note(.affixesOfSome, values)])
    #expect(try codes { "\($0)%" } == [] && codes { "\($0)" } == [])
  }

  @Test(arguments: WrittenForm.strays)
  func `so is a treatment`(form: WrittenForm) {
    let lines = ImportedTable.plain.rows.enumerated().map { "\(form.text(10 + $0)),\($1[1]),\($1[2])" }
    let message = ImportedTable.refusal(ImportedTable.text(["t,y,a"] + lines), covariates: ["a"])
    #expect(
      message?.contains("line 2, column 't': '") == true && message?.contains(form.remedy) == true, "\(message ?? "")")
  }

  @Test func `minus signs, wide digits and blanks without breaks are read as they are`() throws {
    let plain = try ImportedTable.imported(table { "\(-$0)" })
    for form in [{ "\u{2212}\($0)" }, { "－\($0)" }, { "\u{A0}-\($0)\u{A0}" }] as [(Int) -> String] {
      #expect(
        try ImportedTable.imported(table { $0 == 0 ? "-0" : form($0) }).x.map { $0 + 0 } == plain.x.map { $0 + 0 })
    }
  }

  @Test(arguments: [
    "2020-01-3\u{0}", "2020-01-3\u{0} 12:30:00", "2020-01-3\u{0}T12:30:00Z", "3\u{0}.01.2020", "1/3\u{0}/20",
    "3\u{0}-Jan-2020",
    "3\u{0}JAN2020", "\"Jan 3\u{0}, 2020\"",
  ])
  func `dates are no covariates`(form: String) {
    for isAll in [true, false] {
      let text = table { isAll || $0 % 9 == 4 ? form.replacing("\u{0}", with: "\($0 % 2)") : "\($0)" }
      let message = ImportedTable.refusal(text)
      #expect(message?.contains("turn dates into numbers before") == true, "\(message ?? "")")
      #expect(message?.contains("covariate 'b' has") == true, "\(message ?? "")")
    }
  }

  @Test func `times are no covariates`() {
    #expect(ImportedTable.refusal(table { "12:\(10 + $0)" })?.contains("turn times into numbers") == true)
    #expect(ImportedTable.refusal(table { "1:\(10 + $0):05 pm" })?.contains("turn times into numbers") == true)
  }

  @Test(arguments: ["NULL", "#N/A", "#DIV/0!", "n/a", "N/A", "None", "-", "null", "<NA>", ".A", "missing", "?"])
  func `one text makes no categories of numbers, and can be made missing`(word: String) throws {
    let text = table { $0 == 30 ? word : "\($0)" }
    let message = ImportedTable.refusal(text)
    #expect(
      message?.contains("covariate 'b' has 39 numbers and 1 text: '\(word)'") == true
        && message?.contains("table.csv line 32)") == true
        && message?.contains("--missing-markers ',NA,NaN,nan,.,\(word)'") == true, "\(message ?? "")")
    let found = try ImportedTable.imported(text) {
      $0.format.missingMarkers.append(word)
      $0.missing = .drop
    }
    #expect(found.summary.rows == 39 && found.summary.covariates == ["a", "b"])
  }

  @Test(arguments: ["NULL", "#N/A", "#DIV/0!", "n/a", "<NA>"])
  func `what programs write for missing is no category`(word: String) {
    let message = ImportedTable.refusal(table { $0 % 3 == 0 ? word : ["f", "m"][$0 % 2] })
    #expect(message?.contains("has the text '\(word)' among its categories") == true, "\(message ?? "")")
    #expect(message?.contains("--missing-markers") == true)
  }

  @Test(arguments: ["None", "-", "?", "missing"])
  func `what may be a category is noted`(word: String) throws {
    let found = try ImportedTable.imported(table { $0 % 3 == 0 ? word : ["f", "m"][$0 % 2] })
    let values: [Finding.Key: Finding.Value] = [.column: .name("b"), .names: .names([word])]
    #expect(found.summary.findings == [.note(.categoriesMeanMissing, values)])
  }

  @Test func `numbers that recur among texts are categories, with a note`() throws {
    let found = try ImportedTable.imported(table { ["1", "2", "3a", "3b"][$0 % 4] })
    #expect(found.summary.covariates == ["a", "b=2", "b=3a", "b=3b"])
    let values: [Finding.Key: Finding.Value] = [.column: .name("b"), .count: .count(20), .total: .count(40)]
    #expect(found.summary.findings == [.note(.numbersAmongCategories, values)])
  }

  @Test func `different numbers are no categories, however many rows hold a text`() {
    let message = ImportedTable.refusal(table { $0 % 3 == 0 ? "\($0)" : "unknown" })
    #expect(message?.contains("covariate 'b' has 14 numbers and 26 texts: 'unknown'") == true, "\(message ?? "")")
  }

  @Test(arguments: [
    ["<50", ">=50"], ["18-24", "25-44", "65+"], ["TRUE", "FALSE"], ["T1", "T2"], ["1a", "2b"], ["E10.1", "I20.0"],
    ["II", "IV"], ["Q1/2020", "Q2/2020"], ["north", "south"], ["1st", "2nd"], ["h1", "d2", "m3"],
  ])
  func `categories stay what they are`(levels: [String]) throws {
    let found = try ImportedTable.imported(table { levels[$0 % levels.count] })
    #expect(found.summary.covariates == ["a"] + levels.sorted().dropFirst().map { "b=\($0)" })
    #expect(found.codes.isEmpty)
  }

  @Test func `blanks around categories are none of them, and those that differ in case are noted`() throws {
    let found = try ImportedTable.imported(
      table { ["\"north \"", " north", "North", "s  w", "\"s w\"", "\u{A0}east"][$0 % 6] })
    #expect(found.summary.covariates == ["a", "b=east", "b=north", "b=s  w", "b=s w"])
    let alike: [Finding.Key: Finding.Value] = [.column: .name("b"), .names: .names(["North", "north", "s  w", "s w"])]
    #expect(found.summary.findings.contains(.note(.categoriesAlike, alike)))
  }

  @Test func `many indicators of one column are noted`() throws {
    let found = try ImportedTable.imported(table { "c\($0 % 25)" })
    let values: [Finding.Key: Finding.Value] = [.column: .name("b"), .count: .count(24), .rows: .count(40)]
    #expect(found.summary.findings == [.note(.manyIndicators, values)])
    #expect(try ImportedTable.imported(table { "c\($0 % 5)" }).codes.isEmpty)
  }
}
