extension Communicator {
  /// Elementwise sums of integers over ranks, on all ranks: exact, so equal for every order of adding.
  ///
  /// - Precondition: the arrays of all ranks have one length and the sums fit into 64 bits.
  public func sum(counts: [Int64]) throws -> [Int64] {
    try reduce(counts) { $0 += $1 }
  }

  /// Elementwise minima over ranks, on all ranks.
  ///
  /// - Precondition: the arrays of all ranks have one length and hold no NaN.
  public func minimum(_ values: [Double]) throws -> [Double] {
    try reduce(values) { $0 = Swift.min($0, $1) }
  }

  /// Elementwise maxima over ranks, on all ranks.
  ///
  /// - Precondition: the arrays of all ranks have one length and hold no NaN.
  public func maximum(_ values: [Double]) throws -> [Double] {
    try reduce(values) { $0 = Swift.max($0, $1) }
  }

  /// Combines arrays over ranks by a binomial tree to rank 0, and gives the result to all.
  ///
  /// For exact operations only: the tree is laid over ranks. Sums of doubles go through ``DistributedRows``.
  private func reduce<Element: BitwiseCopyable>(
    _ elements: [Element], _ combine: (inout Element, Element) -> Void
  ) throws -> [Element] {
    scope.requireOpen()
    var result = elements
    guard size > 1, !elements.isEmpty else { return result }
    var received = elements
    var stride = 1
    while stride < size, rank.isMultiple(of: stride) {
      if !rank.isMultiple(of: 2 * stride) {
        try result.withUnsafeBytes { try send($0, to: rank - stride) }
      } else if rank + stride < size {
        try received.withUnsafeMutableBytes { try receive(into: $0, from: rank + stride) }
        for index in result.indices { combine(&result[index], received[index]) }
      }
      stride *= 2
    }
    try result.withUnsafeMutableBytes { try broadcast($0, from: 0) }
    return result
  }
}
