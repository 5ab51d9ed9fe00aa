import Communication
import Diagnostics
import Frames
import MetaEM
import TestSupport
import Testing

@Suite struct TruthTests {
  private static func truth(distinct: Int, ranks: Int) throws -> [Result<[Int64], Failure>] {
    try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let table = try Frame(
        rows: DistributedRows(rowCount: 3000, chunkLength: 64, communicator: communicator),
        covariates: [(0..<3000).map(Double.init)], treatment: Array(repeating: 1, count: 3000),
        source: (0..<3000).map { 7 - 2 * Int64($0 * distinct / 3000) })
      do { return .success(try Truth.read(table).values) } catch { return .failure(error as! Failure) }
    }
  }

  @Test(arguments: [1, 2, 5])
  func `More than 1000 sources are refused on any number of ranks`(ranks: Int) throws {
    let expected = Failure(
      .data, "the true source has more than 1000 distinct values; name another --z, or say --z none")
    #expect(try Self.truth(distinct: 1001, ranks: ranks).allSatisfy { $0 == .failure(expected) })
    let values = (0..<1000).map { 7 - 2 * Int64(999 - $0) }
    #expect(try Self.truth(distinct: 1000, ranks: ranks).allSatisfy { $0 == .success(values) })
  }
}
