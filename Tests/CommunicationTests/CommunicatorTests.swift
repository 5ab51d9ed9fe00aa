import Communication
import Diagnostics
import Testing

@Suite struct CommunicatorTests {
  @Test func `Agreement passes values through when all succeed`() throws {
    let values = try LoopbackCommunicator.run(ranks: 4) { communicator in
      try communicator.agree { communicator.rank * 10 }
    }
    #expect(values == [0, 10, 20, 30])
  }

  @Test func `Agreement throws the failure of the lowest rank everywhere`() throws {
    let failures = try LoopbackCommunicator.run(ranks: 5) { communicator in
      failure {
        try communicator.agree {
          if communicator.rank.isMultiple(of: 2) { return }
          throw Failure(.noInput, "ränk \(communicator.rank)")
        }
      }
    }
    #expect(failures == Array(repeating: Failure(.noInput, "ränk 1"), count: 5))
  }

  @Test func `An error of another type becomes a failure with its description`() throws {
    struct Oddity: Error, CustomStringConvertible { let description = "odd" }
    let failures = try LoopbackCommunicator.run(ranks: 2) { communicator in
      failure { try communicator.agree { if communicator.rank == 1 { throw Oddity() } } }
    }
    #expect(failures == Array(repeating: Failure(.numerical, "odd"), count: 2))
    #expect(failure { try SoloCommunicator().agree { throw Oddity() } } == Failure(.numerical, "odd"))
  }

  @Test func `A failure of one fit is one on all ranks`() throws {
    let failures = try LoopbackCommunicator.run(ranks: 3) { communicator in
      failure { try communicator.agree { if communicator.rank == 2 { throw Failure.ofOneFit(.data, "few") } } }
    }
    #expect(failures.allSatisfy { $0?.isOfOneFit == true && $0?.exitCode == .data && $0?.message == "few" })
  }

  @Test(arguments: 1...9)
  func `Integer sums and extremes are exact`(ranks: Int) throws {
    let big = Int64(1) << 53
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rank = communicator.rank
      return (
        try communicator.sum(counts: [big + 1, Int64(rank)]),
        try communicator.minimum([Double(rank), -.infinity]), try communicator.maximum([Double(rank), 0.5])
      )
    }
    for (sum, minimum, maximum) in results {
      #expect(sum == [(big + 1) * Int64(ranks), Int64(ranks * (ranks - 1) / 2)])
      #expect(minimum == [0, -.infinity])
      #expect(maximum == [Double(ranks - 1), 0.5])
    }
  }

  @Test(arguments: [1, 2, 3, 5])
  func `Integer sums and extremes of long arrays are exact`(ranks: Int) throws {
    let count = ranks * 8192 + 3
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let own = (0..<count).map { Int64($0 * (communicator.rank + 1)) << 20 }
      // The least of zeros is the first rank's, of either sign.
      let zeros = (0..<count).map { ($0 + communicator.rank).isMultiple(of: 2) ? 0 : -0.0 }
      return (
        try communicator.sum(counts: own), try communicator.minimum(own.map { Double(-$0) }),
        try communicator.maximum(own.map { Double($0) }),
        try communicator.minimum(zeros).map(\.sign), try communicator.minimum([zeros[1]]).map(\.sign)
      )
    }
    let one = (0..<count).map { Int64($0) << 20 }
    for (sum, minimum, maximum, signs, short) in results {
      #expect(sum == one.map { $0 * Int64(ranks * (ranks + 1) / 2) })
      #expect(minimum == one.map { -Double($0 * Int64(ranks)) })
      #expect(maximum == one.map { Double($0 * Int64(ranks)) })
      #expect(signs == (0..<count).map { $0.isMultiple(of: 2) ? .plus : .minus })
      #expect(short == [.minus])
    }
  }

  @Test(arguments: [1, 3]) func `An array that the root makes keeps every bit`(ranks: Int) throws {
    let array = [-0.0, .infinity, Double(nan: 5, signaling: false), 0.1]
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let received = try communicator.broadcastArray {
        precondition(communicator.rank == 0)
        return array
      }
      let failure = failure {
        try communicator.broadcastArray { () throws -> [Int] in throw Failure(.data, "no array") }
      }
      return (received.map(\.bitPattern), failure)
    }
    #expect(results.allSatisfy { $0 == (array.map(\.bitPattern), Failure(.data, "no array")) })
  }

  @Test(arguments: [1, 2, 5])
  func `Arrays and values travel from a root and from all ranks`(ranks: Int) throws {
    struct Header: Codable, Equatable, Sendable {
      var name: String
      var values: [Double]
    }
    let header = Header(name: "größe", values: [0.1, .pi, -.infinity, .leastNonzeroMagnitude])
    let root = ranks - 1
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rank = communicator.rank
      return (
        try communicator.broadcast(rank == root ? [1.5, -2] : [], from: root) as [Double],
        try communicator.broadcast(from: root) { header },
        try communicator.allGather(elements: Array(repeating: Int32(rank), count: rank)),
        try communicator.allGather(value: Header(name: "\(rank)", values: []))
      )
    }
    for (numbers, received, arrays, values) in results {
      #expect(numbers == [1.5, -2])
      #expect(received == header)
      #expect(arrays == (0..<ranks).map { Array(repeating: Int32($0), count: $0) })
      #expect(values.map(\.name) == (0..<ranks).map(String.init))
    }
  }

  @Test(arguments: [1, 3]) func `A failure while the root makes a value reaches all ranks`(ranks: Int) throws {
    let failures = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      failure { try communicator.broadcast(from: ranks - 1) { throw Failure(.configuration, "no such key") } as Int }
    }
    #expect(failures == Array(repeating: Failure(.configuration, "no such key"), count: ranks))
  }

  @Test(arguments: [1, 2, 3, 8], 0...3)
  func `A union is that of all ranks, or too large for all`(ranks: Int, limit: Int) throws {
    for own in [Set<Int64>(), [7], [7, -1], [3, 4, 5]] {
      let unions = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        // The last rank has one element that no other has.
        try communicator.union(communicator.rank == ranks - 1 ? own.union([9]) : own, upTo: limit)
      }
      let expected = own.count < limit ? own.union([9]) : nil
      #expect(unions.allSatisfy { $0 == expected })
    }
  }

  @Test func `Groups of a split work on their own`() throws {
    let results = try LoopbackCommunicator.run(ranks: 7) { communicator in
      let group = try communicator.split(color: communicator.rank % 3)
      let rows = DistributedRows(rowCount: 10 * RowGrid.defaultChunkLength, communicator: group)
      var sums: [Double] = []
      // The groups make different numbers of calls.
      for round in 0...(communicator.rank % 3) { sums.append(try rows.sum(0.0) { $0 += Double($1 + round) }) }
      let inner = try group.split(color: 0)
      return (group.rank, group.size, inner.size, sums, try communicator.sum(counts: [1]))
    }
    for (rank, result) in results.enumerated() {
      let size = rank % 3 == 0 ? 3 : 2
      #expect(result == (rank / 3, size, size, (0...(rank % 3)).map { 45 + 10 * Double($0) }, [7]))
    }
  }

  @Test func `A rank that fails ends the ranks that wait for it`() {
    #expect(throws: Failure(.data, "rank 2 fails")) {
      try LoopbackCommunicator.run(ranks: 4) { communicator in
        if communicator.rank == 2 { throw Failure(.data, "rank 2 fails") }
        try communicator.barrier()
      }
    }
  }

  @Test func `Ranks that wait for each other are told so`() {
    let failure = failure {
      try LoopbackCommunicator.run(ranks: 3) { communicator in
        var byte: UInt8 = 0
        let next = (communicator.rank + 1) % 3
        try withUnsafeMutableBytes(of: &byte) { try communicator.receive(into: $0, from: next) }
      }
    }
    #expect(failure?.message.hasSuffix("in a circle") == true)
  }
}
