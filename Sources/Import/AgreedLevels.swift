import Diagnostics
import FoundationEssentials
import Storage

/// The levels of columns that institutions agree on before they make their shards: a JSON object such as
/// `{"region": ["A", "B", "C"], "sex": ["f", "m"]}`, where the first level of a column is its reference.
public struct AgreedLevels: Sendable, Codable, Equatable {
  public var path: String
  public var levels: [String: [String]]

  /// Reads a file of levels.
  ///
  /// - Throws: ``Failure`` `noInput` when it cannot be read; `data` when it is no such object, or a column has a level
  ///   twice or none.
  public init(path: String) throws {
    guard let bytes = try WholeFile.bytes(path) else {
      throw Failure(.noInput, "--levels \(path): there is no such file")
    }
    guard let read = try? JSONDecoder().decode([String: [LevelText]].self, from: Data(bytes)) else {
      throw Failure(
        .data, #"\#(path) is no list of levels; write it as {"region": ["A", "B", "C"]}, the reference first"#)
    }
    self.path = path
    levels = read.mapValues { $0.map(\.text) }
    for (column, levels) in levels.sorted(by: { $0.key < $1.key }) {
      guard !levels.isEmpty else {
        throw Failure(.data, "\(path): '\(column)' has no level; list those that it may have")
      }
      guard Set(levels).count == levels.count else {
        throw Failure(.data, "\(path): '\(column)' has a level twice: \(levels.joined(separator: ", ")); list it once")
      }
    }
  }
}

/// A level in JSON, where categories that are coded as integers may be written as such.
private struct LevelText: Decodable {
  let text: String

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    text = try (try? container.decode(Int.self)).map(String.init) ?? container.decode(String.self)
  }
}
