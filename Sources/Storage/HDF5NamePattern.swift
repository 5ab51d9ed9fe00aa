/// The name of a source's file or dataset: `%b` stands for the number of a block, `%%` for a percent sign.
struct HDF5NamePattern {
  /// What lies between the numbers.
  let parts: [String]

  init(_ text: String) {
    var parts = [""]
    var characters = text[...]
    while let character = characters.popFirst() {
      if character == "%", let next = characters.popFirst() {
        if next == "b" { parts.append("") } else { parts[parts.count - 1].append(next) }
      } else {
        parts[parts.count - 1].append(character)
      }
    }
    self.parts = parts
  }

  var hasBlock: Bool { parts.count > 1 }

  func name(ofBlock block: Int) -> String { parts.joined(separator: "\(block)") }

  /// The number of the block that has a name; nil when none has.
  func block(of name: String) -> Int? {
    guard hasBlock, name.hasPrefix(parts[0]) else { return nil }
    let digits = name.dropFirst(parts[0].count).prefix { ("0"..."9").contains($0) }
    guard let block = Int(digits), self.name(ofBlock: block) == name else { return nil }
    return block
  }
}
