import Communication
import Diagnostics
import Foundation
import MetaEM
import Mixture
import ModelTestSupport
import Runs
import TestSupport
import Testing

@Suite struct CheckpointStoreTests {
  private static let names = CheckpointStore.fileNames
  private static let configuration = Configuration(groups: 2)

  /// A fit that can be told from others by its numbers.
  private static func fit(_ numbers: [Double]) -> [Fit<KMeansMixture>] {
    [Fit(start: 3, model: KMeansMixture(centers: [numbers, numbers.reversed()]))]
  }

  private static func store(
    _ folder: String, _ communicator: any Communicator = SoloCommunicator(), resume: Bool = true, passes: Int = 1,
    configuration: Configuration = configuration, inputDigest: String = "d",
    isStopRequested: @escaping () -> Bool = { false }
  ) throws -> CheckpointStore {
    var policy = CheckpointStore.Policy()
    policy.passes = passes
    return try CheckpointStore(
      folder: folder, policy: policy, resume: resume, on: communicator, isStopRequested: isStopRequested
    ).opened(configuration, inputDigest: inputDigest)
  }

  /// The bits of the numbers that a new store finds.
  private static func bits(
    _ folder: String, phase: String = "em", _ communicator: any Communicator = SoloCommunicator()
  ) throws -> [UInt64]? {
    let fits: [Fit<KMeansMixture>]? = try store(folder, communicator).state(of: phase)
    return fits?[0].model.centers[0].map(\.bitPattern)
  }

  /// A pass over rows, by which ranks hear of each other's wishes, after which numbers are kept.
  private static func pass(
    _ numbers: [Double], _ store: CheckpointStore, _ communicator: any Communicator
  ) throws {
    _ = try DistributedRows(rowCount: 2, chunkLength: 1, communicator: communicator).sum(0.0) { _, _ in }
    try store.keep(fit(numbers), of: "em")
  }

  /// Keeps one number after another as passes of one phase.
  private static func keep(_ numbers: ClosedRange<Int>, in folder: String, passes: Int = 1) throws {
    let communicator = SoloCommunicator()
    let store = try store(folder, communicator, passes: passes)
    for number in numbers { try pass([Double(number)], store, communicator) }
  }

  private static func bits(_ number: Int) -> [UInt64] { [Double(number).bitPattern] }

  private func failure(_ body: () throws -> Void) -> Failure? {
    do { try body() } catch { return error as? Failure }
    return nil
  }

  private func files(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test(arguments: [(1, 3), (3, 1), (4, 2)])
  func `Every bit comes back on other ranks`(ranks: Int, others: Int) throws {
    let numbers: [Double] = [
      0.1, -0.0, .leastNormalMagnitude / 3, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity,
      1e22, 100_000_001,
    ]
    try withTemporaryDirectory { folder in
      let path = folder.path
      _ = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let store = try Self.store(path, communicator)
        try store.finish(Self.fit([7]), of: "starts")
        try Self.pass(numbers, store, communicator)
      }
      let found = try LoopbackCommunicator.run(ranks: others) { communicator in
        [try Self.bits(path, phase: "starts", communicator), try Self.bits(path, communicator)]
      }
      #expect(found.allSatisfy { $0 == [Self.bits(7), numbers.map(\.bitPattern)] })
      #expect(try Self.bits(path, phase: "search") == nil)
    }
  }

  @Test func `Without a checkpoint a run begins`() throws {
    try withTemporaryDirectory { folder in
      let store = try Self.store(folder.path)
      #expect(store.savedPasses == 0)
      #expect(try Self.bits(folder.path) == nil)
    }
  }

  @Test func `A run that does not resume reads none`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...1, in: folder.path)
      let fits: [Fit<KMeansMixture>]? = try Self.store(folder.path, resume: false).state(of: "em")
      #expect(fits == nil)
    }
  }

  @Test func `The last is saved every so many passes and the one before is kept`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...2, in: folder.path, passes: 3)
      #expect(try files(folder) == [])
      try Self.keep(1...8, in: folder.path, passes: 3)
      #expect(try Self.bits(folder.path) == Self.bits(6))
      #expect(try Self.store(folder.path).savedPasses == 6)
      #expect(try files(folder) == Self.names.sorted())
      try FileManager.default.removeItem(atPath: folder.path + "/" + Self.names[0])
      #expect(try Self.bits(folder.path) == Self.bits(3))
    }
  }

  @Test func `Passes are counted on from a checkpoint`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...4, in: folder.path)
      try Self.keep(5...9, in: folder.path)
      #expect(try Self.store(folder.path).savedPasses == 9)
    }
  }

  @Test(arguments: 0..<3)
  func `A stop that one rank is asked for stops all after saving`(rank: Int) throws {
    try withTemporaryDirectory { folder in
      let path = folder.path
      let failures = try LoopbackCommunicator.run(ranks: 3) { communicator in
        let store = try Self.store(path, communicator, passes: 100) { communicator.rank == rank }
        do { try Self.pass([5], store, communicator) } catch { return error as? Failure }
        return nil
      }
      let expected = Failure(
        .temporary, "stopped after a checkpoint in \(path); the same command with --resume goes on")
      #expect(failures == [expected, expected, expected])
      #expect(try Self.bits(path) == Self.bits(5))
    }
  }

  @Test(arguments: [1, 3, 5])
  func `A checkpointed pass makes one collective, its sum`(ranks: Int) throws {
    let rows = TestRows(rowCount: 5000, covariateCount: 2, groups: 2, seed: 3)
    try withTemporaryDirectory { folder in
      let path = folder.path
      let counts = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let counter = CountingCommunicator(communicator)
        let store = try Self.store(path, counter, passes: 4)
        let design = try rows.design(on: counter)
        let start = try ModelKind.regression.start(design, groups: 2) as! RegressionMixture
        _ = counter.takeCounts()
        var counts: [CountingCommunicator.Counts] = []
        let convergence = Convergence(tolerance: -.infinity, maximumPasses: 5)
        _ = try design.expectationMaximization([Fit(start: 0, model: start)], convergence: convergence) { fits in
          counts.append(counter.takeCounts())
          try store.keep(fits, of: "em")
          counts.append(counter.takeCounts())
        }
        return counts
      }
      for (rank, counts) in counts.enumerated() {
        let pass = CountingCommunicator.Counts(sends: rank == 0 ? 0 : 1, broadcasts: 1)
        // The fourth pass is saved, and all ranks hear whether that went well.
        let kept = [0, 0, 0, 1, 0].map { CountingCommunicator.Counts(others: $0) }
        #expect(counts == kept.flatMap { [pass, $0] })
      }
    }
  }

  @Test func `A flipped bit anywhere leads to the previous one`() throws {
    try withTemporaryDirectory { folder in
      let current = folder.appendingPathComponent(Self.names[0])
      try Self.keep(1...2, in: folder.path)
      let (whole, previous) = (
        try Data(contentsOf: current), try Data(contentsOf: folder.appendingPathComponent(Self.names[1]))
      )
      for position in stride(from: 0, to: whole.count, by: 7) {
        var damaged = whole
        damaged[position] ^= 1 << (position % 8)
        try damaged.write(to: current)
        try previous.write(to: folder.appendingPathComponent(Self.names[1]))
        #expect(try Self.bits(folder.path) == Self.bits(1), "byte \(position)")
      }
    }
  }

  @Test func `After a fall back the whole one is not replaced by the damaged one`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...2, in: folder.path)
      try Data("damaged".utf8).write(to: folder.appendingPathComponent(Self.names[0]))
      try Self.keep(3...3, in: folder.path)
      try FileManager.default.removeItem(atPath: folder.path + "/" + Self.names[0])
      #expect(try Self.bits(folder.path) == Self.bits(1))
    }
  }

  @Test(arguments: [0, 1, 30, 64, 65, 66, 200])
  func `Two cut checkpoints are refused on all ranks and stay`(length: Int) throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...2, in: folder.path)
      for name in Self.names {
        let file = folder.appendingPathComponent(name)
        try Data(contentsOf: file).prefix(length).write(to: file)
      }
      let path = folder.path
      let failures = try LoopbackCommunicator.run(ranks: 2) { communicator in
        do { _ = try Self.store(path, communicator) } catch { return error as? Failure }
        return nil
      }
      let expected = Failure(
        .data,
        "\(path)/checkpoint.json and \(path)/checkpoint-previous.json: damaged or unreadable; start anew by --force")
      #expect(failures == [expected, expected])
      #expect(try files(folder) == Self.names.sorted())
    }
  }

  @Test func `Other data and other options are refused`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...1, in: folder.path)
      let data = failure { _ = try Self.store(folder.path, inputDigest: "e") }
      #expect(data?.exitCode == .data)
      #expect(data?.message.contains("is of other data") == true)
      var other = Self.configuration
      other.tolerance = 1e-9
      let options = failure { _ = try Self.store(folder.path, configuration: other) }
      #expect(options?.exitCode == .data)
      #expect(options?.message.contains("is of other options") == true)
      #expect(try Self.bits(folder.path) == Self.bits(1))
    }
  }

  @Test func `A model of another kind is refused`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...1, in: folder.path)
      let failure = failure {
        let _: [Fit<GaussianMixture>]? = try Self.store(folder.path).state(of: "em")
      }
      #expect(failure?.exitCode == .data)
    }
  }

  @Test func `When saving fails all ranks say so and earlier checkpoints stay`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path
      let failures = try LoopbackCommunicator.run(ranks: 2) { communicator in
        let store = try Self.store(path, communicator)
        try Self.pass([1], store, communicator)
        try Self.pass([2], store, communicator)
        // Stands where the next checkpoint is to be put.
        if communicator.isRoot { mkdir("\(path)/checkpoint-next.json", 0o777) }
        do { try Self.pass([3], store, communicator) } catch { return error as? Failure }
        return nil
      }
      #expect(failures[0]?.exitCode == .cannotCreate)
      #expect(failures[0] == failures[1])
      rmdir("\(path)/checkpoint-next.json")
      #expect(try files(folder) == Self.names.sorted())
      #expect(try Self.bits(path) == Self.bits(2))
    }
  }

  @Test func `What a kill has left is removed, and everything at the end`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...2, in: folder.path)
      for name in ["checkpoint-next.json", ".checkpoint-next.json.123.partial"] {
        try Data("half".utf8).write(to: folder.appendingPathComponent(name))
      }
      let store = try Self.store(folder.path)
      #expect(try files(folder) == Self.names.sorted())
      store.remove()
      #expect(try files(folder) == [])
    }
  }

  @Test func `What goes with a checkpoint is made durable first`() throws {
    try withTemporaryDirectory { folder in
      let communicator = SoloCommunicator()
      let store = try Self.store(folder.path, communicator)
      store.willSave = { throw Failure(.inputOutput, "no space") }
      let failure = failure { try Self.pass([1], store, communicator) }
      #expect(failure == Failure(.inputOutput, "no space"))
      #expect(try files(folder) == [])
    }
  }
}
