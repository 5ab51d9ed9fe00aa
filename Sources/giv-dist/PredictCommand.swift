import ArgumentParser
import Communication
import Diagnostics
import MetaEM
import Mixture
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

  private struct Report: Encodable {
    let rows: Int
    let ranks: Int
    let groups: Int
    let labelCounts: [Int]
    @NullEncoded var accuracy: Double?
    @NullEncoded var adjustedRandIndex: Double?
    let posteriorDigest: String
    let out: String
  }

  func run(on communicator: any Communicator) throws {
    let (model, configuration) = try communicator.agree { try FittedModel.load(modelPath) }
    let collection = try communicator.agree {
      let collection = try ShardCollection.open(data.shards, names: data.names)
      try model.requireColumns(of: collection, path: data.shards[0])
      try collection.requireNoInput(at: out, besides: [modelPath])
      return collection
    }
    let prediction = try Prediction(
      model, collection, labelRule: labels ?? configuration.labels, seed: seed ?? configuration.seed,
      storage: stream ? .stream() : .memory, on: communicator)
    let digest = try prediction.design.writePosteriors(
      of: prediction.rule, joint: model.joint, collection: collection, to: out, force: force)
    guard communicator.isRoot else { return }
    let groups = prediction.rule.groupCount
    let report = Report(
      rows: collection.rowCount, ranks: communicator.size, groups: groups,
      labelCounts: (0..<groups).map(prediction.summary.rowCount),
      accuracy: prediction.agreement?.accuracy,
      adjustedRandIndex: prediction.agreement?.adjustedRandIndex, posteriorDigest: digest,
      out: out)
    print(json ? try jsonText(report) : text(report))
  }

  private var modelPath: String { run.hasSuffix(".h5") ? run : "\(run)/model.h5" }

  private func text(_ report: Report) -> String {
    let counts = report.labelCounts.enumerated().map { "\($0.element) in group \($0.offset)" }
    let score = report.accuracy.map { "; accuracy \(format($0, decimals: 4)) against the true source" } ?? ""
    return "\(report.rows) rows: \(counts.joined(separator: ", "))\(score)\nwrote \(out)"
  }
}
