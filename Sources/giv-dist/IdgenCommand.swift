import ArgumentParser
import CausalGraphs
import Communication
import Diagnostics
import Reports
import Runs
import Storage

/// `giv-dist idgen`: effects from a causal graph with unmeasured confounders.
struct Idgen: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "idgen",
    abstract: "Effects from a causal graph with unmeasured confounders, or the proof that no data can tell.",
    discussion: """
      A graph is a text file: X -> M for an arrow, X <-> Y where something unmeasured moves both, a statement a line or \
      with ; between, chains A -> B -> C, 'latent U' for a variable that is not in the data, # for comments. DOT files \
      (digraph, dir=both for <->) and DAGitty's dag { } are read too.

        giv-dist idgen graph front-door.txt
        giv-dist idgen check --graph front-door.txt --do X --outcome Y
        giv-dist idgen effect shards --graph front-door.txt --do X --outcome Y
        giv-dist idgen fit shards --graph front-door.txt --do X --outcome Y --out network
        giv-dist idgen sample network --do X=1 --rows 100000 --out rows
      """,
    subcommands: [IdgenGraph.self, IdgenCheck.self, IdgenEffect.self, IdgenFit.self, IdgenSample.self])
}

/// `giv-dist idgen graph`: what a graph says before any data are seen.
struct IdgenGraph: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "graph",
    abstract: "Print a graph, what confounding joins, and which independences it implies.")

  @Argument(help: "The file of the graph.")
  var file: String
  @OptionGroup var job: JobOptions
  @Flag(help: "Print one JSON object.")
  var json = false

  func run(on communicator: any Communicator) throws {
    let report = GraphReport(try communicator.agree { try CausalGraphFile.read(file) })
    guard communicator.isRoot else { return }
    print(json ? try jsonText(report) : report.text)
  }
}

/// `giv-dist idgen check`: whether an effect follows from a graph and data, without data.
struct IdgenCheck: JobCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Decide whether an effect is identified: by which models, or why not.",
    discussion: """
      Prints the models that answer, on which rows they are learned and in which order, and ends with 0; or a hedge, \
      which proves that no data can tell, with the <-> edges that stand in the way, and ends with 3.

        giv-dist idgen check --graph front-door.txt --do X --outcome Y
        giv-dist idgen check --graph trial.txt --do dose --outcome death,stroke --given age
        giv-dist idgen check --graph trial.txt --do dose --outcome death --out trial && giv-dist report trial
      """)

  @OptionGroup var question: CausalQuestion
  @OptionGroup var job: JobOptions
  @Option(help: "A folder to be, of which 'report' makes a page with the graph drawn. (default: nothing is kept)")
  var out: String?
  @Flag(help: "Replace what an earlier run has left in the folder of --out.")
  var force = false
  @Flag(help: "Print one JSON object.")
  var json = false

  func validate() throws {
    try [ScopedOption("--force", force ? true : nil, with: "--out", isRead: out != nil)].requireReaders()
  }

  func run(on communicator: any Communicator) throws {
    let (graph, query) = try communicator.agree { try question.read() }
    let report = IdentificationReport(query, in: graph)
    let phases = Phases.ofCommand(on: communicator)
    let run = try out.map {
      try Run.kept(in: $0, [], force ? .replace : .refuse, .init(), phases, on: communicator) { _ in }
    }
    try (run ?? Run()).conclude(json: json, phases, on: communicator) { _ in
      try Answer("idgen check", report.text, report)
    }
    if !report.isIdentified { throw report.refusal }
  }
}

/// A question about a graph.
struct CausalQuestion: ParsableArguments {
  @Option(help: "The file of the graph.")
  var graph: String
  @Option(name: .customLong("do"), help: "What is set, by name, with commas between.", transform: commaSeparated)
  var intervened: [String]
  @Option(help: "What is asked about, by name, with commas between.", transform: commaSeparated)
  var outcome: [String]
  @Option(help: "What is seen besides, by name, with commas between. (default: nothing)", transform: commaSeparated)
  var given: [String] = []

  /// - Throws: ``Failure`` as of the file and its variables.
  func read() throws -> (MixedGraph, CausalQuery) {
    let graph = try CausalGraphFile.read(graph)
    return (graph, try CausalGraphFile.query(intervened, outcome, given, in: graph, file: self.graph))
  }

  /// A question that data can answer, and how; prints why not where they cannot. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure``: as ``read()`` does, and what stands for "not identified".
  func identified(
    json: Bool, on communicator: any Communicator
  ) throws -> (MixedGraph, CausalQuery, IdentificationReport) {
    let (graph, query) = try communicator.agree { try read() }
    let report = IdentificationReport(query, in: graph)
    guard report.isIdentified else {
      if communicator.isRoot { print(json ? try jsonText(report) : report.text) }
      throw report.refusal
    }
    return (graph, query, report)
  }
}

/// Graphs in files, and variables of them by name.
enum CausalGraphFile {
  /// - Throws: ``Failure`` `noInput` when the file cannot be read; `data` when it is no text, or with line and column of
  ///   what makes no graph.
  static func read(_ path: String) throws -> MixedGraph {
    guard let bytes = try WholeFile.bytes(path) else {
      throw Failure(.noInput, "\(path): there is no such file; give the file of a graph")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(.data, "\(path) is no text in UTF-8; give arrows as text, DOT or DAGitty's dag { }")
    }
    return try MixedGraph(text: text, file: path)
  }

  /// The question about variables of these names.
  ///
  /// - Throws: ``Failure`` `usage` that names a variable that is not in the graph, or has two parts.
  static func query(
    _ intervened: [String], _ outcome: [String], _ given: [String], in graph: MixedGraph, file: String
  ) throws -> CausalQuery {
    var parts: [Int: String] = [:]
    func places(_ names: [String], _ option: String, mayBeEmpty: Bool = false) throws -> Set<Int> {
      guard mayBeEmpty || !names.isEmpty else {
        throw Failure(.usage, "\(option) names no variable; give the name of one or more, with commas between")
      }
      return try Set(
        names.map { name in
          guard let place = graph.names.firstIndex(of: name) else {
            throw Failure(
              .usage,
              "\(option) names '\(name)', which is no variable of \(file); "
                + suggestion(for: name, among: graph.names, owner: "it has"))
          }
          if let other = parts[place], other != option {
            throw Failure(.usage, "'\(name)' stands under \(other) and under \(option); a variable has one part")
          }
          parts[place] = option
          return place
        })
    }
    return try CausalQuery(
      intervened: places(intervened, "--do"), outcome: places(outcome, "--outcome"),
      given: places(given, "--given", mayBeEmpty: true))
  }
}
