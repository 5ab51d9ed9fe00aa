import CausalGraphs
import Foundation
import Testing

/// A query of the file of verdicts, which two other programs agree on; see `Fixtures/README.md`.
struct Verdict: CustomStringConvertible {
  let line: Int
  let graph: MixedGraph
  let query: CausalQuery
  let isIdentified: Bool

  var description: String { "line \(line): \(graph.text.replacing("\n", with: "; "))" }

  static let all: [Verdict] = {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/identification-verdicts.csv")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    return text.split(separator: "\n").enumerated().dropFirst().map { index, line in
      let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
      let names = fields[0].split(separator: " ").map(String.init)
      func places(_ field: String) -> Set<Int> {
        Set(field.split(separator: " ").map { names.firstIndex(of: String($0))! })
      }
      var (arrows, pairs): ([(Int, Int)], [(Int, Int)]) = ([], [])
      for edge in fields[1].split(separator: "; ") {
        let parts = edge.split(separator: " ").map(String.init)
        let ends = (names.firstIndex(of: parts[0])!, names.firstIndex(of: parts[2])!)
        if parts[1] == "->" { arrows.append(ends) } else { pairs.append(ends) }
      }
      return Verdict(
        line: index + 1, graph: MixedGraph(names: names, arrows: arrows, confounded: pairs)!,
        query: CausalQuery(intervened: places(fields[2]), outcome: places(fields[3]), given: places(fields[4])),
        isIdentified: fields[5] == "yes")
    }
  }()
}

@Suite struct IdentificationTests {
  @Test func `eight hundred verdicts are as two other programs give them`() throws {
    try #require(Verdict.all.count == 800)
    for verdict in Verdict.all {
      let isIdentified = (try? Identification(of: verdict.query, in: verdict.graph).plan()) != nil
      #expect(isIdentified == verdict.isIdentified, "\(verdict)")
    }
  }

  @Test func `every refusal carries a hedge`() {
    var refused = 0
    for verdict in Verdict.all {
      do throws(Hedge) {
        _ = try Identification(of: verdict.query, in: verdict.graph).plan()
      } catch {
        refused += 1
        #expect(error.isValid(in: verdict.graph), "\(verdict)")
      }
    }
    #expect(refused == 417)
  }
}

@Suite struct PlanTests {
  private func plan(_ graph: String, do intervened: String, _ outcome: String, given: String = "") throws -> String {
    let graph = try MixedGraph(text: graph, file: "g")
    func places(_ words: String) -> Set<Int> {
      Set(words.split(separator: " ").map { graph.names.firstIndex(of: String($0))! })
    }
    let plan = try Identification(
      of: CausalQuery(intervened: places(intervened), outcome: places(outcome), given: places(given)), in: graph
    ).plan()
    func words(_ models: [IdentificationPlan.Model]) -> String {
      models.map { model in
        let table = model.table == 0 ? "" : "@\(model.table)"
        let parents = model.parents.map { graph.names[$0] }.joined(separator: ",")
        return "\(graph.names[model.variable])\(table)" + (parents.isEmpty ? "" : "|" + parents)
      }.joined(separator: " ")
    }
    let free = plan.freeInputs.map { graph.names[$0] }.joined(separator: ",")
    let tables = plan.generated.map { table in
      "[\(words(table.models)); any \(table.drawn.map { graph.names[$0] }.joined(separator: ","))] "
    }
    return tables.joined() + words(plan.network) + (free.isEmpty ? "" : "; free \(free)")
  }

  /// Each by hand from the formula that textbooks give.
  @Test(arguments: [
    ("Z -> X; Z -> Y; X -> Y", "X", "Y", "Z Y|Z,X"),
    ("X -> M -> Y; X <-> Y", "X", "Y", "[X Y|X,M; any M] M|X Y@1|M"),
    ("W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y", "X", "Y", "[W1 X|W1,W2 Y|W1,W2,X; any W2] Y@1|W2,X; free W2"),
    ("V1 -> V2 -> V3 -> V4; V2 <-> V4", "V3", "V4", "[V2|V1 V4|V1,V2,V3; any V1,V3] V4@1|V1,V3; free V1"),
    ("A -> X -> Z -> Y; A -> Y; A <-> Z; X <-> Y", "X", "Y", "[X|A Y|A,X,Z; any A,Z] A Z|A,X Y@1|A,Z"),
    ("X -> Y; Z", "X", "Y", "Y|X"),
    ("Y -> X", "X", "Y", "Y"),
  ]) func `the models of graphs that everybody knows`(graph: String, set: String, outcome: String, wanted: String)
    throws
  {
    #expect(try plan(graph, do: set, outcome) == wanted)
  }

  @Test func `a variable that comes to nothing changes no plan`() throws {
    let without = try plan("W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y", do: "X", "Y")
    #expect(try plan("W1 -> W2 -> X -> Y; W1 <-> X; W1 <-> Y; Y -> D; D <-> E; F", do: "X", "Y") == without)
  }

  @Test func `what is seen may be set where that is the same`() throws {
    let graph = try MixedGraph(text: "X -> Y; Z -> Y; Z -> X", file: "g")
    let query = CausalQuery(intervened: [0], outcome: [1], given: [2])
    #expect(query.observingLeast(in: graph) == CausalQuery(intervened: [0, 2], outcome: [1]))
    let confounded = try MixedGraph(text: "X -> Y; Z -> Y; Z <-> Y", file: "g")
    #expect(query.observingLeast(in: confounded) == query)
  }

  @Test func `a refusal names the pairs that stand in the way`() throws {
    let graph = try MixedGraph(text: "X -> Z -> Y; X <-> Z; X <-> Y", file: "g")
    let query = CausalQuery(intervened: [0], outcome: [2])
    do throws(Hedge) {
      _ = try Identification(of: query, in: graph).plan()
      Issue.record("not identified")
    } catch {
      #expect(error.isValid(in: graph))
      #expect(error.wouldIdentify(query, in: graph).map { [$0.0, $0.1] } == [[0, 1]])
    }
  }

  @Test func `what is no hedge is none`() throws {
    let graph = try MixedGraph(text: "X -> Y; X <-> Y; Y -> D; E -> X", file: "g")
    let query = CausalQuery(intervened: [0], outcome: [1])
    func isHedge(_ larger: Set<Int>, _ smaller: Set<Int>) -> Bool {
      Hedge(query: query, larger: larger, smaller: smaller).isValid(in: graph)
    }
    #expect(isHedge([0, 1], [1]))
    #expect(!isHedge([1], [1]), "nothing more in F than in F'")
    #expect(!isHedge([0, 1], [0]), "F' is set")
    #expect(!isHedge([0, 1, 3], [1]), "E is joined by no <->")
    #expect(!isHedge([0, 2], [2]), "D is joined by no <->")
    #expect(!Hedge(query: CausalQuery(intervened: [3], outcome: [1]), larger: [0, 1], smaller: [1]).isValid(in: graph))
  }

  @Test func `thirty variables are answered at once`() throws {
    // Ten front doors one behind the other.
    let text = (0..<10).map { "X\($0) -> M\($0) -> Y\($0); X\($0) <-> Y\($0); Y\($0) -> X\($0 + 1)" }.joined(
      separator: "\n")
    let graph = try MixedGraph(text: text, file: "g")
    #expect(graph.names.count == 31)
    let query = CausalQuery(intervened: [0], outcome: [graph.names.count - 1])
    #expect(throws: Never.self) { try Identification(of: query, in: graph).plan() }
  }
}
