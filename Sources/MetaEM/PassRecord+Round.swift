import Runs

extension PassRecord {
  /// The number of a round of training; nil in other records.
  public var round: Int? { integer("round") }
  /// The loss of a round; nil when it left the range of numbers.
  public var loss: Double? { number("loss") }
  /// Whether a round's features replaced those before them.
  public var accepted: Bool? { flag("accepted") }

  /// A round of training.
  init(round: Int, loss: Double, isAccepted: Bool, logLikelihood: Double, seconds: Double) {
    var values: [String: Value] = [
      "fits": .integer(1), "round": .integer(round), "accepted": .flag(isAccepted),
      "logLikelihood": .number(logLikelihood),
    ]
    if loss.isFinite { values["loss"] = .number(loss) }
    self.init(phase: "round", pass: round, seconds: seconds, values: values)
  }
}
