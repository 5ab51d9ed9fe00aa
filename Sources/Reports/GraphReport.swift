import CausalGraphs

/// What a graph says before any data are seen, for people and for programs.
public struct GraphReport: Sendable, Encodable {
  private let graph: MixedGraph
  private let independences: [ImpliedIndependence]

  public init(_ graph: MixedGraph) {
    self.graph = graph
    independences = graph.impliedIndependences
  }

  private func names(_ vertices: some Collection<Int>) -> [String] { vertices.map { graph.names[$0] } }

  public var text: String {
    let components = graph.confoundedComponents.map { names(graph.ordered($0)).joined(separator: " ") }
    let implied = independences.map { claim in
      let given = names(claim.given).joined(separator: ", ")
      return "  \(graph.names[claim.first]) and \(graph.names[claim.second]) are independent"
        + (given.isEmpty ? "" : " given \(given)")
    }
    let edges = graph.text.split(separator: "\n").map { "  " + $0 }
    return
      (["\(graph.names.count) variables, \(graph.arrows.count) arrows, \(graph.confoundedPairs.count) <->"] + edges + [
        "", "order: \(names(graph.order).joined(separator: ", "))",
        "joined by <->: \(components.map { "{\($0)}" }.joined(separator: " "))", "",
        implied.isEmpty
          ? "it implies no independence of these variables that data could speak against"
          : "what data must show, if the graph is right:",
      ] + implied).joined(separator: "\n")
  }

  // MARK: For programs

  private enum Key: String, CodingKey { case variables, arrows, confounded, order, components, independences }

  private struct Claim: Encodable {
    let first: String
    let second: String
    let given: [String]
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    try container.encode(graph.names, forKey: .variables)
    try container.encode(graph.arrows.map { names([$0.from, $0.to]) }, forKey: .arrows)
    try container.encode(graph.confoundedPairs.map { names([$0.0, $0.1]) }, forKey: .confounded)
    try container.encode(names(graph.order), forKey: .order)
    try container.encode(graph.confoundedComponents.map { names(graph.ordered($0)) }, forKey: .components)
    try container.encode(
      independences.map {
        Claim(first: graph.names[$0.first], second: graph.names[$0.second], given: names($0.given))
      }, forKey: .independences)
  }
}
