import ArgumentParser
import Communication
import Diagnostics
import Import
import Shards
import Storage

/// `giv-dist table`: tables of variables to shards that causal graphs are asked of.
struct MakeTable: DistributedCommand {
  static let configuration = CommandConfiguration(
    commandName: "table",
    abstract: "Turn CSV or HDF5 tables into shards of the variables of a causal graph.",
    discussion: """
      Rows of variables have no treatment and no outcome until a question names them: 'giv-dist idgen' reads such shards. \
      Texts become categories; so do the numbers of --categorical columns. Shards of 'giv-dist shard' serve 'idgen' as well, \
      by the names of their columns.

        giv-dist table cohort.csv --graph graph.txt --out rows
        giv-dist table scans.csv --graph graph.txt --vector scan=p0..p63 --out rows
        giv-dist table cohort.h5 --columns smoking,tar,cancer --categorical smoking --missing drop --out rows
      """)

  @Argument(help: "CSV files with a header, or HDF5 files; all with the same columns.")
  var inputs: [String]
  @Option(help: "The folder of the shards; created when it does not exist.")
  var out: String
  @Option(help: "The columns of the variables, with commas between; quote a name that has one.")
  var columns: String?
  @Option(help: "The file of a causal graph: its variables are the columns, by name.")
  var graph: String?
  @Option(
    help: """
      Columns that are categories even where they look like numbers, separated by commas; 'region:C' makes C the first \
      level.
      """)
  var categorical: [String] = []
  @Option(
    help: """
      A variable that is a vector, by its first and last column, NAME=FIRST..LAST; once for each. A dataset of shape [rows, d] \
      of an HDF5 file is one by itself.
      """)
  var vector: [String] = []
  @Option(help: "Rows of a shard. (default: 1000000)")
  var rowsPerShard: Int?
  @Option(help: "What to do about missing values: refuse the input, or drop such rows.")
  var missing = MissingRows.refuse
  @OptionGroup var format: TextFormatOptions
  @OptionGroup var configuration: ConfigurationOptions
  @Flag(help: "Replace the shards of an earlier run in the folder.")
  var force = false
  @Flag(help: "Print one JSON object instead of a summary.")
  var json = false

  /// What becomes of rows that miss a value.
  enum MissingRows: String, CaseIterable, ExpressibleByArgument {
    case refuse, drop

    var policy: MissingPolicy {
      switch self {
      case .refuse: .refuse
      case .drop: .drop
      }
    }
  }

  /// The other ranks wait as long as it takes.
  var stallTimeout: Double { 0 }

  func run(on communicator: any Communicator) throws {
    try communicator.printFromRoot {
      let summary = try Importer(inputs: inputs, plan: plan()).run(into: out, force: force)
      return json ? try jsonText(summary) : summary.text
    }
  }

  private func plan() throws -> ImportPlan {
    let vectors = try self.vectors()
    var plan = ImportPlan(variables: try variables(besides: vectors.keys.sorted()))
    plan.vectors = vectors
    plan.categorical = try categorical.flatMap { try columnNames($0, "--categorical") }.map {
      CategoricalColumn($0, among: plan.variables)
    }
    plan.missing = missing.policy
    plan.format = try format.format()
    plan.rowsPerShard = rowsPerShard ?? plan.rowsPerShard
    return plan
  }

  /// The first and last columns of vectors.
  private func vectors() throws -> [String: VectorColumns] {
    try vector.reduce(into: [:]) { vectors, text in
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      let ends = parts.count == 2 ? parts[1].split(separator: "..", maxSplits: 1).map(String.init) : []
      guard ends.count == 2 else {
        throw Failure(.usage, "--vector \(text): give a name and its first and last column, NAME=FIRST..LAST")
      }
      guard vectors.updateValue(VectorColumns(first: ends[0], last: ends[1]), forKey: parts[0]) == nil else {
        throw Failure(.usage, "--vector names '\(parts[0])' twice; name it once")
      }
    }
  }

  /// - Parameter vectors: those that --vector names, of which a graph has to be.
  private func variables(besides vectors: [String]) throws -> [String] {
    switch (columns, graph) {
    case (let columns?, nil):
      let names = try columnNames(columns, "--columns")
      return names + vectors.filter { !names.contains($0) }
    case (nil, let graph?):
      let names = try CausalGraphFile.read(graph).names
      if let unknown = vectors.first(where: { !names.contains($0) }) {
        throw Failure(
          .usage,
          "--vector names '\(unknown)', which is no variable of \(graph); "
            + suggestion(for: unknown, among: names, owner: "it has"))
      }
      return names
    case (nil, nil):
      throw Failure(
        .usage, "no columns are named; name them with --columns, or the graph whose variables they are with --graph")
    default: throw Failure(.usage, "--columns and --graph both name the columns; leave one of them out")
    }
  }
}
