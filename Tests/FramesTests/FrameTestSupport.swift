import Communication
import Foundation
import Frames
import TestSupport
import Testing

/// Values made of a counter, so that every value tells its place.
enum ExampleValues {
  static func bits(_ row: Int, _ column: Int) -> UInt64 {
    var bits = UInt64(row) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(column) &* 0xD1B5_4A32_D192_ED03
    bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
    return (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
  }

  /// Numbers in -1 ..< 1.
  static func real(_ row: Int, _ column: Int) -> Double { Double(bits(row, column) >> 11) / 0x1p52 - 1 }

  static func reals(_ rowCount: Int, _ column: Int) -> [Double] { (0..<rowCount).map { real($0, column) } }
}

/// A column of every role and of every kind that a frame holds, some with missing values; every row is a function of its
/// number, so that it can be generated, too.
struct ExampleSource: ChunkSource {
  static let width = 3
  static let schema = try! Schema([
    Column("age", .covariate), Column("income", .covariate, allowsMissing: true),
    Column("face", .covariate, .vector(width: width), allowsMissing: true), Column("dose", .treatment),
    Column("survival", .outcome), Column("distance", .instrument), Column("truth", .source, .integer),
    Column("hospital", .institution, .categorical(levels: ["b", "a", "ü"])),
    Column("ward", .cluster, .categorical(levels: ["1", "2"]), allowsMissing: true), Column("count", .weight),
    Column("score", .proxy, .integer, allowsMissing: true), Column("arm", .arm, .categorical(levels: ["x", "y"])),
    Column("unit", .unit, .integer), Column("year", .period, .integer), Column("held", .test, .integer),
    Column("note", .none), Column("cause", .variable),
  ])

  func value(_ column: Column, _ index: Int, row: Int, component: Int) -> Double {
    if column.allowsMissing && (row + index) % 5 == 0 && component != 1 { return .nan }
    let value = ExampleValues.real(row, 10 * index + component)
    return column.role == .weight ? abs(value) : value
  }

  func code(_ column: Column, _ index: Int, row: Int) -> Int64 {
    if column.allowsMissing && (row + index) % 5 == 0 { return column.kind.missingCode! }
    let code = Int64(ExampleValues.bits(row, index) >> 40)
    return column.kind.levels.map { code % Int64($0.count) } ?? code - 1 << 23
  }

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      for (index, column) in target.schema.columns.enumerated() {
        for (offset, row) in target.grid.rows(ofChunk: chunk).enumerated() {
          if column.kind.holdsCodes {
            target.codes(index, chunk: chunk)[offset] = code(column, index, row: row)
          } else {
            for component in 0..<Self.components(column) {
              target.reals(index, component: component, chunk: chunk)[offset] =
                value(column, index, row: row, component: component)
            }
          }
        }
      }
    }
  }

  /// The same rows as arrays.
  func columns(rowCount: Int) -> [FrameColumn] {
    Self.schema.columns.enumerated().map { index, column in
      let rows = 0..<rowCount
      let (name, role, missing) = (column.name, column.role, column.allowsMissing)
      let codes = column.kind.holdsCodes ? rows.map { code(column, index, row: $0) } : []
      let reals = rows.flatMap { row in
        (0..<Self.components(column)).map { value(column, index, row: row, component: $0) }
      }
      return switch column.kind {
      case .integer: .integer(name, role, codes, allowsMissing: missing)
      case .categorical(let levels):
        .categorical(name, role, codes: codes, levels: levels, allowsMissing: missing)
      case .vector(let width): .vector(name, role, reals, width: width, allowsMissing: missing)
      case .real, .text: .real(name, role, reals, allowsMissing: missing)
      }
    }
  }

  static func components(_ column: Column) -> Int { if case .vector(let width) = column.kind { width } else { 1 } }
}

extension Frame {
  /// The bit patterns of this rank's values, column by column, those of vectors row by row.
  func bits() throws -> [[UInt64]] {
    try schema.columns.enumerated().map { index, column in
      try rows.localChunks.flatMap { chunk in
        try (0..<rowCount(ofChunk: chunk)).flatMap { row -> [UInt64] in
          if column.kind.holdsCodes { return [UInt64(bitPattern: try codes(index, chunk: chunk)[row])] }
          return try (0..<ExampleSource.components(column)).map {
            try reals(index, component: $0, chunk: chunk)[row].bitPattern
          }
        }
      }
    }
  }
}

extension FrameColumn {
  /// The bit patterns of the values.
  var bits: [UInt64] {
    switch values {
    case .reals(let values): values.map(\.bitPattern)
    case .codes(let values): values.map { UInt64(bitPattern: $0) }
    case .texts: []
    }
  }
}

/// What all ranks hold, in the order of ranks.
func joined(_ parts: [[[UInt64]]]) -> [[UInt64]] {
  parts.dropFirst().reduce(parts[0]) { zip($0, $1).map { $0 + $1 } }
}

/// Runs Python with h5py and numpy, and returns what it printed.
func pythonOutput(_ arguments: [String]) throws -> String {
  let result = try python(arguments)
  #expect(result.exitCode == 0, "\(result.error)")
  return result.output
}
