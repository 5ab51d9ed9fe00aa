import CKernels

extension CounterRandom {
  /// The words of ``bits(row:draw:)`` of many rows: word w of row i at `words[w · stride + i]`.
  ///
  /// - Parameters:
  ///   - rows: padded to a multiple of ``Kernel/lanes`` beyond `count`.
  ///   - stride: a multiple of ``Kernel/lanes``, at least the padded count.
  ///   - words: four times `stride`.
  /// - Precondition: `0 <= draw < 2³²`.
  public func words(
    of rows: UnsafePointer<Int64>, count: Int, draw: Int, stride: Int, to words: UnsafeMutablePointer<UInt32>
  ) {
    precondition(stride >= Kernel.paddedCount(count))
    giv_random_words(seed, stream, UInt32(draw), rows, count, stride, words)
  }

  /// Writes the numbers of ``normalPair(row:draw:)`` of many rows to two columns of `rows.count` numbers.
  ///
  /// - Precondition: `0 <= draw < 2³²`.
  public func normalPairs(
    of rows: [Int64], draw: Int, to first: UnsafeMutablePointer<Double>, _ second: UnsafeMutablePointer<Double>
  ) {
    let stride = Kernel.paddedCount(rows.count)
    withUnsafeTemporaryAllocation(of: Int64.self, capacity: stride) { padded in
      padded.initialize(repeating: 0)
      _ = padded.update(fromContentsOf: rows)
      withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 4 * stride) { words in
        self.words(of: padded.baseAddress!, count: rows.count, draw: draw, stride: stride, to: words.baseAddress!)
        for row in rows.indices {
          (first[row], second[row]) = Self.normals(
            Self.word(SIMD2(words[row], words[stride + row])),
            Self.word(SIMD2(words[2 * stride + row], words[3 * stride + row])))
        }
      }
    }
  }
}
