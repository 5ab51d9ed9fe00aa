import Diagnostics
import Foundation
import TestSupport
import Testing

/// The page of what findings mean.
@Suite struct FindingsPageTests {
  @Test func `every finding is on the page, and the page knows no other`() throws {
    let page = try String(
      contentsOf: packageDirectory.appending(path: "Sources/MetaEM/MetaEM.docc/Findings.md"), encoding: .utf8)
    let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `") }
    let told = rows.flatMap { row in
      row.split(separator: "|")[0].split(separator: ",")
        .map { $0.trimmingCharacters(in: CharacterSet(charactersIn: " `")) }
    }
    #expect(Set(told) == Set(Finding.Code.allCases.map(\.rawValue)))
    #expect(Set(told).count == told.count)
  }
}
