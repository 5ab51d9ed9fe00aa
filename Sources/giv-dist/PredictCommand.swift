import ArgumentParser
import Communication
import Diagnostics
import Import
import MetaEM
import Mixture
import Reports
import Shards
import Storage

/// `giv-dist predict`: the groups of new rows under a stored model.
struct Predict: JobCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write the posteriors of new rows under a model that train stored; of a joint model also their effects.",
    discussion: """
      The rows are shards, or tables as 'giv-dist shard' reads them, which become numbers as the rows of the fit did: by \
      the same columns, levels and references, any of which the new rows may lack. Columns of other names are named by \
      --x, in the order of the covariates, and --t. No outcome is needed, but by a joint model. The rows keep their order.

      An output whose name ends in .csv is CSV, with a line for each row: its identifier, posteriors and label.

        giv-dist predict run new-shards --out new-posteriors.h5
        giv-dist predict run new-patients.csv --id patient --out groups.csv
      """)

  @Argument(help: "The folder of a run, or its model.h5.")
  var run: String
  @OptionGroup var data: DatasetOptions
  @OptionGroup var job: JobOptions
  @Option(help: "The file to write: CSV where its name ends in .csv, else HDF5.")
  var out: String
  @Option(
    help: "Whether a row's label is its likeliest group or a draw from its posterior; the model's rule by default.")
  var labels: LabelRule?
  @Option(help: "The seed of drawn labels; the model's by default.")
  var seed: UInt64?
  @Option(
    help: """
      What to do about missing values of tables: refuse them; drop such rows, which then need --id; or put the means of \
      the fit's rows into covariates of numbers.
      """)
  var missing: MissingPolicy = .refuse
  @OptionGroup var format: TextFormatOptions
  @Flag(help: "Read the rows anew in every pass instead of holding them in memory; the result has the same bits.")
  var stream = false
  @Flag(help: "Replace the file.")
  var force = false
  @Flag(help: "Print one JSON object.")
  var json = false

  func run(on communicator: any Communicator) throws {
    let (model, configuration) = try communicator.agree { try FittedModel.load(modelPath) }
    let rows = try communicator.agree { NewRows(paths: data.shards, plan: try plan(of: model)) }
    guard try communicator.broadcast({ try rows.areTables() }) else {
      try communicator.agree { try requireNoTextOptions() }
      let collection = try communicator.agree {
        try open(data.shards, names: data.names, outcome: data.names.outcome, for: model)
      }
      return try predict(collection, under: model, configuration, findings: [], on: communicator)
    }
    try communicator.agree { if communicator.isRoot { try requireOutput() } }
    try rows.withShards(beside: out, on: communicator) { folder, summary in
      let collection = try communicator.agree {
        let collection = try open([folder], names: DatasetNames(), outcome: rows.plan.outcome ?? "", for: model)
        try requireIdentifiers(of: collection, summary)
        return collection
      }
      try predict(
        collection, under: model, configuration, findings: summary.findings + summary.missingFindings, on: communicator)
    }
  }

  private func open(
    _ paths: [String], names: DatasetNames, outcome: String, for model: FittedModel
  ) throws -> ShardCollection {
    let collection = try ShardCollection.open(paths, names: names, as: model.covariates)
    try model.requireOutcome(of: collection, path: data.shards[0], named: outcome)
    try collection.requireNoInput(at: out, besides: [modelPath])
    return collection
  }

  private func predict(
    _ collection: ShardCollection, under model: FittedModel, _ configuration: Configuration, findings: [Finding],
    on communicator: any Communicator
  ) throws {
    try collection.checkIdentifiers(on: communicator)
    let prediction = try model.predict(
      collection, labelRule: labels ?? configuration.labels, seed: seed ?? configuration.seed,
      storage: stream ? .stream() : .memory, on: communicator)
    let digest = try prediction.design.writePosteriors(
      of: prediction.rule, joint: model.joint, collection: collection, to: out, force: force)
    guard communicator.isRoot else { return }
    let report = PredictionReport(
      prediction, ranks: communicator.size, posteriorDigest: digest, out: out,
      findings: findings + collection.findings)
    print(json ? try jsonText(report) : report.report.text)
  }

  private var modelPath: String { run.hasSuffix(".h5") ? run : "\(run)/model.h5" }
}

// MARK: Tables

extension Predict {
  /// Which columns of tables are read: those of the model, unless options name others.
  private func plan(of model: FittedModel) throws -> ImportPlan {
    let (names, named) = (data.names, data.names.named)
    let earlier = EarlierEncoding(model, path: run)
    var plan = ImportPlan(
      treatment: named.contains(.treatment) ? names.treatment : model.treatmentName,
      outcome: model.joint.map { named.contains(.outcome) ? names.outcome : $0.outcomeName },
      covariates: earlier.columns(named.contains(.covariate) ? try columnNames(names.covariates, "--x") : []))
    plan.earlier = earlier
    plan.source = named.contains(.source) ? names.source : nil
    plan.identifier = names[.identifier]
    // A joint model says itself what it needs the outcome for.
    plan.mayLack = named.contains(.identifier) ? [.outcome] : [.outcome, .identifier]
    plan.missing = missing
    plan.format = try format.format()
    return plan
  }

  /// Refuses what only tables are read by.
  private func requireNoTextOptions() throws {
    guard missing == .refuse, try format.format() == TextFormat() else {
      throw Failure(
        .usage,
        "--missing and options that say how values are written go with tables only, and \(data.shards[0]) holds shards; "
          + "leave them out")
    }
  }

  /// Refuses an output that cannot be, before tables are read.
  private func requireOutput() throws {
    _ = try AtomicFile(out, force: force)
    for input in data.shards + [modelPath] where ResolvedPath(input) == ResolvedPath(out) && ResolvedPath(out) != nil {
      throw Failure(.cannotCreate, "--out \(out) is an input of this run; name another file")
    }
  }

  /// Refuses to drop rows when nothing would tell which.
  private func requireIdentifiers(of collection: ShardCollection, _ summary: ImportSummary) throws {
    let missing = summary.record.missingValues
    guard missing.rowsDropped > 0, !collection.roles.contains(.identifier) else { return }
    throw Failure(
      .data,
      "\(missing.rowsDropped) of \(missing.rowsRead) rows miss values and would be dropped, and nothing would tell which; "
        + "name the column of identifiers with --id")
  }
}
