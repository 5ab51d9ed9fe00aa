/// A value of JSON of any shape.
package enum JSONNode: Decodable, Sendable {
  case object([String: JSONNode])
  case list([JSONNode])
  case number(Double)
  case text(String)
  case truth(Bool)
  case null

  package init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let truth = try? value.decode(Bool.self) {
      self = .truth(truth)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONNode].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSONNode].self))
    }
  }

  /// The member of an object, or the element of a list that has the name or the number; null where there is none.
  package subscript(key: String) -> JSONNode {
    switch self {
    case .object(let members): members[key] ?? .null
    case .list(let elements):
      elements.first { $0.members?["name"]?.text == key }
        ?? Int(key).flatMap { elements.indices.contains($0) ? elements[$0] : nil } ?? .null
    default: .null
    }
  }

  package var members: [String: JSONNode]? { if case .object(let members) = self { members } else { nil } }
  package var elements: [JSONNode] { if case .list(let elements) = self { elements } else { [] } }
  package var text: String? { if case .text(let text) = self { text } else { nil } }
  package var number: Double? { if case .number(let number) = self { number } else { nil } }
}

extension JSONNode {
  /// A number, a text, or an estimate with its standard error.
  package var cell: Report.Cell {
    switch self {
    case .text(let text): return .text(text)
    case .truth(let truth): return .text(truth ? "yes" : "no")
    case .number(let number): return Int(exactly: number).map { .count($0) } ?? .number(number, .significant)
    case .object:
      guard let estimate = self["estimate"].number ?? self["value"].number else { return .undefined }
      return .estimate(estimate, error: self["standardError"].number)
    case .list, .null: return .undefined
    }
  }
}
