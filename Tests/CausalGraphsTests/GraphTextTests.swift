import CausalGraphs
import Diagnostics
import Testing

@Suite struct GraphTextTests {
  private func graph(_ text: String) throws -> MixedGraph { try MixedGraph(text: text, file: "g.txt") }

  private func message(_ text: String) -> String {
    do {
      let graph = try graph(text)
      return "read: \(graph.text)"
    } catch {
      let failure = error as? Failure
      return failure?.exitCode == .data ? failure!.message : "\(error)"
    }
  }

  /// The edges by names, and the variables that have none.
  private func edges(_ graph: MixedGraph) -> Set<[String]> {
    Set(
      graph.arrows.map { [graph.names[$0.from], "->", graph.names[$0.to]] }
        + graph.confoundedPairs.map { [graph.names[$0.0], graph.names[$0.1]].sorted() } + graph.names.map { [$0] })
  }

  @Test(arguments: [
    "X -> M; M -> Y; X <-> Y", "X -> M -> Y\nX <-> Y # unmeasured", "Y <- M <- X <-> Y",
    "latent U\nX -> M -> Y; U -> X; U -> Y",
    "digraph G { rankdir=LR; node [shape=box]; X -> M -> Y; X -> Y [dir=both, style=dashed] }",
    "strict digraph { // c\n X -> {M} ; M -> Y /* both */ X <-> Y }",
    "digraph { U [latent=true]; U -> {X Y}; X -> M; M -> Y; }",
    "dag { bb=\"0,0,1,1\"\nX [exposure,pos=\"0,1\"]\nY [outcome]\nU [latent]\nX -> M\nM -> Y\nX <- U -> Y }",
    "dag{ X -> M -> Y X <-> Y }", "\"X\" -> \"M\"; M -> Y; Y <-> X",
  ]) func `one graph in many hands`(text: String) throws {
    #expect(try edges(graph(text)) == [["X", "->", "M"], ["M", "->", "Y"], ["X", "Y"], ["X"], ["M"], ["Y"]])
  }

  @Test func `what is printed is read again as the same graph`() throws {
    for verdict in Verdict.all.prefix(100) {
      let again = try MixedGraph(text: verdict.graph.text, file: "g")
      #expect(edges(again) == edges(verdict.graph))
    }
    #expect(try graph("\"a b\" -> c; latent -> d; e").text == "\"a b\" -> c\n\"latent\" -> d\ne\n")
  }

  @Test func `what is not observed hands on its causes and joins what it moves`() throws {
    // A -> U -> {B, C}, U <-> D: B and C have the parent A, and all three of B, C, D move together.
    let read = try graph("latent U, V\nA -> U -> B; U -> C; U <-> D; V -> U")
    #expect(read.text == "A -> B\nA -> C\nB <-> C\nB <-> D\nC <-> D\n")
    #expect(try graph("latent U V; A -> U; U -> V; V -> B; V -> C").text == "A -> B\nA -> C\nB <-> C\n")
  }

  @Test(arguments: [
    ("A -> B; B -> A", "g.txt:1:11: 'B' -> 'A' closes a cycle: A -> B -> A; causes come before their effects"),
    (
      "A -> B -> C\nC -> A",
      "g.txt:2:3: 'C' -> 'A' closes a cycle: A -> B -> C -> A; causes come before their effects"
    ),
    ("A -> A", "g.txt:1:3: 'A' points to itself; no variable is its own cause"),
    ("A <-> A", "g.txt:1:3: 'A' points to itself; no variable is its own cause"),
    ("A -- B", "g.txt:1:3: -- does not say which way; write ->, <- or <->"),
    ("A -> ", "g.txt:1:3: here stands the end of the file and not the name of a variable"),
    ("A -> B C -> D", "g.txt:1:8: here stands 'C' and not ->, <-, <->, ; or the end of the line"),
    ("A -> B\n  A = B", "g.txt:2:5: here stands '=' and not ->, <-, <->, ; or the end of the line"),
    ("A ~ B", "g.txt:1:3: '~' is no part of a graph; write A -> B, A <-> B, or a name in double quotes"),
    ("graph { A -> B }", "g.txt:1:1: 'graph' is no kind of graph that is read; write digraph or dag"),
    ("digraph { A -> B", "g.txt:1:16: here stands the end of the file and not a } that closes the graph"),
    ("dag { A -> B } C", "g.txt:1:16: 'C' stands behind the end of the graph; leave it out"),
    ("latent U\nA -> B", "g.txt:1:8: 'U' is latent and has no arrow; write U -> A; U -> B"),
    ("latent U; U", "g.txt names no observed variable; write A -> B"),
    ("", "g.txt names no observed variable; write A -> B"),
    ("\"A -> B", "g.txt:1:1: a name begins with a double quote and does not end with one"),
    ("A -> B /* why", "g.txt:1:8: a comment begins that does not end with */"),
    ("digraph { A [dir=both }", "g.txt:1:23: here stands the end of the file and not a ] that closes the attributes"),
    ("A -> {}", "g.txt:1:7: here stands '}' and not names between braces"),
  ]) func `what makes no graph is refused with its place`(text: String, wanted: String) {
    #expect(message(text) == wanted)
  }
}
