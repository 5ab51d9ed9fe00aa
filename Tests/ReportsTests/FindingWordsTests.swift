import Diagnostics
import Foundation
import Reports
import TestSupport
import Testing

@Suite struct FindingWordsTests {
  /// One value for every name, so that each code finds its own among them.
  private static let values: [Finding.Key: Finding.Value] = [
    .names: .names(["bic", "heldOutLogLikelihood"]), .counts: .counts([3, 2]), .count: .count(4), .total: .count(19),
    .groups: .count(5), .fewerGroups: .count(2), .group: .count(1), .passes: .count(1000), .parameters: .count(234),
    .rows: .count(150), .rounds: .count(20), .ridge: .number(1e-10), .distance: .number(2.345),
    .difference: .number(0.1), .low: .number(17.26), .high: .number(22.14), .bic: .number(-1234.56),
    .splineBIC: .number(-1240.4), .test: .test(statistic: 31.5, degreesOfFreedom: 4, pValue: 0.00047),
    .criterion: .name("bic"), .distribution: .name("gaussian"), .representation: .name("mixed"),
    .levels: .names(["A", "B", "C"]), .lambda: .number(0.5), .cell: .name("regression-spline-k6-seed1"),
    .reason: .name("every start degenerated"), .column: .name("dose"), .option: .name("--t"), .value: .number(-998.5),
    .distinct: .count(7), .row: .count(1217), .fileRow: .count(17), .file: .name("b.h5"), .line: .count(7),
    .memberRows: .counts([3, 17]), .pValue: .number(0.0021), .share: .number(0.617),
  ]

  @Test func `every code has words, and they are the ones that are kept`() throws {
    let words = Finding.Code.allCases.map { "\($0.rawValue): \(Finding($0, Self.values).words)\n" }.joined()
    #expect(try snapshot("ReportsTests/Snapshots/findings.txt", of: words) == words)
    // A code without words of its own would show its name.
    for code in Finding.Code.allCases { #expect(Finding(code, Self.values).words.contains(" "), "\(code)") }
  }

  @Test func `one group that suffices is said for either of two laws`() {
    let both = Finding(
      .oneGroupSuffices, [.names: .names(["treatment", "treatment-and-outcome"]), .groups: .count(3)])
    #expect(both.words.hasPrefix("one group explains t given x (by BIC) and t and y given x (by ICL) as well as 3:"))
  }

  @Test func `a p value too small for four digits is said to be below them`() {
    #expect(0.000099.asPValue == "p below 0.0001" && 0.0001.asPValue == "p = 0.0001" && 0.05.asPValue == "p = 0.0500")
  }

  @Test func `a finding survives encoding with its code, severity and values`() throws {
    for code in Finding.Code.allCases {
      let finding = Finding(code, Self.values, severity: .invalid)
      #expect(try JSONDecoder().decode(Finding.self, from: JSONEncoder().encode(finding)) == finding)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let finding = Finding(.notConverged, [.passes: .count(2), .distance: .number(.infinity)])
    let json = String(decoding: try encoder.encode(finding), as: UTF8.self)
    #expect(json == #"{"code":"not-converged","severity":"warning","values":{"distance":null,"passes":2}}"#)
  }

  @Test func `codes are kebab-case and each is used once`() {
    let codes = Finding.Code.allCases.map(\.rawValue)
    #expect(Set(codes).count == codes.count)
    for code in codes { #expect(code.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil, "\(code)") }
  }
}
