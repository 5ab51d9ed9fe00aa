import Communication

/// Rows that models have generated, as the next models see them.
struct GeneratedRows {
  /// Parts that the sound share of a row is counted in.
  private static let soundParts = 65536.0

  let sampler: RowSampler
  /// That of the sampler's draws.
  let stage: Int
  let variables: GraphVariables
  let rows: DistributedRows

  private func visit(_ body: (_ chunk: Int, RowBlock) throws -> Void) throws {
    try rows.communicator.agree {
      var block = RowBlock(variables.layout)
      for chunk in rows.localChunks {
        block.take(rows.grid.rows(ofChunk: chunk))
        sampler.draw(stage: stage, into: &block)
        try body(chunk, block)
      }
    }
  }

  // MARK: For tables: how many rows have each combination of levels

  /// Counts the rows by the levels of several sets of categories, and the share of them whose draws were learned on rows
  /// enough. Collective; sums of whole numbers, which have no order.
  func sum(_ scopes: [[Int]]) throws -> [Int64] {
    let starts = offsets(scopes)
    var counts = [Int64](repeating: 0, count: starts.last!)
    var sound = sampler.isSound ? [] : counts
    try visit { _, block in
      let shares = sampler.isSound ? [] : sampler.soundShares(of: block)
      for (scope, start) in zip(scopes, starts) {
        let cells = block.cells(of: scope, variables)
        for cell in cells { counts[start + Int(cell)] += 1 }
        for (cell, share) in zip(cells, shares) {
          sound[start + Int(cell)] += Int64((share * Self.soundParts).rounded())
        }
      }
    }
    return try rows.communicator.sum(counts: counts + sound)
  }

  /// The shares of rows of each set of variables, and the sound part of them, from what ``sum(_:)`` gave.
  func tables(of scopes: [[Int]], sums: [Int64]) -> [SoundFactor] {
    let starts = offsets(scopes)
    let (total, rowCount) = (starts.last!, Double(rows.rowCount))
    return zip(scopes, starts).map { scope, start in
      let sizes = scope.map { variables.levels[$0].count }
      let cells = start..<start + sizes.reduce(1, *)
      let whole = Factor(scope, sizes: sizes, values: sums[cells].map { Double($0) / rowCount })
      guard sums.count > total else { return SoundFactor(whole: whole, sound: whole) }
      let sound = cells.map { Double(sums[total + $0]) / Self.soundParts / rowCount }
      return SoundFactor(whole: whole, sound: Factor(scope, sizes: sizes, values: sound))
    }
  }

  /// Where each set begins, and where the last ends.
  private func offsets(_ scopes: [[Int]]) -> [Int] {
    scopes.reduce(into: [0]) { $0.append($0.last! + Int(variables.size($1))) }
  }

  // MARK: For networks: the rows themselves

  /// Draws the rows and keeps some variables of them in memory. Collective.
  func kept(_ kept: [Int]) throws -> ModelRows {
    let widths = kept.map { variables.layout.widths[$0] }.map { max(1, $0) }
    let starts = widths.reduce(into: [0]) { $0.append($0.last! + $1) }
    let (width, first) = (starts.last!, rows.localRows.lowerBound)
    var values = [Double](repeating: 0, count: rows.localRows.count * width)
    var column = [Double](repeating: 0, count: RowBlock.length)
    try visit { chunk, block in
      let start = rows.grid.rows(ofChunk: chunk).lowerBound - first
      for (index, variable) in kept.enumerated() {
        for component in 0..<widths[index] {
          column.withUnsafeMutableBufferPointer {
            block.copy(variable, component: component, rows: 0..<block.rowCount, to: $0.baseAddress!)
          }
          for row in 0..<block.rowCount { values[(start + row) * width + starts[index] + component] = column[row] }
        }
      }
    }
    let all = values
    return ModelRows(rows: rows) { _, chosen in
      let places = chosen.map { variable in kept.firstIndex(of: variable)! }
      return { row, target in
        var place = target
        for index in places {
          for component in 0..<widths[index] {
            place[component] = all[(row - first) * width + starts[index] + component]
          }
          place += widths[index]
        }
      }
    }
  }
}

extension RowBlock {
  /// The combination of levels of some categories that each row has, the last variable the fastest.
  fileprivate func cells(of scope: [Int], _ variables: GraphVariables) -> [Int32] {
    scope.reduce(Array(repeating: 0, count: rowCount)) { cells, variable in
      let count = Int32(variables.levels[variable].count)
      return zip(cells, levels(of: variable)).map { $0 * count + $1 }
    }
  }
}
