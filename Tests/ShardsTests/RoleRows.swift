import Communication
import Diagnostics
import Foundation
import Frames
import Shards
import TestSupport

/// Rows with a column of every role and kind, some with missing values; a row is a function of its number.
struct RoleRows {
  static let grades = ["low", "mid", "high"]
  static let hospitals = ["south", "north", "Ü/1", "a"]

  /// The columns besides x, t, y, z, weight and id; the institution's levels depend on the rows of a file.
  static func columns(hospitals: [String]) -> [Column] {
    [
      Column("hospital/ward", .institution, .categorical(levels: hospitals)),
      Column("hospital/ward", .cluster, .categorical(levels: ["1", "2"]), allowsMissing: true),
      Column("distance", .instrument), Column("score", .proxy, .integer, allowsMissing: true),
      Column("arm", .arm, .categorical(levels: ["x", "y"])), Column("unit", .unit, .integer),
      Column("year", .period, .integer), Column("held", .test, .integer),
      Column("grade", .covariate, .categorical(levels: grades)),
      Column("scan", .covariate, .vector(width: 3), allowsMissing: true),
      Column("..", .none, allowsMissing: true), Column("cause", .variable), Column("note", .none, .text),
    ]
  }

  static func hospital(_ row: Int, of rowCount: Int) -> String {
    hospitals[min(3, (row * 4 / rowCount + row % 2))]
  }

  let rowCount: Int

  static func real(_ row: Int, _ column: Int) -> Double { sin(Double(row * 31 + column)) }

  /// The values of the columns for some rows; a code of the institution is a place among `hospitals`.
  func values(_ rows: [Int], hospitals: [String]) -> [ColumnValues] {
    func codes(_ value: (Int) -> Int) -> ColumnValues { .codes(rows.map { Int64(value($0)) }) }
    return [
      codes { hospitals.firstIndex(of: Self.hospital($0, of: rowCount))! },
      codes { $0 % 7 == 0 ? -1 : $0 / 3 % 2 }, .reals(rows.map { Self.real($0, 1) }),
      .codes(rows.map { $0 % 5 == 0 ? .min : Int64($0) - 1_000 }), codes { $0 / 2 % 2 }, codes { $0 / 10 },
      codes { $0 % 10 },
      codes { $0 % 3 == 1 ? 1 : 0 }, codes { $0 % 3 },
      .reals(rows.flatMap { row in (0..<3).map { row % 4 == 0 && $0 == 1 ? .nan : Self.real(row, 10 + $0) } }),
      .reals(rows.map { $0 % 6 == 0 ? .nan : Self.real($0, 5) }), .reals(rows.map { Self.real($0, 6) }),
      .texts(rows.map { $0 % 9 == 0 ? "" : "näht \($0)" }),
    ]
  }

  func block(_ rows: [Int], hospitals: [String]) -> ShardBlock {
    ShardBlock(
      covariates: rows.flatMap { [Self.real($0, 100), Self.real($0, 101)] }, treatment: rows.map { Self.real($0, 102) },
      outcome: rows.map { Self.real($0, 103) }, source: rows.map { Int64($0 % 2) },
      weight: rows.map { abs(Self.real($0, 104)) }, identifiers: .integers(rows.map { Int64($0) * 7 }),
      columns: values(rows, hospitals: hospitals))
  }

  static let roles: Set<Role> = [.covariate, .treatment, .outcome, .source, .weight, .identifier]

  @discardableResult
  func write(
    _ rows: [Int], to path: String, change: (inout ShardHeader) -> Void = { _ in }
  ) throws -> Manifest.Shard {
    let hospitals = Set(rows.map { Self.hospital($0, of: rowCount) }).sorted()
    var header = ShardHeader(covariateNames: ["age", "weight"])
    header.sourceLevels = ["left", "right"]
    header.columns = Self.columns(hospitals: hospitals)
    change(&header)
    let writer = try ShardWriter(path: path, header: header, roles: Self.roles, force: false)
    for start in stride(from: 0, to: rows.count, by: 900) {
      try writer.append(block(Array(rows[start..<min(start + 900, rows.count)]), hospitals: hospitals))
    }
    return try writer.finish()
  }

  /// Writes all rows, cut into `files` shards of unequal lengths; returns the paths and the rows of each.
  func write(files: Int, in folder: ScratchFolder) throws -> [(path: String, rows: [Int])] {
    let cuts = (0...files).map { rowCount * $0 * $0 / (files * files) }
    return try (0..<files).map { index in
      let path = folder.file("part-\(files)-\(index).h5")
      let rows = Array(cuts[index]..<cuts[index + 1])
      try write(rows, to: path)
      return (path, rows)
    }
  }

  /// The rows as columns in memory, as the frame of all files should hold them.
  func frameColumns(_ rows: [Int]) -> [FrameColumn] {
    let block = block(rows, hospitals: Self.hospitals)
    func every(_ offset: Int) -> [Double] { rows.indices.map { block.covariates[2 * $0 + offset] } }
    var columns: [FrameColumn] = [
      .real("age", .covariate, every(0), allowsMissing: true),
      .real("weight", .covariate, every(1), allowsMissing: true),
      .real("t", .treatment, block.treatment), .real("y", .outcome, block.outcome!),
      .real("weight", .weight, block.weight!),
      .categorical("z", .source, codes: block.source!, levels: ["left", "right"]),
    ]
    for (column, values) in zip(Self.columns(hospitals: []), block.columns) {
      switch (values, column.kind) {
      case (.reals(let reals), .vector(let width)):
        columns.append(.vector(column.name, column.role, reals, width: width, allowsMissing: true))
      case (.reals(let reals), _): columns.append(.real(column.name, column.role, reals, allowsMissing: true))
      case (.codes(let codes), .categorical(let levels)):
        if column.role == .institution {
          // By name: levels in the order of code points.
          columns.append(.categorical(column.name, column.role, codes.map { Self.hospitals[Int($0)] }))
        } else {
          columns.append(.categorical(column.name, column.role, codes: codes, levels: levels, allowsMissing: true))
        }
      case (.codes(let codes), _): columns.append(.integer(column.name, column.role, codes, allowsMissing: true))
      case (.texts, _): break
      }
    }
    return columns
  }
}

extension Frame {
  /// The bit patterns of this rank's values by column; those of vectors component by component within a chunk.
  func bits() throws -> [[UInt64]] {
    try schema.columns.enumerated().map { index, column in
      try rows.localChunks.flatMap { chunk -> [UInt64] in
        let count = rowCount(ofChunk: chunk)
        if column.kind.holdsCodes {
          let codes = try codes(index, chunk: chunk)
          return (0..<count).map { UInt64(bitPattern: codes[$0]) }
        }
        var width = 1
        if case .vector(let components) = column.kind { width = components }
        return try (0..<width).flatMap { component in
          let values = try reals(index, component: component, chunk: chunk)
          return (0..<count).map { values[$0].bitPattern }
        }
      }
    }
  }
}
