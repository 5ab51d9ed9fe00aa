import LinearAlgebra
import Testing

extension KernelTests {
  @Suite struct RandomIntegers {
    @Test(arguments: KernelProblem.kernels, [0, 1, 5, (1 << 34) - 9])
    func `Consecutive rows get the words of Philox blocks, four rows a block`(kernel: String, first: Int) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let random = CounterRandom(seed: 0x1234_5678_9ABC_DEF0, stream: .test)
      for (count, length) in [(1, 9), (2, 1), (40, 70), (1000, 33), (Int(Int32.max), 32)] {
        let rows = first..<(first + length)
        // Rows past the last keep their number.
        var numbers = [Int32](repeating: 7, count: length + 3)
        let stride = count > 1000 ? 1 : -5
        Kernel.RandomPart(random, below: count, stride: Int32(stride)).add(rows: rows, to: &numbers)
        let expected = rows.map { row in
          let word = random.bits(row: row / 4, draw: 0)[row % 4]
          return 7 &+ Int32(stride * ((Int(word) * count) >> 32))
        }
        #expect(numbers == expected + [7, 7, 7])
      }
    }

    @Test func `All integers are drawn equally often`() {
      var counts = [Int](repeating: 0, count: 40)
      var numbers = [Int32](repeating: 0, count: 40_000)
      Kernel.RandomPart(CounterRandom(seed: 3, stream: .test), below: 40, stride: 1).add(rows: 0..<40_000, to: &numbers)
      for number in numbers { counts[Int(number)] += 1 }
      // Standard deviation of each: 31.
      #expect(counts.allSatisfy { abs($0 - 1000) < 4 * 32 })
    }
  }
}
