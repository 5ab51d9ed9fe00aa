import Communication
import Networks
import Testing

@Suite struct MinibatchTests {
  @Test(arguments: [1, 2, 3, 5, 64, 65, 1000, 4097])
  func `An order holds every row once`(count: Int) {
    for index in 0..<3 {
      let order = RowPermutation(count: count, seed: 11, index: index)
      #expect((0..<count).map { order[$0] }.sorted() == Array(0..<count))
    }
  }

  /// Each row is as likely in any tenth of the order: χ² with 90 degrees of freedom, 4.5 standard deviations wide.
  @Test func `Orders are uniform`() {
    let (count, draws) = (100, 4000)
    var counts = [Double](repeating: 0, count: 100)
    for index in 0..<draws {
      let order = RowPermutation(count: count, seed: 2, index: index)
      for place in stride(from: 0, to: count, by: 10) { counts[place + order[place] / 10] += 1 }
    }
    let expected = Double(draws) / 10
    let chiSquare = counts.reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
    #expect(abs(chiSquare - 90) < 4.5 * (2 * 90.0).squareRoot())
  }

  @Test func `An epoch takes no row twice`() {
    let sampler = MinibatchSampler(rowCount: 103, batchSize: 20, seed: 4)
    #expect(sampler.stepsPerEpoch == 5)
    let epochs = (0..<3).map { epoch in (0..<5).flatMap { sampler.rows(ofStep: epoch * 5 + $0) } }
    for epoch in epochs { #expect(Set(epoch).count == 100 && epoch.allSatisfy((0..<103).contains)) }
    #expect(Set(epochs.map { Set($0) }).count == 3)
    #expect(MinibatchSampler(rowCount: 7, batchSize: 20, seed: 4).rows(ofStep: 3).sorted() == Array(0..<7))
  }

  @Test func `An epoch of some rows takes each of them once and no other`() {
    let subset = (0..<100).filter { !$0.isMultiple(of: 3) }
    let sampler = MinibatchSampler(rowCount: 100, among: subset, batchSize: 11, seed: 4)
    #expect(sampler.stepsPerEpoch == 6)
    for epoch in 0..<2 { #expect((0..<6).flatMap { sampler.rows(ofStep: epoch * 6 + $0) }.sorted() == subset) }
  }

  @Test(arguments: [1, 127, 128, 129, 400, 1000])
  func `Blocks cover the minibatch`(rowCount: Int) throws {
    let blocks = MinibatchBlocks(rowCount: rowCount, communicator: SoloCommunicator())
    let rows = blocks.local.map { blocks.rows(ofBlock: $0) }
    #expect(rows.flatMap { Array($0) } == Array(0..<rowCount))
    #expect(rows.allSatisfy { $0.count <= NetworkBlock.longest })
    #expect(rows.map(\.count).max()! - rows.map(\.count).min()! <= 1)
  }

  @Test(arguments: [1, 2, 3, 6]) func `Every rank sees the rows drawn`(ranks: Int) throws {
    let (rowCount, steps) = (5 * RowGrid.defaultChunkLength - 100, 3..<9)
    let sampler = MinibatchSampler(rowCount: rowCount, batchSize: 700, seed: 8)
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = DistributedRows(rowCount: rowCount, communicator: communicator)
      let window = try MinibatchWindow(steps: steps, sampler: sampler, from: rows, width: 2) { chunk in
        { row, values in
          precondition(rows.grid.rows(ofChunk: chunk).contains(row) && rows.localChunks.contains(chunk))
          values[0] = Double(row)
          values[1] = -Double(row)
        }
      }
      return steps.flatMap { step in
        var columns = [Double](repeating: 0, count: 2 * 300)
        window.copy(0..<2, ofStep: step, places: 350..<650, to: &columns, stride: 300)
        return columns
      }
    }
    let expected = steps.flatMap { step in
      let rows = sampler.rows(ofStep: step)[350..<650].map(Double.init)
      return rows + rows.map { -$0 }
    }
    #expect(results == Array(repeating: expected, count: ranks))
  }

  @Test(arguments: [1, 2, 3, 6]) func `Every rank has the rows of its places`(ranks: Int) throws {
    let (rowCount, steps, batchSize) = (5 * RowGrid.defaultChunkLength - 100, 3..<9, 700)
    let sampler = MinibatchSampler(rowCount: rowCount, batchSize: batchSize, seed: 8)
    // The last rank has none; of the others, one rank's places are those of the next in part.
    let places = (0..<ranks).map { $0 == ranks - 1 && ranks > 1 ? 0..<0 : 100 * $0..<100 * $0 + 150 }
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = DistributedRows(rowCount: rowCount, communicator: communicator)
      let window = try MinibatchWindow(steps: steps, sampler: sampler, from: rows, for: .places(places), width: 1) {
        _ in
        { row, values in values[0] = Double(row) }
      }
      let own = places[communicator.rank]
      return steps.map { step in
        var column = [Double](repeating: 0, count: own.count)
        window.copy(0..<1, ofStep: step, places: own, to: &column, stride: own.count)
        return column
      }
    }
    #expect(results == places.map { places in steps.map { sampler.rows(ofStep: $0)[places].map(Double.init) } })
  }

  /// Few rows come from their own chunks; where most chunks have some, none is passed over.
  @Test(arguments: [(3, 1), (60, 1), (60, 2), (400, 1), (400, 3)])
  func `A window asks for each chunk once and in order`(batchSize: Int, ranks: Int) throws {
    let sampler = MinibatchSampler(rowCount: 100 * RowGrid.defaultChunkLength, batchSize: batchSize, seed: 5)
    let drawn = Set((0..<4).flatMap { sampler.rows(ofStep: $0) }.map { $0 / RowGrid.defaultChunkLength })
    let asked = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = DistributedRows(rowCount: sampler.rowCount, communicator: communicator)
      var chunks: [Int] = []
      _ = try MinibatchWindow(steps: 0..<4, sampler: sampler, from: rows, width: 1) { chunk in
        chunks.append(chunk)
        return { row, values in values[0] = 0 }
      }
      return chunks
    }
    #expect(asked.flatMap { $0 } == (batchSize == 3 ? drawn.sorted() : Array(0..<100)))
    #expect((batchSize == 400) == (drawn.count == 100))
  }
}
