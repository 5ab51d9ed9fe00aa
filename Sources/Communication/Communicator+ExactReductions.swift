extension Communicator {
  /// Elementwise sums of integers over ranks, on all ranks: exact, so equal for every order of adding.
  ///
  /// - Precondition: the arrays of all ranks have one length and the sums fit into 64 bits.
  public func sum(counts: [Int64]) throws -> [Int64] {
    try reduce(counts) { own, other in for index in own.indices { own[index] += other[index] } }
  }

  /// Elementwise minima over ranks, on all ranks.
  ///
  /// - Precondition: the arrays of all ranks have one length and hold no NaN.
  public func minimum(_ values: [Double]) throws -> [Double] {
    try reduce(values) { own, other in for index in own.indices { own[index] = Swift.min(own[index], other[index]) } }
  }

  /// Elementwise maxima over ranks, on all ranks.
  ///
  /// - Precondition: the arrays of all ranks have one length and hold no NaN.
  public func maximum(_ values: [Double]) throws -> [Double] {
    try reduce(values) { own, other in for index in own.indices { own[index] = Swift.max(own[index], other[index]) } }
  }

  /// Combines arrays over ranks, long ones by slices and others by a binomial tree to rank 0, and gives the result to
  /// all.
  ///
  /// For exact operations only: the order is that of ranks. Sums of doubles go through ``DistributedRows``.
  ///
  /// - Parameter combine: takes whole arrays, since to call unspecialised code for each element would take longer than the
  ///   messages.
  private func reduce<Element: BitwiseCopyable>(
    _ elements: [Element], _ combine: (inout [Element], [Element]) -> Void
  ) throws -> [Element] {
    scope.requireOpen()
    guard size > 1, !elements.isEmpty else { return elements }
    if let slices = Slices(of: elements.count, over: self) { return try reduce(elements, by: slices, combine) }
    var result = elements
    var received = elements
    var stride = 1
    while stride < size, rank.isMultiple(of: stride) {
      if !rank.isMultiple(of: 2 * stride) {
        try result.withUnsafeBytes { try send($0, to: rank - stride) }
      } else if rank + stride < size {
        try received.withUnsafeMutableBytes { try receive(into: $0, from: rank + stride) }
        combine(&result, received)
      }
      stride *= 2
    }
    try result.withUnsafeMutableBytes { try broadcast($0, from: 0) }
    return result
  }

  private func reduce<Element: BitwiseCopyable>(
    _ elements: [Element], by slices: Slices, _ combine: (inout [Element], [Element]) -> Void
  ) throws -> [Element] {
    let parts = try exchange(receiving: Array(repeating: slices[rank].count, count: size)) {
      Array(elements[slices[$0]])
    }
    // In the order of ranks, as in a tree: which sign of 0 is the least depends on it.
    var own = parts[0]
    for part in parts.dropFirst() { combine(&own, part) }
    return try gather(slices, of: elements.count, own: own[...])
  }
}
