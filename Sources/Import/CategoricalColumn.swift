import Diagnostics

/// A column that is one of categories whatever its values look like, with its reference level where that is chosen.
public struct CategoricalColumn: Sendable, Codable, Equatable {
  public var name: String
  /// The level without an indicator; nil for the first in the order of code points.
  public var reference: String?

  public init(_ name: String, reference: String? = nil) {
    self.name = name
    self.reference = reference
  }

  /// Reads `column` or `column:reference`. What stands before a colon is the column, unless all of it is one of `names`.
  public init(_ text: String, among names: [String]) {
    let cut = text.indices.filter { text[$0] == ":" }.first { names.contains(String(text[..<$0])) }
    if let cut, !names.contains(text) {
      self.init(String(text[..<cut]), reference: String(text[text.index(after: cut)...]))
    } else {
      self.init(text)
    }
  }
}
