import Diagnostics

/// Graph files: arrows as one writes them, DOT, or DAGitty's `dag { }`.
///
/// ```
/// X -> M; M -> Y        # several on a line
/// A -> B -> C           # chains
/// X <-> Y               # something unobserved moves both
/// latent U              # a name of it: U -> X; U -> Y is X <-> Y
/// ```
/// In DOT and DAGitty, `{A B}` stands for both, an edge with `dir=both` is `<->` and one with `dir=back` turned; nodes
/// with the attribute `latent` are not observed.
struct GraphParser {
  private let file: String
  private let tokens: [GraphToken]
  private var index = 0
  private var draft = GraphDraft()
  /// Whether braces surround the graph, where statements need no end.
  private var isBraced = false

  /// - Throws: ``Failure`` `data` with line and column.
  static func draft(of text: String, file: String) throws -> GraphDraft {
    var parser = GraphParser(file: file, tokens: try GraphTokenizer.tokens(of: text, file: file))
    try parser.parse()
    return parser.draft
  }

  private init(file: String, tokens: [GraphToken]) {
    self.file = file
    self.tokens = tokens
  }

  // MARK: The whole

  private mutating func parse() throws {
    skipLines()
    if try takeHeader() {
      isBraced = true
      try statements()
      guard isNext("}") else { throw unexpected("a } that closes the graph") }
      index += 1
      skipLines()
      if let token = peek { throw fault(token, "'\(token.text)' stands behind the end of the graph; leave it out") }
    } else {
      try statements()
      if let token = peek { throw fault(token, "'\(token.text)' does not belong here; write A -> B or A <-> B") }
    }
  }

  /// `digraph NAME {` or `dag NAME {`.
  private mutating func takeHeader() throws -> Bool {
    var words = index
    while words < tokens.count, tokens[words].kind == .name { words += 1 }
    guard words > index, words < tokens.count, tokens[words].kind == .sign("{") else { return false }
    let names = tokens[index..<words].map { $0.text.lowercased() }.filter { $0 != "strict" }
    guard let kind = names.first, ["digraph", "dag"].contains(kind) else {
      throw fault(tokens[index], "'\(tokens[index].text)' is no kind of graph that is read; write digraph or dag")
    }
    index = words + 1
    return true
  }

  private mutating func statements() throws {
    while let token = peek {
      if token.kind == .lineEnd || token.kind == .sign(";") {
        index += 1
      } else if token.kind == .sign("}"), isBraced {
        return
      } else {
        try statement(token)
      }
    }
  }

  private mutating func statement(_ first: GraphToken) throws {
    let word = first.text.lowercased()
    if first.kind == .name, isBraced, ["graph", "node", "edge"].contains(word), following?.kind == .sign("[") {
      index += 1
      _ = try attributes()
    } else if first.kind == .name, isBraced, following?.kind == .sign("=") {
      index += 2
      _ = try name("a value")
    } else if first.kind == .name, word == "latent", !isBraced, following?.kind == .name {
      index += 1
      while let token = peek, token.kind == .name || token.kind == .sign(",") {
        index += 1
        if token.kind == .name { draft.latents[token.text] = token.place }
      }
      try endStatement()
    } else {
      try chain()
    }
  }

  // MARK: Edges

  private struct Step {
    let from: [GraphToken]
    let sign: EdgeSign
    let to: [GraphToken]
    let place: GraphPlace
  }

  /// `A -> B <-> C`, with attributes behind it, or a name alone.
  private mutating func chain() throws {
    var nodes = try group()
    var steps: [Step] = []
    while let token = peek, case .edge(let sign) = token.kind {
      index += 1
      if sign == .undirected {
        throw fault(token, "-- does not say which way; write ->, <- or <->")
      }
      let next = try group()
      steps.append(Step(from: nodes, sign: sign, to: next, place: token.place))
      nodes = next
    }
    let given = isNext("[") ? try attributes() : [:]
    if steps.isEmpty {
      for node in nodes {
        draft.mention(node.text)
        if given["latent"] != nil || given["latents"] != nil { draft.latents[node.text] = node.place }
      }
    }
    for step in steps { try add(step, direction: given["dir"]) }
    try endStatement()
  }

  private mutating func add(_ step: Step, direction: String?) throws {
    var sign = step.sign
    if direction == "both" { sign = .both }
    if direction == "back", sign == .forward { sign = .backward }
    for from in step.from {
      for to in step.to {
        draft.mention(from.text)
        draft.mention(to.text)
        guard from.text != to.text else {
          throw Failure.ofGraph(file, step.place, "'\(from.text)' points to itself; no variable is its own cause")
        }
        switch sign {
        case .forward: draft.arrows.append(GraphDraft.Edge(from: from.text, to: to.text, place: step.place))
        case .backward: draft.arrows.append(GraphDraft.Edge(from: to.text, to: from.text, place: step.place))
        default: draft.confounded.append(GraphDraft.Edge(from: from.text, to: to.text, place: step.place))
        }
      }
    }
  }

  /// A name, or names in braces.
  private mutating func group() throws -> [GraphToken] {
    guard isNext("{") else { return [try name("the name of a variable")] }
    index += 1
    var names: [GraphToken] = []
    while let token = peek, token.kind != .sign("}") {
      if token.kind == .name {
        names.append(token)
      } else if token.kind != .lineEnd && token.text != "," && token.text != ";" {
        throw unexpected("names between braces")
      }
      index += 1
    }
    guard isNext("}"), !names.isEmpty else { throw unexpected("names between braces") }
    index += 1
    return names
  }

  /// `[key=value, key]`; a key without value stands for itself.
  private mutating func attributes() throws -> [String: String] {
    var result: [String: String] = [:]
    index += 1
    while let token = peek, token.kind != .sign("]") {
      index += 1
      guard token.kind == .name else { continue }
      guard isNext("=") else {
        result[token.text.lowercased()] = token.text
        continue
      }
      index += 1
      result[token.text.lowercased()] = try name("a value").text.lowercased()
    }
    guard isNext("]") else { throw unexpected("a ] that closes the attributes") }
    index += 1
    return result
  }

  // MARK: Tokens

  private var peek: GraphToken? { index < tokens.count ? tokens[index] : nil }
  private var following: GraphToken? { index + 1 < tokens.count ? tokens[index + 1] : nil }
  private func isNext(_ sign: Character) -> Bool { peek?.kind == .sign(sign) }
  private mutating func skipLines() { while peek?.kind == .lineEnd { index += 1 } }

  private mutating func name(_ what: String) throws -> GraphToken {
    guard let token = peek, token.kind == .name else { throw unexpected(what) }
    index += 1
    return token
  }

  private mutating func endStatement() throws {
    guard !isBraced, let token = peek, token.kind != .lineEnd, token.kind != .sign(";") else { return }
    throw unexpected("->, <-, <->, ; or the end of the line")
  }

  private func fault(_ token: GraphToken, _ message: String) -> Failure { .ofGraph(file, token.place, message) }

  private func unexpected(_ wanted: String) -> Failure {
    guard let token = peek ?? tokens.last else { return .ofGraph(file, GraphPlace(), "the graph is empty") }
    let found = peek == nil ? "the end of the file" : token.kind == .lineEnd ? "the end of the line" : "'\(token.text)'"
    return fault(token, "here stands \(found) and not \(wanted)")
  }
}
