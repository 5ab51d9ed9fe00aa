import ArgumentParser
import CausalGraphs
import Diagnostics
import InterventionalSampling

extension NetworkOptions.Mode: ExpressibleByArgument {}

/// How the models of a causal graph are learned.
struct NetworkArguments: ParsableArguments {
  @Option(help: "Whether models are exact functions of joint counts; auto: where there are few enough combinations.")
  var mode = NetworkOptions.Mode.auto
  @OptionGroup var models: ModelArguments
  @Option(help: "Rows generated for each of the data, where models are learned on generated rows. (default: 4)")
  var expand: Int?
  @Option(help: "The seed of generated rows, first weights, minibatches and draws. (default: 0)")
  var seed: UInt64?

  func validate() throws {
    if let expand, !(1...1000).contains(expand) {
      throw ValidationError("--expand is \(expand); give 1 to 1000 rows for each of the data")
    }
    _ = try models.options()
    try given.map { ScopedOption($0, true, with: "--mode sampled or auto", isRead: mode != .exact) }.requireReaders()
  }

  /// The names of options that exact answers do not read.
  var given: [String] {
    models.given + [expand.map { _ in "--expand" }, seed.map { _ in "--seed" }].compactMap(\.self)
  }

  /// - Throws: ``Failure`` `usage` that names a variable which is not in the graph.
  func options(_ question: CausalQuestion, _ graph: MixedGraph) throws -> NetworkOptions {
    var options = NetworkOptions(
      graph: graph.text, intervened: question.intervened, outcome: question.outcome, given: question.given)
    options.mode = mode
    options.expand = expand ?? options.expand
    options.seed = seed ?? options.seed
    options.models = try models.options()
    try models.requireNames(among: graph.names)
    return options
  }
}
