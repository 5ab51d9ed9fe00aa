import Reports

extension JSONNode {
  /// A p-value as a cell.
  var probability: Report.Cell { number.map { .number($0, .probability) } ?? .undefined }

  /// The members of an object in the order of their names.
  var sorted: [(name: String, value: JSONNode)] {
    (members ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// Variables and their values, in the order of names.
  var settings: String { sorted.map { "\($0.name) = \($0.value.label)" }.joined(separator: ", ") }

  /// The numbers of a list; nil for one that is not defined.
  var series: [Double?] { elements.map(\.number) }

  var texts: [String] { elements.compactMap(\.text) }

  /// As a sentence says it; nothing where there is nothing.
  var label: String { cell == .undefined ? "" : cell.text }

  /// The middle of an estimate, whichever way it is named.
  var estimate: Double? { self["estimate"].number ?? self["value"].number }

  /// Estimate, standard error, ends of the interval and p-value, the columns ``estimateTitles``.
  var estimateCells: [Report.Cell] {
    [estimate, self["standardError"].number, self["lower"].number, self["upper"].number].map {
      $0.map { .number($0, .significant) } ?? .undefined
    } + [self["pValue"].probability]
  }

  static let estimateTitles = ["estimate", "std. error", "from", "to", "p"]
}
