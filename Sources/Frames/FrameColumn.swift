/// Values of a column, one after another.
public enum ColumnValues: Sendable, Equatable {
  /// Real numbers; those of vectors row by row.
  case reals([Double])
  /// Integers, or the codes of categories.
  case codes([Int64])
  case texts([String])

  /// The number of values; vectors count each of their numbers.
  public var count: Int {
    switch self {
    case .reals(let values): values.count
    case .codes(let values): values.count
    case .texts(let values): values.count
    }
  }
}

/// A column with its values, of which a frame in memory is made.
public struct FrameColumn: Sendable {
  public let column: Column
  public let values: ColumnValues

  private init(_ column: Column, _ values: ColumnValues) {
    self.column = column
    self.values = values
  }

  /// Real numbers; NaN is missing.
  public static func real(_ name: String, _ role: Role, _ values: [Double], allowsMissing: Bool = false) -> FrameColumn
  {
    FrameColumn(Column(name, role, .real, allowsMissing: allowsMissing), .reals(values))
  }

  /// Integers; the least one is missing.
  public static func integer(
    _ name: String, _ role: Role, _ values: [Int64], allowsMissing: Bool = false
  ) -> FrameColumn {
    FrameColumn(Column(name, role, .integer, allowsMissing: allowsMissing), .codes(values))
  }

  /// Codes of levels; -1 is missing.
  public static func categorical(
    _ name: String, _ role: Role, codes: [Int64], levels: [String], allowsMissing: Bool = false
  ) -> FrameColumn {
    FrameColumn(Column(name, role, .categorical(levels: levels), allowsMissing: allowsMissing), .codes(codes))
  }

  /// Categories by name, coded in the order of code points; nil is missing.
  public static func categorical(
    _ name: String, _ role: Role, _ values: [String?], allowsMissing: Bool = false
  ) -> FrameColumn {
    let levels = sortedByCodePoints(Set(values.compactMap(\.self)))
    let codes = Dictionary(uniqueKeysWithValues: levels.enumerated().map { ($1, Int64($0)) })
    return categorical(
      name, role, codes: values.map { $0.map { codes[$0]! } ?? -1 }, levels: levels, allowsMissing: allowsMissing)
  }

  /// Vectors [n, width] of real numbers, row-major; NaN is missing.
  public static func vector(
    _ name: String, _ role: Role, _ values: [Double], width: Int, allowsMissing: Bool = false
  ) -> FrameColumn {
    FrameColumn(Column(name, role, .vector(width: width), allowsMissing: allowsMissing), .reals(values))
  }
}

/// Texts in the order of their code points, which does not depend on the locale.
package func sortedByCodePoints(_ texts: some Sequence<String>) -> [String] {
  texts.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
}

/// Columns in memory as the source of a frame's chunks.
struct ColumnArrays: ChunkSource {
  let columns: [FrameColumn]

  func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
    for chunk in chunks {
      let rows = target.grid.rows(ofChunk: chunk)
      for (index, column) in columns.enumerated() {
        switch column.values {
        case .reals(let values):
          let width = target.schema.columns[index].kind.slotCount
          for component in 0..<width {
            let numbers = target.reals(index, component: component, chunk: chunk)
            for (offset, row) in rows.enumerated() { numbers[offset] = values[row * width + component] }
          }
        case .codes(let values):
          let codes = target.codes(index, chunk: chunk)
          for (offset, row) in rows.enumerated() { codes[offset] = values[row] }
        case .texts: preconditionFailure("a frame holds no texts")
        }
      }
    }
  }
}
