/// The parts into which a long array is cut to be reduced over ranks, one for each.
///
/// Every rank brings together its own slice of all ranks' arrays, and then the slices go to all. So a rank sends, adds and
/// receives a share of what the root of a tree does, while the others do theirs.
struct Slices {
  /// The shortest slice, in numbers of eight bytes: what a message takes to start is small beside what these take to travel.
  private static let shortest = 8192

  /// By rank, as even as can be.
  private let ranges: [Range<Int>]

  /// The slices of an array of `count` numbers; nil where they would be short, and a tree is faster.
  init?(of count: Int, over communicator: any Communicator) {
    let size = communicator.size
    guard size > 1, count / size >= Self.shortest else { return nil }
    ranges = (0..<size).map { count * $0 / size..<count * ($0 + 1) / size }
  }

  subscript(rank: Int) -> Range<Int> { ranges[rank] }
}

extension Communicator {
  /// The rank to send to and the one to receive from, in each of the rounds in which every rank meets every other.
  private var rounds: some Sequence<(destination: Int, source: Int)> {
    (1..<size).lazy.map { [rank, size] in ((rank + $0) % size, (rank + size - $0) % size) }
  }

  /// Sends every rank an array of its own, and gives those that this rank got, by rank. Collective.
  ///
  /// - Parameters:
  ///   - counts: The number of elements that each rank sends to this one.
  ///   - elements: What this rank has for a rank, itself among them; asked for when it is sent.
  func exchange<Element: BitwiseCopyable>(
    receiving counts: [Int], _ elements: (_ destination: Int) -> [Element]
  ) throws -> [[Element]] {
    var received = [[Element]](repeating: [], count: size)
    received[rank] = elements(rank)
    for (destination, source) in rounds {
      let own = elements(destination)
      received[source] = try Array(unsafeUninitializedCapacity: counts[source]) { buffer, initialized in
        try own.withUnsafeBytes {
          try exchange($0, to: destination, receivingInto: UnsafeMutableRawBufferPointer(buffer), from: source)
        }
        initialized = counts[source]
      }
    }
    return received
  }

  /// The array of `count` elements of which every rank has its own slice. Collective.
  func gather<Element: BitwiseCopyable>(
    _ slices: Slices, of count: Int, own: ArraySlice<Element>
  ) throws -> [Element] {
    try Array(unsafeUninitializedCapacity: count) { elements, initialized in
      func bytes(of rank: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: elements[slices[rank]]))
      }
      // As bytes: unspecialised code would copy element by element, which takes longer than sending them.
      own.withUnsafeBytes { bytes(of: rank).copyMemory(from: $0) }
      for (destination, source) in rounds {
        try exchange(
          UnsafeRawBufferPointer(bytes(of: rank)), to: destination, receivingInto: bytes(of: source), from: source)
      }
      initialized = count
    }
  }
}
