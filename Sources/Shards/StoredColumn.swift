import Frames
import Storage

/// A column of a shard, and where it lies in the file.
struct StoredColumn: Sendable, Equatable {
  var column: Column
  /// The path of its dataset; nil when all rows have the first level, as a shard of one institution.
  var dataset: String?
  /// Its place among the columns of the dataset; nil when it is the whole dataset.
  var index: Int?

  /// The group of the columns that have no dataset of a fixed name.
  private static let group = "columns"

  /// Gives columns datasets `columns/<name>`; what HDF5 takes for a path is replaced, and equal names are numbered.
  static func placed(_ columns: [Column]) -> [StoredColumn] {
    var taken: Set<String> = []
    return columns.map { column in
      let plain = column.name.replacing("/", with: "-").replacing("\0", with: "-")
      let base = plain.allSatisfy({ $0 == "." }) ? "column" : plain
      var name = base
      var number = 2
      while !taken.insert(name).inserted {
        name = "\(base)-\(number)"
        number += 1
      }
      return StoredColumn(column: column, dataset: "\(group)/\(name)")
    }
  }

  /// What the elements of the dataset must be.
  var elementKinds: [HDF5ElementKind] {
    switch column.kind {
    case .real, .vector: [.float, .integer]
    case .integer, .categorical: [.integer]
    case .text: [.string]
    }
  }

  /// Numbers in a row; nil for one without a dimension of its own.
  var width: Int? { if case .vector(let width) = column.kind { width } else { nil } }

  /// Tells readers in other languages what the dataset is.
  func describe(in file: borrowing HDF5File) throws {
    guard let dataset, index == nil else { return }
    try file.setAttribute("name", .string(column.name), of: dataset)
    try file.setAttribute("role", .string(column.role.rawValue), of: dataset)
    try file.setAttribute("kind", .string(column.kind.word), of: dataset)
    if let levels = column.kind.levels { try file.setAttribute("levels", .strings(levels), of: dataset) }
  }
}

extension StoredColumn: Codable {
  private enum Key: String, CodingKey { case dataset, index }

  func encode(to encoder: any Encoder) throws {
    try column.encode(to: encoder)
    var container = encoder.container(keyedBy: Key.self)
    try container.encodeIfPresent(dataset, forKey: .dataset)
    try container.encodeIfPresent(index, forKey: .index)
  }

  init(from decoder: any Decoder) throws {
    column = try Column(from: decoder)
    let container = try decoder.container(keyedBy: Key.self)
    dataset = try container.decodeIfPresent(String.self, forKey: .dataset)
    index = try container.decodeIfPresent(Int.self, forKey: .index)
  }
}
