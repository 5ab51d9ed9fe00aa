import Diagnostics

/// A word or sign of a graph file, and where it stands.
struct GraphToken: Equatable {
  enum Kind: Equatable {
    case name
    /// One between two names.
    case edge(EdgeSign)
    /// One of `{ } [ ] = , ;`
    case sign(Character)
    case lineEnd
  }

  let kind: Kind
  let text: String
  let place: GraphPlace
}

/// The arrows of graph files.
enum EdgeSign: String, CaseIterable {
  case forward = "->"
  case backward = "<-"
  case both = "<->"
  /// Known, to be refused: it says nothing about direction.
  case undirected = "--"
}

/// A line and a column, counted from 1, of a graph file.
struct GraphPlace: Equatable {
  var line = 1
  var column = 1
}

/// The text of a graph cut into tokens.
struct GraphTokenizer {
  private let file: String
  private let characters: [Character]
  private var index = 0
  private var place = GraphPlace()

  private init(_ text: String, file: String) {
    self.file = file
    characters = Array(text)
  }

  /// - Throws: ``Failure`` `data` with line and column of what is no token.
  static func tokens(of text: String, file: String) throws -> [GraphToken] {
    var tokenizer = GraphTokenizer(text, file: file)
    var tokens: [GraphToken] = []
    while let token = try tokenizer.next() { tokens.append(token) }
    return tokens
  }

  private var rest: ArraySlice<Character> { characters[index...] }

  private mutating func advance(by count: Int = 1) {
    for character in characters[index..<min(index + count, characters.count)] {
      if character.isNewline { place = GraphPlace(line: place.line + 1) } else { place.column += 1 }
    }
    index = min(index + count, characters.count)
  }

  private mutating func skipComment() throws -> Bool {
    if rest.first == "#" || rest.starts(with: "//") {
      advance(by: rest.prefix { !$0.isNewline }.count)
      return true
    }
    guard rest.starts(with: "/*") else { return false }
    let start = place
    advance(by: 2)
    while !rest.starts(with: "*/") {
      guard !rest.isEmpty else { throw Failure.ofGraph(file, start, "a comment begins that does not end with */") }
      advance()
    }
    advance(by: 2)
    return true
  }

  private mutating func next() throws -> GraphToken? {
    while let character = rest.first {
      if character.isNewline { return take(1, .lineEnd) }
      if character.isWhitespace {
        advance()
      } else if try !skipComment() {
        return try token(from: character)
      }
    }
    return nil
  }

  private mutating func token(from character: Character) throws -> GraphToken {
    // The longest first, for one is the beginning of another.
    for sign in EdgeSign.allCases.sorted(by: { $0.rawValue.count > $1.rawValue.count })
    where rest.starts(with: sign.rawValue) {
      return take(sign.rawValue.count, .edge(sign))
    }
    if "{}[]=,;".contains(character) { return take(1, .sign(character)) }
    if character == "\"" { return try quotedName() }
    let count = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }.count
    guard count > 0 else {
      throw Failure.ofGraph(
        file, place, "'\(character)' is no part of a graph; write A -> B, A <-> B, or a name in double quotes")
    }
    return take(count, .name)
  }

  private mutating func quotedName() throws -> GraphToken {
    let start = place
    let name = rest.dropFirst().prefix { $0 != "\"" && !$0.isNewline }
    guard rest.dropFirst(1 + name.count).first == "\"" else {
      throw Failure.ofGraph(file, start, "a name begins with a double quote and does not end with one")
    }
    advance(by: name.count + 2)
    return GraphToken(kind: .name, text: String(name), place: start)
  }

  private mutating func take(_ count: Int, _ kind: GraphToken.Kind) -> GraphToken {
    let token = GraphToken(kind: kind, text: String(rest.prefix(count)), place: place)
    advance(by: count)
    return token
  }
}

extension Failure {
  /// What is wrong with a graph file, and where.
  static func ofGraph(_ file: String, _ place: GraphPlace, _ message: String) -> Failure {
    Failure(.data, "\(file):\(place.line):\(place.column): \(message)")
  }
}
