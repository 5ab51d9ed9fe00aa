import Frames

extension ProxyMoments {
  /// Adds the rows of a chunk to the tables of their groups.
  ///
  /// - Precondition: both sides are joint cells.
  mutating func addTable(_ frame: Frame, chunk: Int, _ scale: OutcomeScale) throws {
    // The three numbers at the head of a group count as a cell, so that all lie three apart.
    let stride = pairCount + 1
    var cells = RowCells(frame, first: 1)
    groups.addPlaces(to: &cells, stride: stride)
    treatment.addCells(to: &cells, stride: outcome.allCount)
    outcome.addCells(to: &cells, stride: 1)
    let weight = try frame.weight(chunk: chunk)
    let rowCount = frame.rowCount(ofChunk: chunk)
    try summands.withUnsafeMutableBufferPointer { sums in
      let numbers = try cells.addOutcome(
        ofChunk: chunk, center: scale.center, factor: scale.factor, to: sums.baseAddress!)
      guard let weight else { return }
      for row in 0..<rowCount {
        let head = Int(numbers[row]) / stride * stride * Self.headCount
        sums[head] += 1
        sums[head + 2] += weight[row] * weight[row]
      }
    }
    completeHeads(isWeighted: weight != nil)
  }

  /// What the cells of a chunk tell of its groups: the sum of the weights and, where each is 1, the number of rows.
  private mutating func completeHeads(isWeighted: Bool) {
    for group in 0..<groups.count {
      let start = group * groupWidth
      var weight = 0.0
      for pair in 0..<pairCount { weight += summands[start + Self.headCount + 3 * pair] }
      summands[start + 1] = weight
      if !isWeighted { (summands[start], summands[start + 2]) = (weight, weight) }
    }
  }
}
