import Diagnostics
import Storage
import Yams

/// A YAML file of options: keys are the names of options, under headings or under none.
struct OptionFile {
  /// What may stand above options. A heading has no meaning but for the reader.
  static let headings = ["data", "fit", "effect", "run"]

  struct Entry {
    let name: String
    /// The value or those of the list, as they are written; none for null.
    let values: [String]
    let line: Int
  }

  let path: String
  /// In the order of the file.
  private(set) var entries: [Entry] = []

  /// - Throws: ``Failure`` `noInput` when there is no such file; `usage` with the line of what is no YAML, no option, or
  ///   there twice.
  init(path: String) throws {
    self.path = path
    guard let bytes = try WholeFile.bytes(path) else {
      throw Failure(.noInput, "--config \(path): there is no such file; name a YAML file of options")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw failure("is no text in UTF-8; write it in UTF-8", line: 1)
    }
    do {
      if let root = try Yams.compose(yaml: text) { try add(root) }
    } catch let error as YamlError {
      throw failure(error.words, line: error.line)
    }
  }

  func failure(_ words: String, line: Int) -> Failure { Failure(.usage, "\(path):\(line): \(words)") }

  /// Adds the options of a mapping, which may lie under headings.
  private mutating func add(_ node: Node, under heading: String? = nil) throws {
    let line = node.mark?.line ?? 1
    guard let mapping = node.mapping else {
      guard heading == nil, node.null != nil else {
        throw failure("there must be options by name, such as 'groups: 3'", line: line)
      }
      return
    }
    for (key, value) in mapping {
      let line = key.mark?.line ?? line
      guard let name = key.scalar?.string else { throw failure("a key must be the name of an option", line: line) }
      if value.mapping != nil || value.null != nil && Self.headings.contains(name) {
        guard heading == nil, Self.headings.contains(name) else {
          let words = "'\(name)' has keys below it and is no heading"
          throw failure("\(words); \(suggestion(for: name, among: Self.headings, owner: "headings are"))", line: line)
        }
        if value.null == nil { try add(value, under: name) }
        continue
      }
      if let earlier = entries.first(where: { $0.name == name }) {
        throw failure("'\(name)' stands in line \(earlier.line) too; give it once", line: line)
      }
      entries.append(Entry(name: name, values: try values(of: value, name, line: line), line: line))
    }
  }

  private func values(of node: Node, _ name: String, line: Int) throws -> [String] {
    let nodes = node.sequence.map(Array.init) ?? (node.null == nil ? [node] : [])
    return try nodes.map {
      guard let value = $0.scalar, $0.null == nil else {
        throw failure("'\(name)' must be one value, or a list of such: \(name): [a, b]", line: line)
      }
      return value.string
    }
  }
}

extension YamlError {
  fileprivate var line: Int {
    switch self {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    case .reader(_, let offset, _, let text): text.prefix(offset ?? 0).count(where: \.isNewline) + 1
    default: 1
    }
  }

  fileprivate var words: String {
    switch self {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _),
      .reader(let problem, _, _, _):
      "this is no YAML: \(problem); write options as 'groups: 3', one a line"
    case .duplicatedKeysInMapping(let names, _):
      "\(names.map { "'\($0)'" }.joined(separator: ", ")) is there more than once; give it once"
    default: "\(self)"
    }
  }
}
