import ArgumentParser
import Communication
import Diagnostics
import Frames
import Import
import MetaEM
import Reports
import Shards
import Storage

/// `giv-dist shard`: tables to shards.
struct Shard: DistributedCommand {
  static let configuration = CommandConfiguration(
    abstract: "Turn CSV or HDF5 tables into shards.",
    discussion: """
      Reads the inputs twice, in memory that does not grow with them: once to find categories, means and institutions, \
      once to write. Columns are named by the header of a CSV file or by the path of an HDF5 dataset, of which a matrix \
      stands for all its columns.

      A CSV file may be compressed by gzip, UTF-16, or come through a pipe, which is copied to a temporary file first.

      A covariate of texts is categorical: each category but the first in sorted order becomes an indicator column \
      'column=category'. Columns beside the covariates are kept whole: numbers, or codes of categories. Where numbers \
      outnumber the texts of a column, or the texts are numbers of another form, the input is refused. 'giv-dist \
      inspect' shows columns with their roles.

      Shards that are read together count levels by name, and may have different ones. --levels makes them the same at \
      all institutions beforehand; --like encodes new rows as earlier shards did, or those that a run was fitted to.

        giv-dist shard trial.csv --out shards --treatment dose --outcome survival --covariates age,sex,region
        giv-dist shard trial.csv --out shards --treatment dose --outcome survival --covariates age --by hospital
        giv-dist shard visits.csv --out shards --treatment dose --outcome survival --covariates age --instruments distance
        giv-dist shard new-patients.csv --out new --like run
        giv-dist shard foreign.h5 --out shards --treatment /t --outcome /y --covariates /features
      """)

  @Argument(help: "CSV files with a header, or HDF5 files; all with the same columns.")
  var inputs: [String]

  @Option(help: "The folder of the shards; created when it does not exist.")
  var out: String

  @Option(help: "The column of the treatment, numbers. Needed without --like.")
  var treatment: String?

  @Option(help: "The column of the outcome, numbers; leave it out where outcomes are not known.")
  var outcome: String?

  @Option(
    help: """
      The columns of the covariates, separated by commas; quote a name that has one: 'age,"height, cm"'. Needed without \
      --like.
      """)
  var covariates: String?

  @Option(
    help: """
      Shards, or the folder of a run: take their covariates, levels, references and means, and their names of treatment \
      and outcome. Covariates that have other names here are given in the same order.
      """)
  var like: String?

  @Option(
    help: """
      A JSON file of levels, the reference first: {"region": ["A", "B", "C"]}. Columns that it names are categories, and \
      other values are refused.
      """)
  var levels: String?

  @Option(
    help: """
      Columns that are categories even where they look like numbers, separated by commas; 'region:C' makes C the reference \
      (default: the first in sorted order).
      """)
  var categorical: [String] = []

  @Option(help: "The column of the true source, when known: integers, or texts that are coded 0, 1, … in sorted order.")
  var source: String?

  @Option(help: "The column of the row weights, numbers of at least 0.")
  var weight: String?

  @Option(help: "The column that identifies rows; kept as text.")
  var id: String?

  @Option(help: "The column that says who holds a row, such as a hospital; every value is a level, numbers too.")
  var institution: String?

  @Option(help: "Write one shard for each value of this column, which is the --institution.")
  var by: String?

  @Option(help: "The column whose rows of one value are not independent; every value is a level, numbers too.")
  var cluster: String?

  @Option(help: "The columns of the instruments, separated by commas: numbers or categories.")
  var instruments: String?

  @Option(help: "The columns that stand for unobserved confounders, separated by commas: numbers or categories.")
  var proxies: String?

  @Option(help: "The column that is 1 in rows kept for testing and 0 in others.")
  var test: String?

  @Option(
    help:
      "Further columns to keep, separated by commas: numbers or categories; they alone may miss values in kept rows.")
  var keep: String?

  @Option(help: "Rows of a shard, without --by. (default: 1000000)")
  var rowsPerShard: Int?

  @Option(
    help: """
      What to do about missing values: refuse the input; drop such rows; or put the mean of the kept rows into \
      covariates of numbers and an own category into those of categories, dropping rows that miss anything else.
      """)
  var missing: MissingPolicy = .refuse

  @OptionGroup var format: TextFormatOptions

  @OptionGroup var configuration: ConfigurationOptions

  @Flag(help: "Replace the shards of an earlier run in the folder.")
  var force = false

  @Flag(help: "Print one JSON object instead of a summary.")
  var json = false

  /// The other ranks wait as long as it takes.
  var stallTimeout: Double { 0 }

  func run(on communicator: any Communicator) throws {
    try communicator.printFromRoot {
      let summary = try Importer(inputs: inputs, plan: plan()).run(into: out, force: force)
      return json ? try jsonText(summary) : summary.text
    }
  }

  private func plan() throws -> ImportPlan {
    if by != nil && rowsPerShard != nil {
      throw Failure(.usage, "--by writes one shard for each value, so --rows-per-shard cannot be given with it")
    }
    let earlier = try like.map { try EarlierEncoding(like: $0) }
    guard let treatment = treatment ?? earlier?.treatment else {
      throw Failure(.usage, "no treatment is named; name its column with --treatment, or earlier shards with --like")
    }
    let named = try columnNames(covariates, "--covariates")
    var plan = ImportPlan(
      treatment: treatment, outcome: outcome ?? earlier?.outcome, covariates: earlier?.columns(named) ?? named)
    plan.earlier = earlier
    if outcome == nil { plan.mayLack = [.outcome] }
    plan.agreed = try levels.map { try AgreedLevels(path: $0) }
    plan.source = source
    plan.weight = weight
    plan.identifier = id
    if let by, let institution, by != institution {
      throw Failure(
        .usage,
        "--by \(by) cuts by the institution, and --institution names \(institution); leave one of them out")
    }
    plan.institution = by ?? institution
    plan.cutsByInstitution = by != nil
    plan.cluster = cluster
    plan.instruments = try columnNames(instruments, "--instruments")
    plan.proxies = try columnNames(proxies, "--proxies")
    plan.kept = try columnNames(keep, "--keep")
    plan.test = test
    let columns = plan.covariates + plan.instruments + plan.proxies + plan.kept
    plan.categorical = try categorical.flatMap { try columnNames($0, "--categorical") }.map {
      CategoricalColumn($0, among: columns)
    }
    plan.missing = missing
    plan.format = try format.format()
    if let rowsPerShard { plan.rowsPerShard = rowsPerShard }
    return plan
  }
}

extension MissingPolicy: ExpressibleByArgument {}

extension EarlierEncoding {
  /// That of a run, given by its folder or its model, or of shards.
  ///
  /// - Throws: ``Failure`` when there is neither.
  fileprivate init(like path: String) throws {
    guard let (model, _) = try FittedModel.load(ofRun: path) else {
      try self.init(shards: path)
      return
    }
    self.init(model, path: path)
  }

  /// That of the rows that a model was fitted to.
  ///
  /// - Parameter path: the run, for messages.
  init(_ model: FittedModel, path: String) {
    let means = Dictionary(zip(model.covariateNames, model.scaling.centers)) { first, _ in first }
    let numbers = Set(model.covariates.filter { $0.levels == nil }.map(\.name))
    self.init(
      path: path, covariates: model.covariates, means: means.filter { numbers.contains($0.key) },
      treatment: model.treatmentName, outcome: model.joint?.outcomeName)
  }
}

extension Column {
  /// Name, role and what the values are.
  fileprivate var words: String {
    let levels = kind.levels.map { ", \($0.count) \($0.count == 1 ? "level" : "levels")" } ?? ""
    return "\(name): \(role.rawValue), \(kind.word)\(levels)" + (allowsMissing ? ", may be missing" : "")
  }
}

extension ImportSummary {
  /// The summary for people.
  var text: String {
    let missing = record.missingValues
    var lines = [
      "Rows      \(missing.rowsRead) read, \(missing.rowsKept) kept, \(missing.rowsDropped) dropped",
      "Shards    \(shards.count) in \(folder)",
    ]
    for shard in shards.prefix(10) {
      lines.append("  \(shard.file): \(shard.rows) rows" + (shard.institution.map { ", institution \($0)" } ?? ""))
    }
    if shards.count > 10 { lines.append("  … and \(shards.count - 10) more, see \(Manifest.fileName)") }
    if !covariates.isEmpty {
      lines.append("Columns   \(covariates.count) in x: \(covariates.joined(separator: ", "))")
    }
    for (name, categories) in record.categories.covariates.sorted(by: { $0.key < $1.key }) {
      let count = "\(categories.count) \(categories.count == 1 ? "category" : "categories")"
      lines.append("  \(name): \(count), '\(categories[0])' without an indicator")
    }
    for column in columns { lines.append("Further   \(column.words)") }
    if let sources = record.categories.source {
      lines.append("Sources   0, 1, … are \(sources.joined(separator: ", "))")
    }
    if !missing.missing.isEmpty {
      let counts = missing.missing.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      lines.append("Missing   \(counts.joined(separator: ", ")) (policy: \(missing.policy.rawValue))")
    }
    for (name, mean) in missing.means.sorted(by: { $0.key < $1.key }) {
      lines.append("  \(name): filled with \(mean)")
    }
    return (lines + findings.map { "note: \($0.words)" }).joined(separator: "\n")
  }
}
