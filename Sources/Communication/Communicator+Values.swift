import Diagnostics
import FoundationEssentials

extension Communicator {
  /// Copies an array of rank `root` to all ranks; it may have any length there, and is ignored elsewhere.
  public func broadcast<Element: BitwiseCopyable>(_ elements: [Element], from root: Int) throws -> [Element] {
    scope.requireOpen()
    guard size > 1 else { return elements }
    var count = elements.count
    try withUnsafeMutableBytes(of: &count) { try broadcast($0, from: root) }
    var copy = rank == root ? elements : Array(zeroed: count)
    if count > 0 { try copy.withUnsafeMutableBytes { try broadcast($0, from: root) } }
    return copy
  }

  /// Runs `body` on rank `root` only and gives its value to all ranks: a file is read, or a choice made, once for all.
  ///
  /// - Parameter body: must not communicate.
  /// - Throws: on all ranks the same ``Failure`` when `body` threw.
  public func broadcast<Value: Codable>(from root: Int = 0, _ body: () throws -> Value) throws -> Value {
    scope.requireOpen()
    // A rank alone need not write its value to read it again.
    guard size > 1 else {
      do { return try scope.silent(body) } catch { throw Failure(error) }
    }
    var message: [UInt8] = []
    var failure: Failure?
    if rank == root {
      do { message = try encode(scope.silent(body)) } catch { failure = Failure(error) }
    }
    // One leading byte tells a failure (1) from a value (0).
    let received = try broadcast(failure.map { [1] + $0.bytes } ?? [0] + message, from: root)
    let content = Array(received.dropFirst())
    if received.first == 1 { throw Failure(bytes: content) }
    return try decode(content)
  }

  /// Runs `body` on rank `root` only and gives its array to all ranks, bit by bit.
  ///
  /// - Parameter body: must not communicate.
  /// - Throws: on all ranks the same ``Failure`` when `body` threw.
  public func broadcastArray<Element: BitwiseCopyable>(
    from root: Int = 0, _ body: () throws -> [Element]
  ) throws -> [Element] {
    try broadcast(agree { try rank == root ? body() : [] }, from: root)
  }

  /// Collects every rank's array, of any length, on every rank, in the order of ranks.
  public func allGather<Element: BitwiseCopyable>(elements: [Element]) throws -> [[Element]] {
    try allGather(elements.withUnsafeBytes { Array($0) }).map { Array(bytes: $0) }
  }

  /// The union of the ranks' sets, the same on all ranks; nil when it has more than `limit` elements, whichever rank
  /// has them. No rank sends more than `limit` + 1.
  public func union<Element: BitwiseCopyable & Hashable>(
    _ elements: Set<Element>, upTo limit: Int
  ) throws -> Set<Element>? {
    let all = try allGather(elements: Array(elements.prefix(limit + 1)))
    let union = Set(all.joined())
    return union.count <= limit ? union : nil
  }

  /// Collects every rank's value on every rank, in the order of ranks.
  public func allGather<Value: Codable>(value: Value) throws -> [Value] {
    try allGather(encode(value)).map { try decode($0) }
  }
}

/// JSON keeps every bit of a finite double; the others travel by name.
private func encode(_ value: some Encodable) throws -> [UInt8] {
  let encoder = JSONEncoder()
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return try Array(encoder.encode(value))
}

private func decode<Value: Decodable>(_ bytes: [UInt8]) throws -> Value {
  let decoder = JSONDecoder()
  decoder.nonConformingFloatDecodingStrategy = .convertFromString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return try decoder.decode(Value.self, from: Data(bytes))
}

extension Array where Element: BitwiseCopyable {
  /// An array to receive a message into.
  init(zeroed count: Int) {
    self.init(unsafeUninitializedCapacity: count) { buffer, initialized in
      UnsafeMutableRawBufferPointer(buffer).initializeMemory(as: UInt8.self, repeating: 0)
      initialized = count
    }
  }

  /// The elements that the bytes of a message hold.
  init(bytes: [UInt8]) {
    self.init(zeroed: bytes.count / MemoryLayout<Element>.stride)
    withUnsafeMutableBytes { $0.copyBytes(from: bytes) }
  }
}
