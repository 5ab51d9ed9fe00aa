import InterventionalSampling
import Statistics
import Storage

/// What rows say against a graph, in words and as `--json` prints it.
struct GraphTestWords {
  /// By places in the graph.
  let names: [String]
  let freeInputs: [Int]
  let invariance: FTest?
  let independences: [IndependenceTest]

  private func words(_ places: [Int]) -> String { places.map { names[$0] }.joined(separator: ", ") }

  private var rejected: [IndependenceTest] { independences.filter(\.isRejected) }

  /// A line for each kind of test, and for each independence that is rejected.
  var lines: [String] {
    var lines: [String] = []
    if let test = invariance {
      lines.append(
        "the answer is the same for all values of \(words(freeInputs)): F(\(Int(test.numerator)), "
          + "\(Int(test.denominator))) = \(significant(test.statistic)), \(test.pValue.asPValue)")
    }
    let made = independences.compactMap(\.adjusted)
    if let smallest = made.min() {
      lines.append(
        "\(made.count) \(made.count == 1 ? "independence" : "independences") that the graph implies; smallest p after Holm's "
          + "correction: \(smallest.asPValue)")
    }
    lines += rejected.map { test in
      let given = test.claim.given.isEmpty ? "" : " given \(words(test.claim.given))"
      return "  \(names[test.claim.first]) and \(names[test.claim.second]) are not independent\(given): "
        + "\(test.statistic.rawValue) = \(significant(test.test?.statistic ?? .nan)) on "
        + "\(test.test?.degreesOfFreedom ?? 0), \((test.adjusted ?? 1).asPValue)"
    }
    return lines.isEmpty
      ? ["nothing in these rows could speak against the graph: what it says is assumed"] : lines
  }

  /// Why the graph is to be doubted.
  var reasons: [String] {
    var reasons: [String] = []
    if !rejected.isEmpty { reasons.append("these rows contradict independences that the graph implies") }
    if let test = invariance, test.pValue < 0.05 {
      reasons.append(
        "the answer moves with \(words(freeInputs)), which the graph rules out (\(test.pValue.asPValue))")
    }
    return reasons
  }

  /// Where there is no reason to doubt graph or rows.
  var support: String {
    let isTested = invariance != nil || independences.contains { $0.adjusted != nil }
    return
      (isTested
      ? "the tests that there are do not speak against the graph" : "the graph cannot be tested with these rows")
      + ", and there are rows enough where the answer needs them"
  }

  struct Independence: Encodable {
    let first: String
    let second: String
    let given: [String]
    let test: String
    @NullEncoded var statistic: Double?
    @NullEncoded var df: Int?
    @NullEncoded var p: Double?
    @NullEncoded var adjusted: Double?
  }

  var encoded: [Independence] {
    independences.map { test in
      Independence(
        first: names[test.claim.first], second: names[test.claim.second], given: test.claim.given.map { names[$0] },
        test: test.statistic.rawValue, statistic: test.test?.statistic, df: test.test?.degreesOfFreedom,
        p: test.test?.pValue, adjusted: test.adjusted)
    }
  }
}
