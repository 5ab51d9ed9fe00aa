import Diagnostics

extension DistributedRows {
  /// Bytes of chunks that an owner collects before it sends them to the root.
  private static let windowBytes = 1 << 22

  /// Brings what every chunk produces to the root, in global chunk order, in bounded memory: how rows are written to
  /// one file. Collective.
  ///
  /// `produce` runs on the owner of a chunk, `consume` on rank 0. An owner works ahead by one window of about 4 MB and
  /// sends it when the root asks for it, so no rank holds more than a window and a chunk's bytes.
  ///
  /// - Parameters:
  ///   - produce: The bytes of a chunk; it must not communicate.
  ///   - consume: Takes a chunk's bytes; it must not communicate.
  /// - Throws: on all ranks the same ``Failure``, the first one that `produce` or `consume` threw; nothing is consumed
  ///   after it.
  public func forEachChunkAtRoot(
    produce: (_ chunk: Int) throws -> [UInt8], consume: (_ chunk: Int, _ bytes: [UInt8]) throws -> Void
  ) throws {
    communicator.scope.requireOpen()
    var failure: Failure?
    if communicator.isRoot {
      failure = try collect(produce: produce, consume: consume)
    } else {
      try deliver(produce)
    }
    try communicator.agree { if let failure { throw failure } }
  }

  /// The root's part; returns the first failure of any rank.
  private func collect(
    produce: (Int) throws -> [UInt8], consume: (Int, [UInt8]) throws -> Void
  ) throws -> Failure? {
    var failure: Failure?
    for owner in partition.owners {
      if owner == communicator.rank {
        guard failure == nil else { continue }
        failure = captured { for chunk in localChunks { try consume(chunk, produce(chunk)) } }
      } else {
        failure = try collect(from: owner, after: failure, consume: consume)
      }
    }
    return failure
  }

  /// Takes the windows of one owner, or stops it when there was a failure, before or while its chunks are consumed.
  private func collect(
    from owner: Int, after earlier: Failure?, consume: (Int, [UInt8]) throws -> Void
  ) throws -> Failure? {
    var failure = earlier
    let chunks = partition.chunks[owner]
    var next = chunks.lowerBound
    while next < chunks.upperBound {
      try communicator.send(words: [failure == nil ? 1 : 0], to: owner)
      if failure != nil { return failure }
      let window = try ChunkWindow(from: owner, of: communicator)
      if window.failure != nil { return window.failure }
      failure = captured {
        for (offset, bytes) in window.enumerated() { try consume(next + offset, Array(bytes)) }
      }
      next += window.lengths.count
    }
    return failure
  }

  /// The part of every other rank: a window is produced, and sent when the root grants it.
  private func deliver(_ produce: (Int) throws -> [UInt8]) throws {
    var next = localChunks.lowerBound
    while next < localChunks.upperBound {
      var window = ChunkWindow()
      window.failure = captured {
        while next < localChunks.upperBound, window.bytes.count < Self.windowBytes {
          window.append(try produce(next))
          next += 1
        }
      }
      guard try communicator.receiveWords(1, from: 0) == [1] else { return }
      try window.send(to: 0, of: communicator)
      if window.failure != nil { return }
    }
  }

  /// The failure of a body that must not communicate.
  private func captured(_ body: () throws -> Void) -> Failure? {
    do {
      try communicator.scope.silent(body)
      return nil
    } catch {
      return Failure(error)
    }
  }
}

/// The bytes of consecutive chunks on their way to the root, or the failure to produce one of them.
private struct ChunkWindow: Sequence {
  var failure: Failure?
  private(set) var lengths: [Int] = []
  private(set) var bytes: [UInt8] = []

  init() {}

  mutating func append(_ chunk: [UInt8]) {
    lengths.append(chunk.count)
    bytes += chunk
  }

  func makeIterator() -> AnyIterator<ArraySlice<UInt8>> {
    var start = 0
    var remaining = lengths[...]
    return AnyIterator {
      guard let length = remaining.popFirst() else { return nil }
      defer { start += length }
      return bytes[start..<start + length]
    }
  }

  /// A window is two words, the number of chunks (-1 for a failure) and of bytes; then the lengths; then the bytes.
  func send(to root: Int, of communicator: any Communicator) throws {
    let content = failure?.bytes ?? bytes
    try communicator.send(words: [failure == nil ? lengths.count : -1, content.count], to: root)
    if failure == nil { try communicator.send(words: lengths, to: root) }
    try content.withUnsafeBytes { try communicator.send($0, to: root) }
  }

  init(from owner: Int, of communicator: any Communicator) throws {
    let header = try communicator.receiveWords(2, from: owner)
    if header[0] >= 0 { lengths = try communicator.receiveWords(header[0], from: owner) }
    bytes = Array(zeroed: header[1])
    try bytes.withUnsafeMutableBytes { try communicator.receive(into: $0, from: owner) }
    if header[0] < 0 { failure = Failure(bytes: bytes) }
  }
}

extension Communicator {
  fileprivate func send(words: [Int], to destination: Int) throws {
    try words.withUnsafeBytes { try send($0, to: destination) }
  }

  fileprivate func receiveWords(_ count: Int, from source: Int) throws -> [Int] {
    var words = [Int](zeroed: count)
    try words.withUnsafeMutableBytes { try receive(into: $0, from: source) }
    return words
  }
}
