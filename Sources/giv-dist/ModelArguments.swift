import ArgumentParser
import Diagnostics
import InterventionalSampling

extension ModelKind: ExpressibleByArgument {}

/// How the models of a causal graph are made and trained.
struct ModelArguments: ParsableArguments {
  @Option(
    help: """
      What the model of a variable is, V=table, softmax, gaussian, mixture or flow, with commas between; others are tables \
      where all is categories, softmax of categories, mixtures of numbers and flows of vectors.
      """)
  var model: [String] = []
  @Option(
    help: "Variables of numbers that are categories; others are with at most 20 values. Commas between.",
    transform: commaSeparated)
  var categorical: [String] = []
  @Option(help: "Variables that are numbers, however few values they take. Commas between.", transform: commaSeparated)
  var real: [String] = []
  @Option(
    help: "The widths of the hidden layers of networks, with commas between. (default: 48,48; of flows 256,256)")
  var hidden: String?
  @Option(help: "The normal laws of a mixture. (default: 6)")
  var components: Int?
  @Option(help: "The minibatches of a training. (default: 4000)")
  var steps: Int?
  @Option(help: "The rows of a minibatch. (default: 256)")
  var batch: Int?
  @Option(help: "The learning rate of the first step; it falls to 0. (default: 0.003)")
  var learningRate: Double?
  @Option(help: "The steps of a flow from noise to values. (default: 25)")
  var eulerSteps: Int?

  /// The names of options that are given.
  var given: [String] {
    [
      model.isEmpty ? nil : "--model", categorical.isEmpty ? nil : "--categorical", real.isEmpty ? nil : "--real",
      hidden.map { _ in "--hidden" }, components.map { _ in "--components" }, steps.map { _ in "--steps" },
      batch.map { _ in "--batch" }, learningRate.map { _ in "--learning-rate" },
      eulerSteps.map { _ in "--euler-steps" },
    ].compactMap(\.self)
  }

  /// - Throws: an error that names an option which makes no sense.
  func options() throws -> ModelOptions {
    var options = ModelOptions()
    for pair in try model.flatMap(commaSeparated) {
      let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
      guard parts.count == 2, let kind = ModelKind(rawValue: parts[1]) else {
        let kinds = ModelKind.allCases.map(\.rawValue).joined(separator: ", ")
        throw ValidationError("--model \(pair): give a variable and one of \(kinds), V=mixture")
      }
      guard options.kinds.updateValue(kind, forKey: parts[0]) == nil else {
        throw ValidationError("--model names '\(parts[0])' twice; name it once")
      }
    }
    if let both = categorical.first(where: real.contains) {
      throw ValidationError("'\(both)' stands under --categorical and under --real; a variable is one of them")
    }
    (options.categories, options.numbers) = (categorical, real)
    if let hidden {
      let widths = hidden.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
      guard widths.allSatisfy({ $0.map { (1...4096).contains($0) } ?? false }) else {
        throw ValidationError("--hidden is \(hidden); give widths of 1 to 4096 with commas between, 48,48")
      }
      options.hidden = widths.compactMap(\.self)
    }
    func number(_ name: String, _ value: Int?, _ range: ClosedRange<Int>, _ fallback: Int) throws -> Int {
      guard let value else { return fallback }
      guard range.contains(value) else {
        throw ValidationError("\(name) is \(value); give \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    }
    options.components = try number("--components", components, 1...100, options.components)
    options.steps = try number("--steps", steps, 1...10_000_000, options.steps)
    options.batchSize = try number("--batch", batch, 1...1_000_000, options.batchSize)
    options.eulerSteps = try number("--euler-steps", eulerSteps, 1...1000, options.eulerSteps)
    if let learningRate {
      guard learningRate > 0, learningRate.isFinite else {
        throw ValidationError("--learning-rate is \(learningRate); give a positive number")
      }
      options.learningRate = learningRate
    }
    return options
  }

  /// - Throws: ``Failure`` `usage` that names a variable which is not in the graph.
  func requireNames(among names: [String]) throws {
    let models = try options().kinds.keys.sorted()
    for (option, given) in [("--model", models), ("--categorical", categorical), ("--real", real)] {
      for name in given where !names.contains(name) {
        throw Failure(
          .usage,
          "\(option) names '\(name)', which is no variable of the graph; "
            + suggestion(for: name, among: names, owner: "it has"))
      }
    }
  }
}
