import Communication

/// Work whose result must not depend on the number of ranks or on what connects them.
public enum Scenario {
  /// The bits of a sum over 45 chunks of numbers between 1e-18 and 1e18, in which the order of adding shows.
  public static func sum(_ communicator: any Communicator) throws -> String {
    let rows = DistributedRows(rowCount: 45 * RowGrid.defaultChunkLength - 3, communicator: communicator)
    let total = try rows.sum([Double](repeating: 0, count: 300)) { partial, chunk in
      for index in partial.indices { partial[index] += number(chunk: chunk, index: index) }
    }
    return digest(total)
  }

  /// The sums of two groups that the ranks split into, and of the groups that these split into again.
  public static func split(_ communicator: any Communicator) throws -> String {
    var digests: [String] = []
    for _ in 0..<100 {
      let half = try communicator.split(color: communicator.rank % 2 == 0 ? -7 : 1 << 40)
      let quarter = try half.split(color: half.rank % 2)
      digests += try [sum(half), sum(quarter)]
    }
    let all = try communicator.allGather(value: Array(Set(digests)))
    return Set(all.flatMap { $0 }).sorted().joined(separator: " ")
  }

  /// A digest of 2.4 MB that every call carries in turn.
  public static func large(_ communicator: any Communicator) throws -> String {
    let numbers = (0..<300_000).map { number(chunk: $0, index: 3) }
    let copy = try communicator.broadcast(communicator.rank == 0 ? numbers : [], from: 0)
    let everyone = try communicator.allGather(elements: communicator.isRoot ? copy : [Double(communicator.rank)])
    let largest = try communicator.maximum(everyone[0])
    let rows = DistributedRows(rowCount: 5 * RowGrid.defaultChunkLength, communicator: communicator)
    let sum = try rows.sum([Double](repeating: 0, count: largest.count)) { partial, chunk in
      for index in partial.indices { partial[index] += largest[index] * number(chunk: chunk, index: index) }
    }
    return digest(sum)
  }

  /// A digest of rows of three lists, of which each rank gets some places.
  public static func fetch(_ communicator: any Communicator) throws -> String {
    let (length, width, ranks) = (700, 40, communicator.size)
    let rows = DistributedRows(rowCount: 20_000, communicator: communicator)
    let places = (0..<ranks).map { length * $0 / ranks..<length * ($0 + 1) / ranks }
    let drawn = (0..<3 * length).map { $0 * 7919 % rows.rowCount }
    let fetched = try rows.fetch(drawn, length: length, for: .places(places), width: width) { rows in
      rows.flatMap { row in (0..<width).map { number(chunk: row, index: $0) } }
    }
    let all = try communicator.allGather(elements: fetched.values)
    return digest(
      (0..<3).flatMap { list in
        zip(all, places).flatMap { values, places in
          let count = places.count * width
          return values[list * count..<(list + 1) * count]
        }
      })
  }

  /// A digest of the chunks that reach the root, in their order.
  public static func gather(_ communicator: any Communicator) throws -> String {
    var gathered: [Double] = []
    try DistributedRows(rowCount: 20 * RowGrid.defaultChunkLength, communicator: communicator).forEachChunkAtRoot(
      produce: { chunk in
        (0..<chunk * 10_000).map { number(chunk: chunk, index: $0) }.withUnsafeBytes { Array($0) }
      },
      consume: { _, bytes in gathered += bytes.withUnsafeBytes { Array($0.bindMemory(to: Double.self)) } })
    return try digest(communicator.broadcast(gathered, from: 0))
  }

  private static func number(chunk: Int, index: Int) -> Double {
    let bits = UInt64(chunk &* 1_000_003 &+ index) &* 0x9E37_79B9_7F4A_7C15
    let scale = Double(sign: .plus, exponent: Int(bits >> 58) * 2 - 64, significand: 1)
    return (Double(bits & 0xFFFF_FFFF) / 0x8000_0000 - 1) * scale
  }

  /// FNV-1a over the bits.
  private static func digest(_ numbers: [Double]) -> String {
    let hash = numbers.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ $1.bitPattern) &* 0x100_0000_01B3 }
    return String(hash, radix: 16)
  }
}
