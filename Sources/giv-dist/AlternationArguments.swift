import ArgumentParser
import MetaEM

extension GroupAssignment: ExpressibleByArgument {}

/// How `--representation network` and `mixed` are learned.
struct AlternationArguments: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: "The weight of the covariates' reconstruction, of network and mixed. (default: 1 / covariates)",
    transform: Self.numbers)
  var lambda: [Double] = []
  @Option(parsing: .unconditional, help: "Rounds of training at most, of network and mixed. (default: 20)")
  var rounds: Int?
  @Option(parsing: .unconditional, help: "Steps of a round. (default: 200)")
  var steps: Int?
  @Option(parsing: .unconditional, help: "Rows of a minibatch; all rows when they are fewer. (default: 400)")
  var batch: Int?
  @Option(parsing: .unconditional, help: "The learning rate of Adam; each rejected round halves it. (default: 0.001)")
  var learningRate: Double?
  @Option(help: "How rows weigh in groups while networks are trained. (default: posterior)")
  var assignment: GroupAssignment?

  var options: AlternationOptions {
    var options = AlternationOptions()
    options.lambda = lambda.first
    if let rounds { options.rounds = rounds }
    if let steps { options.steps = steps }
    if let batch { options.batchSize = batch }
    if let learningRate { options.learningRate = learningRate }
    if let assignment { options.assignment = assignment }
    return options
  }

  /// The options that were given, by name.
  var given: [String] {
    let all: [(String, Any?)] = [
      ("--lambda", lambda.first), ("--rounds", rounds), ("--steps", steps), ("--batch", batch),
      ("--learning-rate", learningRate), ("--assignment", assignment),
    ]
    return all.filter { $0.1 != nil }.map(\.0)
  }

  private static func numbers(_ text: String) throws -> [Double] {
    try text.split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let number = Double(part) else { throw ValidationError("'\(part)' is no number") }
      return number
    }
  }
}
