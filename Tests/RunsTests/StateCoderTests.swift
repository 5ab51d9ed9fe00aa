import Foundation
import Runs
import Testing

@Suite struct StateCoderTests {
  private enum Shape: Codable, Equatable {
    case point
    case line(length: Double)
    indirect case pair(Shape, Shape)
  }

  private struct Inner: Codable, Equatable {
    var rows: [[Double]] = [[1, 2], [], [0.1]]
    var names = ["ä": 1, "b": -7]
    var counts = [3: "three", 5: "five"]
    var absent: Double?
    var holes: [Double?] = [1, nil, 3]
  }

  private struct State: Codable, Equatable {
    var inner = Inner()
    var inners = [Inner(), Inner()]
    var shape = Shape.pair(.line(length: -0.0), .point)
    var integers: [Int] = [.min, 0, .max]
    var unsigned = UInt64.max
    var small: (Int8) = -128
    var single = Float(0.1)
    var flag = true
    var text = "a line\nand \"quotes\""
    var nothing: [Int] = []
  }

  @Test func `Values of every kind come back equal`() throws {
    let state = State()
    #expect(try StateDecoder.decode(State.self, from: StateEncoder.encode(state)) == state)
  }

  @Test func `Every bit of a double comes back`() throws {
    let numbers: [Double] = [
      0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity, .nan, .signalingNaN,
      Double(nan: 0x1234, signaling: false), 0.1, 1e22,
    ]
    let back: [Double] = try StateDecoder.decode(from: StateEncoder.encode(numbers))
    #expect(back.map(\.bitPattern) == numbers.map(\.bitPattern))
    for number in numbers {
      let back: Double = try StateDecoder.decode(from: StateEncoder.encode(number))
      #expect(back.bitPattern == number.bitPattern)
    }
  }

  @Test func `Nothing comes back as nothing`() throws {
    let none: Double? = try StateDecoder.decode(from: StateEncoder.encode(Double?.none))
    let one: Double? = try StateDecoder.decode(from: StateEncoder.encode(Double?.some(1)))
    #expect(none == nil && one == 1)
  }

  @Test func `Doubles take eight bytes each and keys are written once`() throws {
    let numbers = (0..<1000).map { Double($0) / 3 }
    #expect(try StateEncoder.encode(numbers).count < 8 * 1000 + 8)
    struct Record: Codable {
      let aLongNameThatAllHave: Double
    }
    let records = (0..<100).map { Record(aLongNameThatAllHave: Double($0)) }
    #expect(try StateEncoder.encode(records).count < 100 * 12 + 40)
  }

  /// The order of a dictionary differs from process to process, and so may not show.
  @Test func `Equal states have equal bytes`() throws {
    let keys = (0..<100).map { "key \($0)" }
    let one = Dictionary(uniqueKeysWithValues: keys.map { ($0, 1.5) })
    let other = Dictionary(uniqueKeysWithValues: keys.reversed().map { ($0, 1.5) })
    #expect(try StateEncoder.encode(one) == StateEncoder.encode(other))
  }

  @Test func `Another type is refused`() throws {
    let bytes = try StateEncoder.encode(State())
    #expect(throws: DecodingError.self) { try StateDecoder.decode(Inner.self, from: bytes) }
    #expect(throws: DecodingError.self) { try StateDecoder.decode([Double].self, from: bytes) }
    #expect(throws: DecodingError.self) { try StateDecoder.decode(Int8.self, from: StateEncoder.encode(300)) }
  }

  @Test func `Bytes that were cut or changed are refused or decode to something`() throws {
    let bytes = try StateEncoder.encode(State())
    for length in bytes.indices {
      #expect(throws: (any Error).self) { try StateDecoder.decode(State.self, from: Array(bytes[..<length])) }
    }
    for position in bytes.indices {
      var changed = bytes
      changed[position] ^= 0x81
      // A changed number cannot be told from another one; what matters is that nothing traps.
      if let state = try? StateDecoder.decode(State.self, from: changed) { #expect(state.nothing.isEmpty) }
    }
    #expect(throws: (any Error).self) { try StateDecoder.decode(State.self, from: bytes + [0]) }
  }
}
