import Communication
import Diagnostics
import Foundation
import Runs
import Storage
import TestSupport
import Testing

@Suite struct JournalTests {
  /// A loop that counts to a number.
  private struct Counter: Codable {
    var count = 0
    /// What makes a state large.
    var ballast = [Double](repeating: 0.5, count: 1000)
  }

  /// Sums over rows, as a pass does: the sum carries the wish to save or stop.
  private static func pass(on communicator: any Communicator) throws {
    _ = try DistributedRows(rowCount: 2, chunkLength: 1, communicator: communicator).sum(0.0) { _, _ in }
  }

  private static func count(
    to end: Int, _ phase: String, _ journal: Journal, _ communicator: any Communicator
  ) throws -> Int {
    func progress(_ counter: Counter) -> Journal.Progress {
      Journal.Progress(
        passes: counter.count, values: ["count": .integer(counter.count)], remaining: .exactly(end - counter.count))
    }
    return try journal.run(phase, from: Counter(), progress: progress, outcome: \.count) { state, afterPass in
      var state = state
      while state.count < end {
        state.count += 1
        try pass(on: communicator)
        try afterPass(state)
      }
      return state
    }
  }

  /// Two phases, a step of two phases and a round; the passes of each.
  private static func fit(
    _ journal: Journal, on communicator: any Communicator = SoloCommunicator()
  ) throws -> [Int] {
    func count(_ end: Int, _ phase: String) throws -> Int { try Self.count(to: end, phase, journal, communicator) }
    var counts = [try count(3, "first"), try count(2, "first")]
    counts.append(try journal.step("replicate") { try count(2, "inner") + count(1, "inner") })
    try pass(on: communicator)
    try journal.end(counts) { PassRecord(phase: "round", pass: 1, seconds: $0, values: ["loss": .number(0.5)]) }
    return counts + [journal.passes]
  }

  private static func store(
    _ folder: String, on communicator: any Communicator, isStopRequested: @escaping () -> Bool = { false }
  ) throws -> CheckpointStore {
    var policy = CheckpointStore.Policy()
    policy.passes = 1
    return try CheckpointStore(
      folder: folder, policy: policy, resume: true, on: communicator, isStopRequested: isStopRequested
    ).opened(Fingerprint(["option": 1], inputDigest: "d"))
  }

  @Test func `A fit is told pass by pass`() throws {
    var records: [PassRecord] = []
    let counts = try Self.fit(Journal(observer: { records.append($0) }))
    #expect(counts == [3, 2, 3, 9])
    #expect(
      records.map { "\($0.phase) \($0.pass)" } == [
        "first 0", "first 1", "first 2", "first 2 0", "first 2 1", "replicate: inner 0", "replicate: inner 1",
        "replicate: inner 2 0", "round 1",
      ])
    #expect(records.map { $0.integer("count") } == [1, 2, 3, 1, 2, 1, 2, 1, nil])
    #expect(records.map(\.remaining) == [2, 1, 0, 1, 0, 1, 0, 0].map { .exactly($0) } + [nil])
    #expect(try jsonText(records).contains("remaining") == false)
    #expect(zip(records, records.dropFirst()).allSatisfy { $0.seconds <= $1.seconds })
  }

  @Test func `Stopped after any pass, a fit goes on to the same end and repeats no pass`() throws {
    for stop in 1...9 {
      try withTemporaryDirectory { folder in
        var passes: [String] = []
        func observe(_ record: PassRecord) { passes.append("\(record.phase) \(record.pass)") }
        let communicator = SoloCommunicator()
        let stopped = failure {
          // Asked in the sum of a pass, before the pass is told of.
          let store = try Self.store(folder.path, on: communicator) { passes.count + 1 == stop }
          _ = try Self.fit(Journal(observer: observe, checkpoints: store), on: communicator)
        }
        #expect(stopped?.exitCode == .temporary && passes.count == stop)
        let resumed = SoloCommunicator()
        let counts = try Self.fit(
          Journal(observer: observe, checkpoints: Self.store(folder.path, on: resumed)), on: resumed)
        #expect(counts == [3, 2, 3, 9], "stopped after pass \(stop)")
        #expect(passes.count == 9 && Set(passes).count == 9, "\(passes)")
      }
    }
  }

  @Test func `Of phases that have ended a checkpoint holds the outcome alone`() throws {
    try withTemporaryDirectory { folder in
      let communicator = SoloCommunicator()
      _ = try Self.fit(Journal(checkpoints: Self.store(folder.path, on: communicator)), on: communicator)
      let file = try HDF5File.open("\(folder.path)/checkpoint.h5")
      let index = try #require(
        try JSONSerialization.jsonObject(with: Data(file.dataset("index").read(UInt8.self))) as? [String: Any])
      let entries = try #require(index["entries"] as? [[String: Any]])
      #expect(entries.map { $0["phase"] as? String } == ["first", "first 2", "replicate", "round"])
      #expect(entries.allSatisfy { ($0["bytes"] as? Int ?? .max) < 200 }, "\(entries)")
      #expect(index["passes"] as? Int == 9)
    }
  }

  @Test func `A record is one JSON object with the names that its estimator gave`() throws {
    let record = PassRecord(
      phase: "em", pass: 2, seconds: 1.5,
      values: [
        "fits": .integer(3), "logLikelihood": .number(-.infinity), "accepted": .flag(true), "loss": .number(0.1),
      ])
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(
      String(decoding: try encoder.encode(record), as: UTF8.self)
        == #"{"accepted":true,"fits":3,"logLikelihood":null,"loss":0.1,"pass":2,"phase":"em","seconds":1.5}"#)
    #expect(record.number("logLikelihood") == nil && record.number("loss") == 0.1 && record.integer("loss") == nil)
  }
}
