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
    var plan = ImportPlan(variables: try variables())
    plan.categorical = try categorical.flatMap { try columnNames($0, "--categorical") }.map {
      CategoricalColumn($0, among: plan.variables)
    }
    plan.missing = missing.policy
    plan.format = try format.format()
    plan.rowsPerShard = rowsPerShard ?? plan.rowsPerShard
    return plan
  }

  private func variables() throws -> [String] {
    switch (columns, graph) {
    case (let columns?, nil): try columnNames(columns, "--columns")
    case (nil, let graph?): try CausalGraphFile.read(graph).names
    case (nil, nil):
      throw Failure(
        .usage, "no columns are named; name them with --columns, or the graph whose variables they are with --graph")
    default: throw Failure(.usage, "--columns and --graph both name the columns; leave one of them out")
    }
  }
}
