import CausalGraphs
import Diagnostics

/// What a graph says to a question, for people and for programs.
public struct IdentificationReport: Sendable, Encodable {
  private let graph: MixedGraph
  private let asked: CausalQuery
  private let outcome: Outcome

  private enum Outcome: Sendable {
    case identified(IdentificationPlan)
    /// With the pairs without whose `<->` there would be an answer.
    case refused(Hedge, wouldIdentify: [(Int, Int)])
  }

  public init(_ asked: CausalQuery, in graph: MixedGraph) {
    self.graph = graph
    self.asked = asked
    do throws(Hedge) {
      outcome = .identified(try Identification(of: asked, in: graph).plan())
    } catch {
      outcome = .refused(error, wouldIdentify: error.wouldIdentify(asked, in: graph))
    }
  }

  public var isIdentified: Bool { if case .identified = outcome { true } else { false } }

  /// What ends a command whose question has no answer.
  public var refusal: Failure { Failure(.notIdentified, "\(question) is not identified; the report says why") }

  /// The question as one writes it: P(Y | do(X), Z).
  public var question: String { words(of: asked) }

  private func words(of query: CausalQuery) -> String {
    let set = query.intervened.isEmpty ? "" : "do(\(list(query.intervened)))"
    let behind = [set, list(query.given)].filter { !$0.isEmpty }.joined(separator: ", ")
    return "P(\(list(query.outcome))\(behind.isEmpty ? "" : " | " + behind))"
  }

  private func list(_ vertices: Set<Int>) -> String { list(graph.ordered(vertices)) }
  private func list(_ vertices: [Int]) -> String { vertices.map { graph.names[$0] }.joined(separator: ", ") }
}

// MARK: - For people

extension IdentificationReport {
  public var text: String {
    switch outcome {
    case .identified(let plan): lines(of: plan).joined(separator: "\n")
    case .refused(let hedge, let pairs): lines(of: hedge, pairs).joined(separator: "\n")
    }
  }

  private func words(of model: IdentificationPlan.Model) -> String {
    graph.names[model.variable] + (model.parents.isEmpty ? "" : " given \(list(model.parents))")
  }

  private func tableWords(_ table: Int) -> String { table == 0 ? "the data" : "generated rows \(table)" }

  private func lines(of plan: IdentificationPlan) -> [String] {
    var lines = ["\(question) is identified.", ""]
    if plan.query != asked {
      let moved = asked.given.subtracting(plan.query.given)
      lines += ["\(list(moved)) may be set instead of seen, which is the same here: \(words(of: plan.query))", ""]
    }
    var table = TextTable(["model of", "learned on"])
    for (index, generated) in plan.generated.enumerated() {
      table.rows += generated.models.map { [words(of: $0), tableWords($0.table)] }
      table.rows.append([
        "  -> generated rows \(index + 1): any \(list(generated.drawn)), then \(list(generated.models.map(\.variable)))",
        "",
      ])
    }
    table.rows += plan.network.map { [words(of: $0), tableWords($0.table)] }
    lines += table.lines
    let set = plan.query.intervened.isEmpty ? "" : "set \(list(plan.query.intervened)), "
    lines += ["", "answer: \(set)draw \(list(plan.network.map(\.variable))) by the last models in this order"]
    if !plan.query.given.isEmpty {
      lines.append("        and keep what has the given \(list(plan.query.given))")
    }
    if !plan.freeInputs.isEmpty {
      lines.append(
        "\(list(plan.freeInputs)) may take any value there; that the answer is the same for all is a test of the graph")
    }
    return lines
  }

  private func lines(of hedge: Hedge, _ pairs: [(Int, Int)]) -> [String] {
    var table = TextTable(["", "variables", "why"])
    table.rows = [
      [
        "F", list(hedge.larger), "joined by <->, and \(list(hedge.larger.intersection(hedge.query.intervened))) is set",
      ],
      ["F'", list(hedge.smaller), "joined by <-> among themselves, and not set"],
      ["roots", list(hedge.roots(in: graph)), "what both lead to, and what is asked depends on"],
    ]
    let names = pairs.map { "\(graph.names[$0.0]) <-> \(graph.names[$0.1])" }
    let remedy =
      names.isEmpty
      ? "no single <-> is to blame: there is more than one way in which confounding hides the effect"
      : "there would be an answer without " + names.joined(separator: ", or without ")
    return [
      "\(question) is not identified: no data of these variables can tell.", "",
      "two models of this graph agree on all data and differ on the effect; the confounding of "
        + "\(list(hedge.larger)) is what stands in the way",
    ] + table.lines + [remedy]
  }
}

// MARK: - For programs

extension IdentificationReport {
  private enum Key: String, CodingKey {
    case identified, query, graph, plan, generated, freeInputs, hedge, wouldIdentify
  }

  private struct Query: Encodable {
    let `do`: [String]
    let outcome: [String]
    let given: [String]
  }

  private struct Graph: Encodable {
    let variables: [String]
    /// From and to.
    let arrows: [[String]]
    let confounded: [[String]]
  }

  private struct Model: Encodable {
    let variable: String
    let parents: [String]
    let table: Int
  }

  private struct Generated: Encodable {
    let table: Int
    let drawn: [String]
    let models: [Model]
  }

  private struct Certificate: Encodable {
    let f: [String]
    let fPrime: [String]
    let roots: [String]
  }

  private func names(_ vertices: [Int]) -> [String] { vertices.map { graph.names[$0] } }
  private func names(_ vertices: Set<Int>) -> [String] { names(graph.ordered(vertices)) }

  private func model(_ model: IdentificationPlan.Model) -> Model {
    Model(variable: graph.names[model.variable], parents: names(model.parents), table: model.table)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(isIdentified, forKey: .identified)
    try container.encode(
      Query(do: names(asked.intervened), outcome: names(asked.outcome), given: names(asked.given)), forKey: .query)
    try container.encode(
      Graph(
        variables: graph.names, arrows: graph.arrows.map { names([$0.from, $0.to]) },
        confounded: graph.confoundedPairs.map { names([$0.0, $0.1]) }), forKey: .graph)
    switch outcome {
    case .identified(let plan):
      try container.encode(plan.network.map(model), forKey: .plan)
      try container.encode(
        plan.generated.enumerated().map { index, table in
          Generated(
            table: index + 1, drawn: names(table.drawn), models: table.models.map(model))
        }, forKey: .generated)
      try container.encode(names(plan.freeInputs), forKey: .freeInputs)
    case .refused(let hedge, let pairs):
      try container.encode(
        Certificate(f: names(hedge.larger), fPrime: names(hedge.smaller), roots: names(hedge.roots(in: graph))),
        forKey: .hedge)
      try container.encode(pairs.map { names([$0.0, $0.1]) }, forKey: .wouldIdentify)
    }
  }
}
