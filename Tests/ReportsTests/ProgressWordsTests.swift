import Reports
import Runs
import Testing

/// What is said of work that goes on: nothing of time before there is one to judge by.
@Suite struct ProgressWordsTests {
  private static func record(_ phase: String, _ seconds: Double) -> PassRecord {
    PassRecord(phase: phase, pass: 0, seconds: seconds, values: [:])
  }

  @Test func `What remains is told in passes, and in time where passes were timed`() {
    #expect(RemainingPasses.exactly(1).words(secondsPerPass: nil) == "1 pass left in this phase")
    #expect(RemainingPasses.exactly(12).words(secondsPerPass: 2.5) == "12 passes left in this phase, 30 s")
    #expect(
      RemainingPasses.atMost(960, expected: nil).words(secondsPerPass: 0.25)
        == "at most 960 passes left in this phase, 4 min")
    #expect(
      RemainingPasses.atMost(960, expected: 40).words(secondsPerPass: 0.25)
        == "about 40 passes left in this phase, 10 s (at most 960)")
  }

  @Test func `Loops side by side end with the last, and are expected to when all are`() {
    #expect(RemainingPasses.together([]) == nil)
    #expect(RemainingPasses.together([(5, 3), (9, 4)]) == .atMost(9, expected: 4))
    #expect(RemainingPasses.together([(5, 7), (9, nil)]) == .atMost(9, expected: nil))
    // An expectation beyond the limit is the limit.
    #expect(RemainingPasses.together([(5, 7), (4, 1)]) == .atMost(5, expected: 5))
  }

  @Test func `The time of a pass is the mean of the last ten of its phase`() {
    var pace = PassPace()
    #expect(pace.add(Self.record("a", 100)) == nil)
    #expect(pace.add(Self.record("a", 103)) == 3)
    #expect(pace.add(Self.record("b", 104)) == nil)
    // The slow one is forgotten after ten more.
    #expect(pace.add(Self.record("b", 204)) == 100)
    for second in 205...213 { _ = pace.add(Self.record("b", Double(second))) }
    #expect(pace.add(Self.record("b", 214)) == 1)
  }

  @Test func `Cells go on at the rate of those that this start has done`() {
    let pace = CellPace("fits", done: 10, of: 40, at: 5)
    #expect(pace.words(done: 10, at: 65) == "10 of 40 fits done")
    #expect(pace.words(done: 12, at: 65) == "12 of 40 fits done, 14 min left at their rate")
    #expect(pace.words(done: 40, at: 65) == "40 of 40 fits done")
  }

  @Test(arguments: [
    (0.4, "less than 1 s"), (8.4, "8 s"), (119.0, "119 s"), (121.0, "2 min"), (7199, "120 min"), (12_240, "3.4 h"),
  ])
  func `Times are rounded to what an estimate is worth`(seconds: Double, words: String) {
    #expect(Duration.roundedWords(seconds: seconds) == words)
  }
}
