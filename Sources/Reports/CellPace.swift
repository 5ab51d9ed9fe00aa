/// How fast the cells of a scheduler are done, all teams together.
package struct CellPace {
  /// What the cells are called, such as `fits`.
  private let noun: String
  private let total: Int
  /// Those that an earlier start had done, and when this one began to count.
  private let doneBefore: Int
  private let begin: Double

  package init(_ noun: String, done: Int, of total: Int, at seconds: Double) {
    (self.noun, self.total, doneBefore, begin) = (noun, total, done, seconds)
  }

  /// How many are done, and how long the others take if they take what these did. Nothing is said of time before one was
  /// done in this start.
  package func words(done: Int, at seconds: Double) -> String {
    let count = "\(done) of \(total) \(noun) done"
    guard done > doneBefore, done < total else { return count }
    let each = (seconds - begin) / Double(done - doneBefore)
    return "\(count), \(Duration.roundedWords(seconds: each * Double(total - done))) left at their rate"
  }
}
