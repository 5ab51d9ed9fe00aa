extension Frame {
  /// Scales the row weights to mean 1, so that they weigh rows against each other and sum to the number of rows.
  /// Collective; nothing happens to a table without weights.
  ///
  /// - Throws: a failure of communication.
  public func normalizeWeights() throws {
    guard variables.contains(.weight) else { return }
    let sum = try rows.sum([0.0]) { partial, chunk in
      guard let weight = try weight(chunk: chunk) else { return }
      for row in 0..<rowCount(ofChunk: chunk) { partial[0] += weight[row] }
    }
    apply([AffineStep(column: layout.columnIndex(of: .weight), shift: 0, factor: Double(rows.rowCount) / sum[0])])
  }
}
