import Diagnostics

extension DistributedRows {
  /// The sum over all chunks, on all ranks: the same bits for every number of ranks and every partition.
  ///
  /// Each local chunk is added by `add` into a copy of `zero`; these partial sums are folded by a fixed binary tree over
  /// the global chunk index. Ranks fold what they hold while they stream through their chunks, pass it on to the left
  /// along a binomial tree over the ranks in the order of their chunks, one message each, and the owner of the first
  /// chunk broadcasts the sum. Of many summands each rank brings together a slice instead, and gives it to the others.
  /// With `n` summands a rank holds at most 2 log2(chunkCount) partial sums of `n` doubles, and as many that it receives.
  /// What ranks wish for goes with it, see ``Wishes``.
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
    communicator.scope.requireOpen()
    guard grid.chunkCount > 0 else { return zero }
    communicator.scope.countSum()
    var sum = communicator.scope.silent { localSum(zero, add: add) }
    var wish = communicator.scope.silent { communicator.wishes.own }
    let width = zero.summands.count
    var total = zero
    if let slices = Slices(of: width, over: communicator) {
      total.summands = try self.sum(of: sum, wish, width: width, by: slices)
      return total
    }
    let owners = partition.owners
    // Ranks without chunks have nothing to send but what they wish.
    let senders = communicator.wishes.areAsked ? owners + partition.idleRanks : owners
    try collect(&sum, &wish, width: width, senders: senders)
    total.summands = try share(sum, wish, width: width, from: owners[0])
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
      sum.append(partial.summands[...], chunks: chunk..<chunk + 1)
    }
    return sum
  }

  /// Brings the sums of all senders to the first one: at stride s = 1, 2, 4, … the sender at an odd multiple of s in
  /// chunk order sends its run of chunks to the one s before it, whose run it continues.
  private func collect(_ sum: inout TreeSum, _ wish: inout Wish, width: Int, senders: [Int]) throws {
    guard let position = senders.firstIndex(of: communicator.rank) else { return }
    var stride = 1
    while stride < senders.count {
      let isSender = !position.isMultiple(of: 2 * stride)
      let first = isSender ? position : position + stride
      if first < senders.count {
        let nodes = nodes(of: senders[first..<min(first + stride, senders.count)])
        if isSender { return try send(sum, wish, nodes: nodes, width: width, to: senders[position - stride]) }
        try receive(nodes, width: width, from: senders[first], into: &sum, &wish)
      }
      stride *= 2
    }
  }

  /// The nodes of the tree that ranks hold together; those without chunks come last.
  private func nodes(of ranks: ArraySlice<Int>) -> [Range<Int>] {
    let runs = ranks.map { partition.chunks[$0] }.filter { !$0.isEmpty }
    guard let first = runs.first, let last = runs.last else { return [] }
    return TreeSum.nodes(of: first.lowerBound..<last.upperBound, chunkCount: grid.chunkCount)
  }

  // A message is two words and the values of the nodes. The first word is 0, or the length of a failure that follows in
  // a message of its own, so that agreement on failures costs nothing as long as there is none. The second is the wish.

  private static var wordCount: Int { 2 }

  private static func words(_ failure: [UInt8], _ wish: Wish) -> [Double] {
    [Double(failure.count), Double(wish.rawValue)]
  }

  /// A message with what a sum has at some places of its `nodeCount` nodes; zeros where it failed.
  private static func message(
    _ sum: TreeSum, at places: Range<Int>, nodeCount: Int, failure: [UInt8], _ wish: Wish
  ) -> [Double] {
    var message = words(failure, wish)
    message.reserveCapacity(wordCount + nodeCount * places.count)
    if failure.isEmpty {
      for node in sum.nodes { message += node[places] }
    } else {
      message += repeatElement(0, count: nodeCount * places.count)
    }
    return message
  }

  private func send(_ sum: TreeSum, _ wish: Wish, nodes: [Range<Int>], width: Int, to destination: Int) throws {
    let failure = sum.failure?.bytes ?? []
    let message = Self.message(sum, at: 0..<width, nodeCount: nodes.count, failure: failure, wish)
    try message.withUnsafeBytes { try communicator.send($0, to: destination) }
    if !failure.isEmpty { try failure.withUnsafeBytes { try communicator.send($0, to: destination) } }
  }

  private func receive(
    _ nodes: [Range<Int>], width: Int, from source: Int, into sum: inout TreeSum, _ wish: inout Wish
  ) throws {
    var message = [Double](zeroed: Self.wordCount + nodes.count * width)
    try message.withUnsafeMutableBytes { try communicator.receive(into: $0, from: source) }
    if message[0] > 0 {
      var failure = [UInt8](zeroed: Int(message[0]))
      try failure.withUnsafeMutableBytes { try communicator.receive(into: $0, from: source) }
      sum.fail(Failure(bytes: failure))
    }
    wish = max(wish, Wish(word: message[1]))
    guard sum.failure == nil else { return }
    Self.append(message, of: nodes, width: width, to: &sum)
  }

  /// Appends what a message has of each node.
  private static func append(_ message: [Double], of nodes: [Range<Int>], width: Int, to sum: inout TreeSum) {
    for (index, node) in nodes.enumerated() {
      let start = wordCount + index * width
      sum.append(message[start..<start + width], chunks: node)
    }
  }

  /// The whole sum, of which every rank folds a slice.
  private func sum(of own: TreeSum, _ wish: Wish, width: Int, by slices: Slices) throws -> [Double] {
    let rank = communicator.rank
    let failure = own.failure?.bytes ?? []
    let nodes = partition.chunks.map { TreeSum.nodes(of: $0, chunkCount: grid.chunkCount) }
    // What there is of each rank's nodes in the slice of this one.
    let parts = try communicator.exchange(
      receiving: nodes.map { Self.wordCount + $0.count * slices[rank].count },
      { Self.message(own, at: slices[$0], nodeCount: nodes[rank].count, failure: failure, wish) })
    for part in parts { communicator.wishes.agree(on: Wish(word: part[1])) }
    let owners = partition.owners
    if let failed = owners.first(where: { parts[$0][0] > 0 }) {
      throw Failure(bytes: try communicator.broadcast(failure, from: failed))
    }
    var sum = TreeSum(chunkCount: grid.chunkCount)
    for owner in owners {
      Self.append(parts[owner], of: nodes[owner], width: slices[rank].count, to: &sum)
    }
    return try communicator.gather(slices, of: width, own: sum.nodes[0].values)
  }

  /// Gives the whole sum, held by `owner`, to all ranks.
  private func share(_ sum: TreeSum, _ wish: Wish, width: Int, from owner: Int) throws -> [Double] {
    var failure = sum.failure?.bytes ?? []
    var message = Self.words(failure, wish)
    if communicator.rank == owner, failure.isEmpty {
      message += sum.nodes[0].values
    } else {
      message += repeatElement(0, count: width)
    }
    try message.withUnsafeMutableBytes { try communicator.broadcast($0, from: owner) }
    communicator.wishes.agree(on: Wish(word: message[1]))
    if message[0] > 0 {
      failure = try communicator.broadcast(failure, from: owner)
      throw Failure(bytes: failure)
    }
    message.removeFirst(Self.wordCount)
    return message
  }
}

extension Wish {
  /// The wish that a word of a message stands for.
  fileprivate init(word: Double) {
    self = Wish(rawValue: Int(word)) ?? .goOn
  }
}

extension Partition {
  /// The ranks that own chunks, in the order of their chunks.
  var owners: [Int] {
    chunks.indices.filter { !chunks[$0].isEmpty }.sorted { chunks[$0].lowerBound < chunks[$1].lowerBound }
  }

  /// The ranks that own none.
  var idleRanks: [Int] { chunks.indices.filter { chunks[$0].isEmpty } }
}
