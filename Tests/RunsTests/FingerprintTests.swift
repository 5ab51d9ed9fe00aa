import Diagnostics
import Runs
import TestSupport
import Testing

@Suite struct FingerprintTests {
  private enum Kind: String, Codable { case plain, fancy }

  private struct Nested: Codable {
    var batchSize = 400
    var rates: [Double] = [0.5, 1e-3]
  }

  private struct Options: Codable {
    var kind = Kind.plain
    var nested = Nested()
    var tolerance = 1e-8
    var limit: Int?
    var names = ["a", "b"]
    var isWeighted = false
    var seed = UInt64.max
  }

  private func difference(_ change: (inout Options) -> Void, digest: String = "d") throws -> Failure? {
    var options = Options()
    change(&options)
    let (saved, now) = (
      try Fingerprint(Options(), inputDigest: "d"), try Fingerprint(options, inputDigest: digest)
    )
    return failure { try now.requireSame(as: saved, "run: the checkpoint is", optionName: { "--\($0)" }) }
  }

  @Test func `The same options are the same`() throws {
    #expect(try difference { _ in } == nil)
    // A number that is equal is the same, however it was written.
    #expect(try difference { $0.tolerance = 0.00000001 } == nil)
  }

  @Test func `The options that differ are named with both values`() throws {
    let changes: [((inout Options) -> Void, String)] = [
      ({ $0.kind = .fancy }, "--kind was plain and is fancy"),
      ({ $0.nested.batchSize = 5 }, "--nested.batchSize was 400 and is 5"),
      ({ $0.nested.rates[1].negate() }, "--nested.rates was 0.5,0.001 and is 0.5,-0.001"),
      ({ $0.tolerance = $0.tolerance.nextUp }, "--tolerance was 1e-08 and is 1.0000000000000002e-08"),
      ({ $0.limit = 0 }, "--limit was not set and is 0"), ({ $0.names = ["a,b"] }, "--names was a,b and is 'a,b'"),
      ({ $0.isWeighted = true }, "--isWeighted was false and is true"),
      ({ $0.seed -= 1 }, "--seed was 18446744073709551615 and is 18446744073709551614"),
      (
        {
          $0.seed = 1
          $0.limit = 2
        }, "--limit was not set and is 2, --seed was 18446744073709551615 and is 1"
      ),
    ]
    for (change, text) in changes {
      #expect(
        try difference(change)
          == Failure(
            .data, "run: the checkpoint is of other options: \(text); give the same, or start anew by --force"))
    }
  }

  @Test func `Other rows are refused`() throws {
    let failure = try difference({ _ in }, digest: "e")
    #expect(failure?.exitCode == .data && failure?.message.contains("of other data") == true)
  }

  @Test func `Other programs are refused before anything else`() throws {
    let saved = try Fingerprint(Options(), inputDigest: "d", program: "9.9", numerics: "7")
    let now = try Fingerprint(Options(), inputDigest: "e")
    let failure = failure { try now.requireSame(as: saved, "run: the checkpoint is", optionName: { $0 }) }
    #expect(failure?.exitCode == .configuration)
    #expect(failure?.message.contains("giv-dist 9.9 with numerics 7") == true)
  }
}
