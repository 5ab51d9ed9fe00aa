/// The values of options as texts, by their paths in the type of the options (`alternation.rounds`): what a difference
/// between two runs is named by.
struct OptionValues: Sendable, Codable, Equatable {
  private(set) var texts: [String: String] = [:]

  /// Options that are nil have no text.
  init(_ options: some Encodable) throws { add(try StateEncoder.tree(options), at: "") }

  init(from decoder: any Decoder) throws { texts = try [String: String](from: decoder) }
  func encode(to encoder: any Encoder) throws { try texts.encode(to: encoder) }

  private mutating func add(_ value: StateValue, at path: String) {
    switch value {
    case .null: break
    case .record(let fields):
      for (key, field) in fields { add(field, at: path.isEmpty ? key : "\(path).\(key)") }
    case .list(let values) where values.contains(where: { $0.scalarText == nil }):
      for (index, value) in values.enumerated() { add(value, at: "\(path).\(index)") }
    default: texts[path] = value.scalarText ?? ""
    }
  }

  /// The options that differ from others, in the order of their paths; a value is nil where an option has none.
  func differences(from earlier: OptionValues) -> [(path: String, earlier: String?, now: String?)] {
    Set(texts.keys).union(earlier.texts.keys).sorted()
      .map { ($0, earlier.texts[$0], texts[$0]) }
      .filter { $0.1 != $0.2 }
  }
}

extension StateValue {
  /// A scalar, or a list of scalars, as a user would write it; nil for anything else.
  fileprivate var scalarText: String? {
    switch self {
    case .flag(let flag): "\(flag)"
    case .integer(let integer): "\(integer)"
    case .unsigned(let integer): "\(integer)"
    case .number(let number): "\(number)"
    case .text(let text): text
    case .numbers(let numbers): numbers.map { "\($0)" }.joined(separator: ",")
    case .list(let values):
      values.reduce(into: String?("")) { text, value in
        let part = value.scalarText.map { $0.contains(",") ? "'\($0)'" : $0 }
        text = part.flatMap { part in text.map { $0.isEmpty ? part : "\($0),\(part)" } }
      }
    case .null: "none"
    case .record: nil
    }
  }
}
