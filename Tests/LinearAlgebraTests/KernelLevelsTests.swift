import LinearAlgebra
import Testing

extension KernelTests {
  @Suite struct Levels {
    @Test(arguments: KernelProblem.kernels, [1, 7, 8, 9, 31, 64])
    func `Words are those of the Philox blocks of any rows`(kernel: String, count: Int) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let random = CounterRandom(seed: 0x1234_5678_9ABC_DEF0, stream: .test)
      let stride = Kernel.paddedCount(count) + 8
      let rows = (0..<stride).map { Int64($0 * $0) * 0x1_2345_6789 }
      for draw in [0, 1, 77, Int(UInt32.max)] {
        var words = [UInt32](repeating: 0, count: 4 * stride)
        random.words(of: rows, count: count, draw: draw, stride: stride, to: &words)
        for index in 0..<count {
          let block = random.bits(row: Int(rows[index]), draw: draw)
          #expect((0..<4).allSatisfy { words[$0 * stride + index] == block[$0] })
        }
      }
    }

    /// Levels of parents 0 ..< 3 and 0 ..< 4 with the law at 12 combinations, which include impossible levels at both ends.
    @Test(arguments: KernelProblem.kernels, [1, 2, 3, 4, 5, 8, 9, 17, 33, 100, 129, 300])
    func `A level is the number of thresholds that a word reaches`(kernel: String, levelCount: Int) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let random = CounterRandom(seed: UInt64(levelCount), stream: .test)
      var steps = 0
      while 1 << steps < levelCount { steps += 1 }
      let width = (1 << steps) - 1
      var thresholds: [UInt32] = []
      for law in 0..<12 {
        var own = (0..<levelCount - 1).map { UInt32(random.integer(below: 1 << 31, row: law, draw: $0)) }.sorted()
        for place in own.indices where law % 3 == 0 && place < own.count / 2 { own[place] = 0 }
        for place in own.indices where law % 3 == 1 && place >= own.count / 2 { own[place] = 1 << 31 }
        thresholds += own + Array(repeating: 1 << 31, count: width - own.count)
      }
      for count in [1, 8, 13, 1024] {
        let padded = Kernel.paddedCount(count)
        let (first, second) = (
          (0..<padded).map { Int32(random.integer(below: 3, row: $0, draw: 1000)) },
          (0..<padded).map { Int32(random.integer(below: 4, row: $0, draw: 1001)) }
        )
        var words = (0..<padded).map { random.bits(row: $0, draw: 1002)[0] }
        // The ends of the range, and words at a threshold.
        words[0] = .max
        if count > 8, let least = thresholds.min(), let most = thresholds.max() {
          words[1...4] = [0, 1, least << 1, (most << 1) &- 1]
        }
        var levels = [Int32](repeating: -1, count: padded)
        first.withUnsafeBufferPointer { first in
          second.withUnsafeBufferPointer { second in
            let parents = [
              Kernel.LevelParent(first.baseAddress!, stride: Int32(4 * width)),
              Kernel.LevelParent(second.baseAddress!, stride: Int32(width)),
            ]
            Kernel.drawLevels(
              &levels, from: parents, thresholds: thresholds, steps: steps, words: words, rowCount: count)
          }
        }
        for row in 0..<count {
          let law = Int(first[row] * 4 + second[row])
          let own = thresholds[law * width..<(law + 1) * width]
          #expect(Int(levels[row]) == own.count { $0 <= words[row] >> 1 })
          #expect(levels[row] < levelCount)
        }
      }
    }
  }
}
