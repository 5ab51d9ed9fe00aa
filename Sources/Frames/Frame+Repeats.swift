import Communication

extension Frame {
  /// Rows that are looked at for repeats, about: of more rows a part.
  private static let sampledRows = 1 << 16

  /// The share of rows that repeat others in covariates, treatment and outcome, all but the first of equal ones. One pass.
  /// Collective.
  ///
  /// Of many rows those are looked at whose hash falls into a part of all hashes: equal rows are in it together.
  package func repeatedShare() throws -> Double {
    let part = UInt64(max(rows.rowCount / Self.sampledRows, 1))
    let local = try rows.communicator.agree {
      var found: [UInt64] = []
      for chunk in rows.localChunks {
        var columns = try (0..<covariateCount).map { try pointer(covariate: $0, chunk: chunk) }
        columns.append(try treatment(chunk: chunk))
        if let outcome = try outcome(chunk: chunk) { columns.append(outcome) }
        for row in 0..<rowCount(ofChunk: chunk) {
          let hash = columns.reduce(0) { Self.mixed($0 ^ ($1[row] + 0).bitPattern) }
          if hash % part == 0 { found.append(hash) }
        }
      }
      return found
    }
    let all = try rows.communicator.allGather(elements: local).joined()
    return all.isEmpty ? 0 : 1 - Double(Set(all).count) / Double(all.count)
  }

  /// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
  private static func mixed(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }
}
