import LinearAlgebra
import Testing

extension KernelTests {
  @Suite struct Cells {
    /// A block of rows whose cell is a number of their own, plus 5 times one column, plus another.
    private struct Rows {
      let count: Int
      var own: [Int32]
      let places: [AlignedBuffer]
      let values: [Double]
      let weights: [Double]

      init(_ count: Int) {
        self.count = count
        let padded = Kernel.paddedCount(count)
        let random = CounterRandom(seed: UInt64(count), stream: .test)
        own = (0..<padded).map { $0 < count ? Int32(20 * ($0 % 3)) : 7 }
        places = (0..<2).map { column in
          let buffer = AlignedBuffer(count: padded)
          for row in 0..<count { buffer[row] = Double(random.integer(below: 4, row: row, draw: column)) }
          return buffer
        }
        values = (0..<count).map { random.normal(row: $0, draw: 2) }
        weights = (0..<count).map { random.uniform(row: $0, draw: 3) }
      }
    }

    @Test(arguments: KernelProblem.kernels, [1, 7, 8, 9, 64, 1003])
    func `Sums by cells are those of a loop over rows, bit for bit`(kernel: String, count: Int) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let rows = Rows(count)
      for isWeighted in [false, true] {
        var expected = Array(repeating: 0.5, count: 3 * 64)
        var cells: [Int32] = []
        for row in 0..<count {
          let cell = Int(rows.own[row]) + 5 * Int(rows.places[0][row]) + Int(rows.places[1][row])
          let (weight, value) = (isWeighted ? rows.weights[row] : 1, (rows.values[row] - 0.3) * 1.7)
          expected[3 * cell] += weight
          expected[3 * cell + 1] += weight * value
          expected[3 * cell + 2] += weight * value * value
          cells.append(Int32(cell))
        }
        var (sums, found) = (Array(repeating: 0.5, count: 3 * 64), rows.own)
        Kernel.addToCells(
          &found, and: zip(rows.places, [5, 1]).map { Kernel.RealPart($0.pointer, stride: $1) }, values: rows.values,
          center: 0.3, factor: 1.7, weights: isWeighted ? rows.weights : nil, rowCount: count, sums: &sums)
        #expect(sums == expected && Array(found.prefix(count)) == cells)
      }
    }

    @Test(arguments: KernelProblem.kernels, [1, 7, 8, 9, 64, 1003])
    func `Codes are added to cells as a loop over rows adds them, and no others`(kernel: String, count: Int) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let random = CounterRandom(seed: 7, stream: .test)
      let codes = (0..<count).map { Int64(random.integer(below: 1000, row: $0, draw: 0)) }
      let begin = (0..<count + 8).map { Int32($0) }
      var found = begin
      Kernel.CodePart(codes, stride: 1001).add(to: &found, rowCount: count)
      #expect(found == begin.indices.map { begin[$0] + ($0 < count ? 1001 * Int32(codes[$0]) : 0) })
    }

    @Test(arguments: KernelProblem.kernels, [1, 31, 32, 33, 64, 1003])
    func `Rows are counted by cells as a loop over rows counts them`(kernel: String, count: Int) throws {
      defer { try? Kernel.select(nil) }
      try Kernel.select(kernel)
      let random = CounterRandom(seed: 8, stream: .test)
      let codes = (1...2).map { draw in (0..<count).map { Int64(random.integer(below: 3, row: $0, draw: draw)) } }
      // Rows past the last are not counted.
      let own = (0..<count + 8).map { Int32($0 % 2) }
      // Rows that begin in the middle of a block of random words, too.
      for firstRow in [0, 4096, 4099] {
        for hasBlocks in [false, true] {
          var expected = [Int64](repeating: 5, count: 18 * 7)
          for row in 0..<count {
            let word = random.bits(row: (firstRow + row) / 4, draw: 0)[(firstRow + row) % 4]
            let block = hasBlocks ? (Int(word) * 7) >> 32 : 0
            expected[18 * block + Int(6 * codes[0][row] + 2 * codes[1][row]) + row % 2] += 1
          }
          var found = [Int64](repeating: 5, count: 18 * 7)
          codes[0].withUnsafeBufferPointer { first in
            codes[1].withUnsafeBufferPointer { second in
              Kernel.countCells(
                own,
                and: [
                  Kernel.CodePart(first.baseAddress!, stride: 6), Kernel.CodePart(second.baseAddress!, stride: 2),
                ], hasBlocks ? Kernel.RandomPart(random, below: 7, stride: 18) : nil, firstRow: firstRow,
                ahead: 64, rowCount: count, counts: &found)
            }
          }
          #expect(found == expected)
        }
      }
      var found = [Int64](repeating: 5, count: 2)
      Kernel.countCells(own, and: [], nil, firstRow: 0, ahead: 64, rowCount: count, counts: &found)
      #expect(found == [5 + Int64(count + 1) / 2, 5 + Int64(count) / 2])
      Kernel.countCells([], and: [], nil, firstRow: 0, ahead: 64, rowCount: count, counts: &found)
      #expect(found[0] == 5 + Int64(count + 1) / 2 + Int64(count))
    }
  }
}
