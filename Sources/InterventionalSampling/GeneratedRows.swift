import Communication

/// Rows that models have generated, as the next models see them: by how many there are of each combination of levels.
struct GeneratedRows {
  /// Parts that the sound share of a row is counted in.
  private static let soundParts = 65536.0

  let sampler: LevelSampler
  /// That of the sampler's draws.
  let stage: Int
  /// The levels of each variable of the graph.
  let levelCounts: [Int]

  /// Counts the rows by the levels of several sets of variables, and the share of them whose draws were learned on rows
  /// enough. Collective; sums of whole numbers, which have no order.
  func sum(_ scopes: [[Int]], over rows: DistributedRows) throws -> [Int64] {
    let starts = offsets(scopes)
    var counts = [Int64](repeating: 0, count: starts.last!)
    var sound = sampler.isSound ? [] : counts
    try rows.communicator.agree {
      var block = LevelBlock(variableCount: levelCounts.count)
      for chunk in rows.localChunks {
        block.take(rows.grid.rows(ofChunk: chunk))
        sampler.draw(stage: stage, into: &block)
        let shares = sampler.isSound ? [] : sampler.soundShares(of: block)
        for (scope, start) in zip(scopes, starts) {
          let cells = block.cells(of: scope, levelCounts)
          for cell in cells { counts[start + Int(cell)] += 1 }
          for (cell, share) in zip(cells, shares) {
            sound[start + Int(cell)] += Int64((share * Self.soundParts).rounded())
          }
        }
      }
    }
    return try rows.communicator.sum(counts: counts + sound)
  }

  /// The shares of rows of each set of variables, and the sound part of them, from what ``sum(_:over:)`` gave.
  func tables(of scopes: [[Int]], sums: [Int64], rowCount: Int) -> [SoundFactor] {
    let starts = offsets(scopes)
    let total = starts.last!
    return zip(scopes, starts).map { scope, start in
      let sizes = scope.map { levelCounts[$0] }
      let cells = start..<start + sizes.reduce(1, *)
      let whole = Factor(scope, sizes: sizes, values: sums[cells].map { Double($0) / Double(rowCount) })
      guard sums.count > total else { return SoundFactor(whole: whole, sound: whole) }
      let sound = cells.map { Double(sums[total + $0]) / Self.soundParts / Double(rowCount) }
      return SoundFactor(whole: whole, sound: Factor(scope, sizes: sizes, values: sound))
    }
  }

  /// Where each set begins, and where the last ends.
  private func offsets(_ scopes: [[Int]]) -> [Int] {
    scopes.reduce(into: [0]) { $0.append($0.last! + $1.reduce(1) { $0 * levelCounts[$1] }) }
  }
}

extension LevelBlock {
  /// The combination of levels of some variables that each row has, the last variable the fastest.
  func cells(of scope: [Int], _ levelCounts: [Int]) -> [Int32] {
    scope.reduce(Array(repeating: 0, count: rowCount)) { cells, variable in
      let count = Int32(levelCounts[variable])
      return zip(cells, levels(of: variable)).map { $0 * count + $1 }
    }
  }
}
