import Communication
import Diagnostics
import Foundation
import Runs
import TestSupport
import Testing

@Suite struct CheckpointStoreTests {
  private static let names = CheckpointStore.fileNames

  private struct Options: Encodable {
    var tolerance = 1e-8
    var starts = 20
    var labels: String?
  }

  /// A state that can be told from others by its numbers.
  private struct Fit: Codable {
    var start = 3
    let centers: [[Double]]

    init(_ numbers: [Double]) { centers = [numbers, numbers.reversed()] }
  }

  private static func store(
    _ folder: String, _ communicator: any Communicator = SoloCommunicator(), resume: Bool = true, passes: Int = 1,
    options: Options = Options(), inputDigest: String = "d", program: String = SoftwareVersion.program,
    numerics: String = SoftwareVersion.numerics, ifDamaged: CheckpointStore.DamagePolicy = .refuse,
    isStopRequested: @escaping () -> Bool = { false }
  ) throws -> CheckpointStore {
    var policy = CheckpointStore.Policy()
    policy.passes = passes
    return try CheckpointStore(
      folder: folder, policy: policy, resume: resume, ifDamaged: ifDamaged, on: communicator,
      isStopRequested: isStopRequested
    ).opened(
      Fingerprint(options, inputDigest: inputDigest, program: program, numerics: numerics), optionName: { "--\($0)" })
  }

  /// The bits of the numbers that a new store finds.
  private static func bits(
    _ folder: String, phase: String = "em", _ communicator: any Communicator = SoloCommunicator()
  ) throws -> [UInt64]? {
    let fit: Fit? = try store(folder, communicator).state(of: phase)
    return fit?.centers[0].map(\.bitPattern)
  }

  /// A pass over rows, by which ranks hear of each other's wishes, after which numbers are kept.
  private static func pass(
    _ numbers: [Double], _ store: CheckpointStore, _ communicator: any Communicator
  ) throws {
    _ = try DistributedRows(rowCount: 2, chunkLength: 1, communicator: communicator).sum(0.0) { _, _ in }
    try store.keep(Fit(numbers), of: "em")
  }

  /// Keeps one number after another as passes of one phase.
  private static func keep(_ numbers: ClosedRange<Int>, in folder: String, passes: Int = 1) throws {
    let communicator = SoloCommunicator()
    let store = try store(folder, communicator, passes: passes)
    for number in numbers { try pass([Double(number)], store, communicator) }
  }

  private static func bits(_ number: Int) -> [UInt64] { [Double(number).bitPattern] }

  private func files(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  @Test(arguments: [(1, 3), (3, 1), (4, 2)])
  func `Every bit comes back on other ranks`(ranks: Int, others: Int) throws {
    let numbers: [Double] = [
      0.1, -0.0, .leastNormalMagnitude / 3, -.leastNonzeroMagnitude, .greatestFiniteMagnitude, .infinity, -.infinity,
      1e22, 100_000_001, .nan, Double(nan: 77, signaling: false),
    ]
    try withTemporaryDirectory { folder in
      let path = folder.path
      _ = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let store = try Self.store(path, communicator)
        try store.finish(Fit([7]), of: "starts")
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
      let fit: Fit? = try Self.store(folder.path, resume: false).state(of: "em")
      #expect(fit == nil)
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
    try withTemporaryDirectory { folder in
      let path = folder.path
      let counts = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let counter = CountingCommunicator(communicator)
        let store = try Self.store(path, counter, passes: 4)
        let rows = DistributedRows(rowCount: 5000, communicator: counter)
        _ = counter.takeCounts()
        return try (0..<5).flatMap { pass in
          let total = try rows.sum(0.0) { partial, chunk in partial += Double(chunk) }
          let sum = counter.takeCounts()
          try store.keep(Fit([total, Double(pass)]), of: "em")
          return [sum, counter.takeCounts()]
        }
      }
      for (rank, counts) in counts.enumerated() {
        let pass = CountingCommunicator.Counts(sends: rank == 0 ? 0 : 1, broadcasts: 1)
        // The fourth pass is saved, and all ranks hear whether that went well.
        let kept = [0, 0, 0, 1, 0].map { CountingCommunicator.Counts(others: $0) }
        #expect(counts == kept.flatMap { [pass, $0] })
      }
    }
  }

  /// A bit that nothing is read from may leave the last one as it was.
  @Test func `A flipped bit anywhere leads to the previous one or to none of its numbers changed`() throws {
    try withTemporaryDirectory { folder in
      let current = folder.appendingPathComponent(Self.names[0])
      try Self.keep(1...2, in: folder.path)
      var fallBacks = 0
      let (whole, previous) = (
        try Data(contentsOf: current), try Data(contentsOf: folder.appendingPathComponent(Self.names[1]))
      )
      for position in stride(from: 0, to: whole.count, by: 7) {
        var damaged = whole
        damaged[position] ^= 1 << (position % 8)
        try damaged.write(to: current)
        try previous.write(to: folder.appendingPathComponent(Self.names[1]))
        let found = try Self.bits(folder.path)
        #expect(found == Self.bits(1) || found == Self.bits(2), "byte \(position)")
        if found == Self.bits(1) { fallBacks += 1 }
      }
      #expect(fallBacks > whole.count / 7 / 4)
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
        "\(path)/checkpoint.h5 and \(path)/checkpoint-previous.h5: damaged; start anew by --force")
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
      let options = failure { _ = try Self.store(folder.path, options: Options(tolerance: 1e-9, labels: "sampled")) }
      #expect(
        options
          == Failure(
            .data,
            "\(folder.path): the checkpoint is of other options: --labels was not set and is sampled, --tolerance was 1e-08 "
              + "and is 1e-09; give the same, or start anew by --force"))
      #expect(try Self.bits(folder.path) == Self.bits(1))
    }
  }

  @Test func `A checkpoint of the former format is refused, not passed over`() throws {
    try withTemporaryDirectory { folder in
      let former = folder.appendingPathComponent("checkpoint.json")
      try Data("{}".utf8).write(to: former)
      let refusal = failure { _ = try Self.store(folder.path) }
      #expect(refusal?.exitCode == .configuration)
      #expect(refusal?.message.hasPrefix("\(former.path) was written by another version of giv-dist") == true)
      #expect(try Self.store(folder.path, resume: false).savedPasses == 0)
    }
  }

  @Test(arguments: [("0.0.9", SoftwareVersion.numerics), (SoftwareVersion.program, "0")])
  func `Another program and other numerics are refused on all ranks`(program: String, numerics: String) throws {
    try withTemporaryDirectory { folder in
      let path = folder.path
      let alone = SoloCommunicator()
      try Self.pass([1], Self.store(path, alone, program: program, numerics: numerics), alone)
      let failures = try LoopbackCommunicator.run(ranks: 2) { communicator in
        failure { _ = try Self.store(path, communicator) }
      }
      for failure in failures {
        #expect(failure?.exitCode == .configuration)
        #expect(failure?.message.contains("is of giv-dist \(program) with numerics \(numerics), and this is") == true)
        #expect(failure?.message.hasSuffix("go on with the program that began it, or start anew by --force") == true)
      }
      #expect(try files(folder) == [Self.names[0]])
    }
  }

  @Test func `A checkpoint that cannot be read is not taken for a damaged one`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...2, in: folder.path)
      let current = folder.path + "/" + Self.names[0]
      try FileManager.default.removeItem(atPath: current)
      // Something that is there and cannot be opened as a file.
      try FileManager.default.createDirectory(atPath: current, withIntermediateDirectories: false)
      for damage in [CheckpointStore.DamagePolicy.refuse, .begin] {
        let failure = failure { _ = try Self.store(folder.path, ifDamaged: damage) }
        #expect(failure?.exitCode == .noInput, "\(failure as Any)")
      }
    }
  }

  @Test func `Where damage may cost the work, a run begins`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...2, in: folder.path)
      for name in Self.names { try Data("?".utf8).write(to: folder.appendingPathComponent(name)) }
      #expect(failure { _ = try Self.store(folder.path) }?.exitCode == .data)
      #expect(try Self.store(folder.path, ifDamaged: .begin).savedPasses == 0)
    }
  }

  @Test func `A model of another kind is refused`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...1, in: folder.path)
      let failure = failure {
        let _: [String: Int]? = try Self.store(folder.path).state(of: "em")
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
        if communicator.isRoot { mkdir("\(path)/checkpoint-next.h5", 0o777) }
        do { try Self.pass([3], store, communicator) } catch { return error as? Failure }
        return nil
      }
      #expect(failures[0]?.exitCode == .cannotCreate)
      #expect(failures[0] == failures[1])
      rmdir("\(path)/checkpoint-next.h5")
      #expect(try files(folder) == Self.names.sorted())
      #expect(try Self.bits(path) == Self.bits(2))
    }
  }

  @Test func `What a kill has left is removed, and everything at the end`() throws {
    try withTemporaryDirectory { folder in
      try Self.keep(1...2, in: folder.path)
      for name in ["checkpoint-next.h5", ".checkpoint-next.h5.123.partial"] {
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
