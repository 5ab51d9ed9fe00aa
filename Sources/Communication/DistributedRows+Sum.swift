import Diagnostics

extension DistributedRows {
  /// The sum over all chunks, on all ranks: the same bits for every number of ranks and every partition.
  ///
  /// Each local chunk is added by `add` into a copy of `zero`; these partial sums are folded by a fixed binary tree over
  /// the global chunk index. Ranks fold what they hold while they stream through their chunks, pass it on to the left
  /// along a binomial tree over the ranks in the order of their chunks, one message each, and the owner of the first
  /// chunk broadcasts the sum. With `n` summands a rank holds at most 2 log2(chunkCount) partial sums of `n` doubles.
  ///
  /// ```swift
  /// let total = try rows.sum([Double](repeating: 0, count: columns)) { partial, chunk in … }
  /// ```
  ///
  /// - Parameters:
  ///   - zero: The neutral value, with the same number of summands on all ranks; the sum over no rows.
  ///   - add: Adds the rows of one chunk; it must not communicate.
  /// - Throws: on all ranks the same ``Failure``, that of the first chunk whose `add` threw.
  public func sum<Value: Reducible>(
    _ zero: Value, add: (inout Value, _ chunk: Int) throws -> Void
  ) throws -> Value {
    guard grid.chunkCount > 0 else { return zero }
    var sum = localSum(zero, add: add)
    let width = zero.summands.count
    let owners = partition.owners
    try collect(&sum, width: width, owners: owners)
    var total = zero
    total.summands = try share(sum, width: width, from: owners[0])
    return total
  }

  private func localSum<Value: Reducible>(_ zero: Value, add: (inout Value, Int) throws -> Void) -> TreeSum {
    var sum = TreeSum(chunkCount: grid.chunkCount)
    for chunk in localChunks {
      var partial = zero
      do { try add(&partial, chunk) } catch {
        sum.fail(Failure(error))
        break
      }
      sum.append(partial.summands, chunks: chunk..<chunk + 1)
    }
    return sum
  }

  /// Brings the sums of all owners to the first one: at stride s = 1, 2, 4, … the owner at an odd multiple of s in
  /// chunk order sends its run of chunks to the one s before it, whose run it continues.
  private func collect(_ sum: inout TreeSum, width: Int, owners: [Int]) throws {
    guard let position = owners.firstIndex(of: communicator.rank) else { return }
    var stride = 1
    while stride < owners.count {
      let isSender = !position.isMultiple(of: 2 * stride)
      let first = isSender ? position : position + stride
      if first < owners.count {
        let last = min(first + stride, owners.count) - 1
        let start = partition.chunks[owners[first]].lowerBound
        let end = partition.chunks[owners[last]].upperBound
        let nodes = TreeSum.nodes(of: start..<end, chunkCount: grid.chunkCount)
        if isSender { return try send(sum, nodes: nodes, width: width, to: owners[position - stride]) }
        try receive(nodes, width: width, from: owners[first], into: &sum)
      }
      stride *= 2
    }
  }

  // A message is one flag word and the values of the nodes. The flag is 0, or the length of a failure that follows in
  // a message of its own, so that agreement on failures costs nothing as long as there is none.

  private func send(_ sum: TreeSum, nodes: [Range<Int>], width: Int, to destination: Int) throws {
    let failure = sum.failure?.bytes ?? []
    var message = [Double(failure.count)]
    message.reserveCapacity(1 + nodes.count * width)
    if failure.isEmpty {
      for node in sum.nodes { message += node.values }
    } else {
      message += repeatElement(0, count: nodes.count * width)
    }
    try message.withUnsafeBytes { try communicator.send($0, to: destination) }
    if !failure.isEmpty { try failure.withUnsafeBytes { try communicator.send($0, to: destination) } }
  }

  private func receive(_ nodes: [Range<Int>], width: Int, from source: Int, into sum: inout TreeSum) throws {
    var message = [Double](zeroed: 1 + nodes.count * width)
    try message.withUnsafeMutableBytes { try communicator.receive(into: $0, from: source) }
    if message[0] > 0 {
      var failure = [UInt8](zeroed: Int(message[0]))
      try failure.withUnsafeMutableBytes { try communicator.receive(into: $0, from: source) }
      sum.fail(Failure(bytes: failure))
    }
    guard sum.failure == nil else { return }
    for (index, node) in nodes.enumerated() {
      sum.append(Array(message[1 + index * width..<1 + (index + 1) * width]), chunks: node)
    }
  }

  /// Gives the whole sum, held by `owner`, to all ranks.
  private func share(_ sum: TreeSum, width: Int, from owner: Int) throws -> [Double] {
    var failure = sum.failure?.bytes ?? []
    var message = [Double(failure.count)]
    if communicator.rank == owner, failure.isEmpty {
      message += sum.nodes[0].values
    } else {
      message += repeatElement(0, count: width)
    }
    try message.withUnsafeMutableBytes { try communicator.broadcast($0, from: owner) }
    if message[0] > 0 {
      failure = try communicator.broadcast(failure, from: owner)
      throw Failure(bytes: failure)
    }
    message.removeFirst()
    return message
  }
}

extension Partition {
  /// The ranks that own chunks, in the order of their chunks.
  var owners: [Int] {
    chunks.indices.filter { !chunks[$0].isEmpty }.sorted { chunks[$0].lowerBound < chunks[$1].lowerBound }
  }
}
