import ArgumentParser
import Communication
import Diagnostics
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
        giv-dist predict run new-shards --out new-posteriors.h5
      """)

  @Argument(help: "The folder of a run, or its model.h5.")
  var run: String
  @OptionGroup var data: DatasetOptions
  @OptionGroup var job: JobOptions
  @Option(help: "The HDF5 file to write.")
  var out: String
  @Option(
    help: "Whether a row's label is its likeliest group or a draw from its posterior; the model's rule by default.")
  var labels: LabelRule?
  @Option(help: "The seed of drawn labels; the model's by default.")
  var seed: UInt64?
  @Flag(help: "Read the rows anew in every pass instead of holding them in memory; the result has the same bits.")
  var stream = false
  @Flag(help: "Replace the file.")
  var force = false
  @Flag(help: "Print one JSON object.")
  var json = false

  func run(on communicator: any Communicator) throws {
    let (model, configuration) = try communicator.agree { try FittedModel.load(modelPath) }
    let collection = try communicator.agree {
      let collection = try ShardCollection.open(data.shards, names: data.names, as: model.covariates)
      try model.requireOutcome(of: collection, path: data.shards[0])
      try collection.requireNoInput(at: out, besides: [modelPath])
      return collection
    }
    try collection.checkIdentifiers(on: communicator)
    let prediction = try model.predict(
      collection, labelRule: labels ?? configuration.labels, seed: seed ?? configuration.seed,
      storage: stream ? .stream() : .memory, on: communicator)
    let digest = try prediction.design.writePosteriors(
      of: prediction.rule, joint: model.joint, collection: collection, to: out, force: force)
    guard communicator.isRoot else { return }
    let report = PredictionReport(
      prediction, ranks: communicator.size, posteriorDigest: digest, out: out,
      findings: collection.findings)
    print(json ? try jsonText(report) : report.report.text)
  }

  private var modelPath: String { run.hasSuffix(".h5") ? run : "\(run)/model.h5" }
}
