import Foundation
import TestSupport
import Testing

/// Input that cannot be used ends with one message and the right code.
@Suite(.inputs { try BadInput.make(in: $0) }) struct BadInputTests {
  @Test(arguments: BadInput.all)
  func `It is refused in one line that names the fault and the remedy`(input: BadInput) throws {
    let result = try givDist(["train"] + input.arguments + ["--json", "--out", "never-\(UUID().uuidString)"])
    #expect(result.exitCode == input.exitCode)
    #expect(result.output.isEmpty)
    #expect(result.error.hasPrefix("giv-dist: error: ") && result.error.filter { $0 == "\n" }.count == 1)
    for words in input.words { #expect(result.error.contains(words), "\(result.error)") }
  }

  @Test(
    arguments: [
      "nowhere.h5": 66, "good.h5 nowhere.h5": 66, "empty-folder": 66, "text.h5": 65, "good.h5 link.h5": 65,
      "good.h5": 0,
    ] as [String: Int32])
  func `inspect ends with the code of train`(shards: String, exitCode: Int32) throws {
    let result = try givDist(["inspect"] + shards.split(separator: " ").map(String.init))
    #expect(result.exitCode == exitCode, "\(result.error)")
    #expect(result.output.contains("problem: ") == (exitCode != 0))
  }

  @Test func `The good file among them is trained on`() throws {
    #expect(try train(["good.h5", "--groups", "3"]).rows == 600)
  }
}

extension OnRanks {
  @Suite(.inputs { try BadInput.make(in: $0) }) struct BadInputOnRanksTests {
    @Test(arguments: BadInput.onRanks)
    func `Ranks refuse it once, and none hangs`(input: BadInput) throws {
      let result = try givDist(["train"] + input.arguments + ["--json"], ranks: 3)
      #expect(result.exitCode == input.exitCode)
      #expect(result.output.isEmpty)
      #expect(messages(result).count == 1, "\(result.error)")
      for words in input.words { #expect(result.error.contains(words), "\(result.error)") }
    }
  }
}
