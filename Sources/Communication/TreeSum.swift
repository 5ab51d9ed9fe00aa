import Diagnostics

/// The sum over a run of consecutive chunks as far as the fixed tree allows it: its largest complete nodes, in order.
///
/// The tree over chunks `0 ..< chunkCount` splits a node [l, h) at l + the largest power of two below h - l. So its
/// nodes are [l, l + 2^k) with l a multiple of 2^k, cut off at `chunkCount`. Appending merges the last two nodes while
/// they are siblings, like the carry of a binary counter: a run holds at most 2 log2(chunkCount) nodes, one more while
/// it grows, and the run of all chunks holds one. Every addition is one of the tree's, so no cut into runs shows.
struct TreeSum {
  struct Node {
    let chunks: Range<Int>
    /// Of a message, or of all summands of a chunk.
    var values: ArraySlice<Double>

    /// The values at some places.
    subscript(places: Range<Int>) -> ArraySlice<Double> {
      values[values.startIndex + places.lowerBound..<values.startIndex + places.upperBound]
    }
  }

  /// The number of chunks of the whole tree.
  let chunkCount: Int
  private(set) var nodes: [Node] = []
  /// The failure of the first chunk that could not be computed; nodes beyond it mean nothing.
  private(set) var failure: Failure?

  init(chunkCount: Int) {
    self.chunkCount = chunkCount
  }

  /// Adds the node that follows the last one.
  mutating func append(_ values: ArraySlice<Double>, chunks: Range<Int>) {
    var node = Node(chunks: chunks, values: values)
    while let last = nodes.last?.chunks, isSibling(last, of: node.chunks) {
      var left = nodes.removeLast()
      Self.add(node.values, to: &left.values)
      node = Node(chunks: left.chunks.lowerBound..<node.chunks.upperBound, values: left.values)
    }
    nodes.append(node)
  }

  /// Notes that a chunk after the last one failed; the first failure stays.
  mutating func fail(_ failure: Failure) {
    if self.failure == nil { self.failure = failure }
  }

  /// The nodes of a run of chunks after all of them are appended.
  static func nodes(of chunks: Range<Int>, chunkCount: Int) -> [Range<Int>] {
    var nodes: [Range<Int>] = []
    var start = chunks.lowerBound
    while start < chunks.upperBound {
      var size = 1
      while start + size < chunks.upperBound, start.isMultiple(of: 2 * size),
        min(start + 2 * size, chunkCount) <= chunks.upperBound
      {
        size *= 2
      }
      nodes.append(start..<min(start + size, chunkCount))
      start += size
    }
    return nodes
  }

  private func isSibling(_ left: Range<Int>, of right: Range<Int>) -> Bool {
    left.lowerBound.isMultiple(of: 2 * left.count)
      && right.upperBound == min(left.upperBound + left.count, chunkCount)
  }

  private static func add(_ right: ArraySlice<Double>, to left: inout ArraySlice<Double>) {
    precondition(right.count == left.count, "the partial sums of all chunks must have one length")
    left.withUnsafeMutableBufferPointer { left in
      right.withUnsafeBufferPointer { right in
        for index in left.indices { left[index] += right[index] }
      }
    }
  }
}
