import ArgumentParser
import Diagnostics
import Simulation

/// What is simulated from a causal graph.
struct GraphLawOptions: ParsableArguments {
  @Option(help: "With --scenario graph, the file of the causal graph that the rows follow.")
  var graph: String?
  @Option(help: "With a graph: the numbers of levels of variables, V=3,W=4. (default: 2 each)")
  var levels: [String] = []
  @Option(
    name: .customLong("do"), help: "With a graph: what is set in the effect whose truth is told, with commas between.",
    transform: commaSeparated)
  var intervened: [String] = []
  @Option(help: "With a graph: the variables whose law that effect is, with commas between.", transform: commaSeparated)
  var outcome: [String] = []

  /// The options that were given.
  var given: [String] {
    let all: [(String, Bool)] = [
      ("--graph", graph != nil), ("--levels", !levels.isEmpty), ("--do", !intervened.isEmpty),
      ("--outcome", !outcome.isEmpty),
    ]
    return all.filter(\.1).map(\.0)
  }

  func parameters(rows: Int?, seed: UInt64) throws -> GraphParameters {
    guard let graph else {
      throw Failure(.usage, "--scenario graph follows a causal graph; give its file with --graph")
    }
    var parameters = GraphParameters(graph: try CausalGraphFile.read(graph).text)
    parameters.rows = rows ?? parameters.rows
    parameters.seed = seed
    for pair in try levels.flatMap(commaSeparated) {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let count = Int(parts[1]) else {
        throw Failure(.usage, "--levels \(pair): give a variable and the number of its levels, V=3")
      }
      guard parameters.levels.updateValue(count, forKey: parts[0]) == nil else {
        throw Failure(.usage, "--levels names '\(parts[0])' twice; name it once")
      }
    }
    (parameters.intervened, parameters.outcome) = (intervened, outcome)
    return parameters
  }
}
