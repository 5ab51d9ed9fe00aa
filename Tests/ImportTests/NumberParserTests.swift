import Diagnostics
import Import
import Testing

@Suite struct NumberParserTests {
  private func number(_ text: String, _ format: NumberFormat) -> Double? {
    if case .number(let value) = NumberParser(format).parse(text) { value } else { nil }
  }

  private func expect(_ format: NumberFormat, _ numbers: [String: Double], not texts: [String]) {
    for (text, value) in numbers {
      #expect(number(text, format)?.bitPattern == value.bitPattern, "'\(text)' is \(value)")
    }
    for text in texts { #expect(number(text, format) == nil, "'\(text)' is no number") }
  }

  @Test func `signs, digits and blanks of all scripts have one meaning`() {
    let numbers = [
      "\u{2212}1.5": -1.5, "１２．５": 12.5, "－３": -3, "＋3": 3, "\u{661}\u{662}\u{66B}\u{665}": 12.5, "\u{A0}7\u{202F}": 7,
      "\u{2212}0": -0.0, "1e\u{2212}3": 1e-3, "\u{FEFF}4": 4,
    ]
    let texts = ["\u{2013}5", "½", "²", "1\u{A0}000", "−", "٫", "Ⅳ", "südlich", "1e", "−-1", "--1"]
    expect(NumberFormat(), numbers, not: texts)
  }

  @Test func `a decimal comma takes the place of the point`() {
    let numbers = [
      "15,2": 15.2, "-0,5": -0.5, ",5": 0.5, "5,": 5, "1,5e-3": 1.5e-3, "7": 7, "１，５": 1.5,
      "0,12345678901234567890123": 0.12345678901234567890123, "123456789,123456789012345": 123456789.123456789012345,
    ]
    expect(NumberFormat(decimalMark: ","), numbers, not: ["15.2", "1,2,3", ",", "1.234,5", "1 000"])
  }

  @Test func `any character may be the decimal mark`() {
    expect(NumberFormat(decimalMark: "·"), ["12·3": 12.3, "−4·5": -4.5, "6": 6], not: ["12.3", "1·2·3", "·"])
  }

  @Test func `groups of digits have three, but for the first, and those of India`() {
    let numbers = [
      "1,034": 1034, "1,034,567.25": 1_034_567.25, "-12,000": -12000, "999": 999, "1,00,000": 100_000, "1234.5": 1234.5,
      "1,034e3": 1_034_000,
    ]
    let texts = ["15,2", "1,03", "1,0345", "0,125", ",034", "1,034,", "1,,034", "1,034,5", "1.034,5", "1,5e1,000"]
    expect(NumberFormat(thousandsMark: ","), numbers, not: texts)
  }

  @Test func `points, blanks, apostrophes and underscores separate groups, too`() {
    let comma = NumberFormat(decimalMark: ",", thousandsMark: ".")
    expect(comma, ["1.234,5": 1234.5, "1.234.567": 1_234_567, "0,5": 0.5], not: ["1,234.5", "1.5"])
    let blank = NumberFormat(decimalMark: ",", thousandsMark: "space")
    expect(
      blank, ["1 234,5": 1234.5, "1\u{A0}234": 1234, "1\u{202F}234\u{2009}567": 1_234_567], not: ["1 2", "12 34"])
    expect(NumberFormat(thousandsMark: "'"), ["1'234.5": 1234.5, "1’234": 1234], not: ["1'2"])
    expect(NumberFormat(thousandsMark: "_"), ["1_000": 1000], not: ["_1", "1_"])
  }

  @Test func `affixes are no part of a number`() {
    let format = NumberFormat(thousandsMark: ",", affixes: ["$", "US$", "%", "*", "<", "mg"])
    let numbers = [
      "$5": 5, "-$5.5": -5.5, "$-5": -5, "US$ 1,000": 1000, "34%": 34, "34 %": 34, "34\u{A0}%": 34, "12.3*": 12.3,
      "12.3**": 12.3, "<0.5": 0.5, "< 0.5": 0.5, "5 mg": 5, "7": 7, "−3%": -3, "12mg*": 12,
    ]
    expect(format, numbers, not: ["€5", "%", "$", "5 kg", "$$5", "mg", "5$6", "<>5", "-$-5", "1e5 kg"])
  }

  @Test(arguments: [
    (NumberFormat(decimalMark: ""), "--decimal-mark"), (NumberFormat(decimalMark: ".,"), "--decimal-mark"),
    (NumberFormat(decimalMark: "-"), "--decimal-mark"), (NumberFormat(decimalMark: " "), "--decimal-mark"),
    (NumberFormat(thousandsMark: "e"), "--thousands-mark"), (NumberFormat(thousandsMark: "."), "are both '.'"),
    (NumberFormat(affixes: ["%", ""]), "--affixes"), (NumberFormat(affixes: ["m2"]), "--affixes"),
    (NumberFormat(affixes: ["-"]), "--affixes"),
  ])
  func `formats that cannot be told apart are refused`(format: NumberFormat, words: String) {
    var plan = ImportPlan(treatment: "t", outcome: "y", covariates: ["a"])
    plan.format.numbers = format
    let failure = #expect(throws: Failure.self) {
      try Importer(inputs: ["/no/such.csv"], plan: plan).run(into: "/no/such", force: false)
    }
    #expect(failure?.exitCode == .usage)
    #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
  }
}
