import Foundation
import Import
import Testing

@Suite struct CSVNumberTests {
  struct Fixture: Decodable {
    /// A text, and the bits of its number.
    struct Number: Decodable {
      let text: String
      let bits: UInt64

      init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        text = try container.decode(String.self)
        bits = try container.decode(UInt64.self)
      }
    }

    let numbers: [Number]
    let texts: [String]
    let notFinite: [String]
  }

  private func parse(_ text: String) -> ParsedNumber {
    Array(text.utf8).withUnsafeBufferPointer { parseNumber($0) }
  }

  private let fixture: Fixture

  init() throws {
    fixture = try CSVFixtures.json("numbers.json", as: Fixture.self)
  }

  @Test func `Numbers have the bits that python gives them`() {
    #expect(fixture.numbers.count > 1500)
    for number in fixture.numbers {
      guard case .number(let value) = parse(number.text) else {
        Issue.record("'\(number.text)' is not read as a number")
        continue
      }
      #expect(value.bitPattern == number.bits, "\(number.text)")
    }
  }

  @Test func `Nothing else is a number`() {
    for text in fixture.texts { #expect(parse(text) == .notANumber, "\(text)") }
    for text in fixture.notFinite { #expect(parse(text) == .notFinite, "\(text)") }
  }

  @Test func `Shortest texts of any double are read back`() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      let value = Double(bitPattern: generator.next())
      guard value.isFinite else { continue }
      #expect(parse(value.description) == .number(value), "\(value)")
    }
  }
}
