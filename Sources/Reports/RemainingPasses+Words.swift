import Runs

extension RemainingPasses {
  /// In words, with the time that they take.
  ///
  /// - Parameter secondsPerPass: the mean of the last passes; nil where none was timed.
  public func words(secondsPerPass: Double?) -> String {
    func passes(_ count: Int) -> String { "\(count) pass\(count == 1 ? "" : "es")" }
    func time(_ count: Int) -> String {
      secondsPerPass.map { ", \(Duration.roundedWords(seconds: Double(count) * $0))" } ?? ""
    }
    return switch self {
    case .exactly(let count): "\(passes(count)) left in this phase\(time(count))"
    case .atMost(let most, nil): "at most \(passes(most)) left in this phase\(time(most))"
    case .atMost(let most, let expected?):
      "about \(passes(expected)) left in this phase\(time(expected)) (at most \(most))"
    }
  }
}
