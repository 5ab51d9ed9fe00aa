import LinearAlgebra

/// Newey and West's meat of rows in the order of time, over chunks that are summed in any order.
///
/// Σ s_i q_i' with q_i = s_i / 2 + Σ_l w_l s_{i-l} is half of the meat. Within a chunk it is summed as rows come; of
/// the rows beside the cuts, the first and last of every chunk are kept and paired when all chunks are there.
struct BartlettMeat: MeatSums {
  private let width: Int
  private let lags: Int
  private let chunkCount: Int
  /// Σ s_i q_i' within chunks [p, p]; then per chunk the number of rows and its first and last `lags` of them, or all
  /// where it has fewer.
  var summands: [Double]

  init(width: Int, lags: Int, chunkCount: Int) {
    precondition(lags >= 0, "the number of lags is not negative")
    self.width = width
    self.lags = lags
    self.chunkCount = chunkCount
    summands = Array(repeating: 0, count: width * width + chunkCount * (1 + 2 * lags * width))
  }

  mutating func add(_ block: ScoreBlock, chunk: Int) {
    var count = Int(summands[start(chunk)])
    var recent = rows(chunk, from: lags, count: min(count, lags))
    for i in 0..<block.scores.rows {
      let score = Array(block.scores[row: i])
      pair(score, with: recent, own: 0.5)
      if count < lags { store(score, chunk: chunk, place: count) }
      recent = (recent + [score]).suffix(lags)
      count += 1
    }
    summands[start(chunk)] = Double(count)
    for (place, score) in recent.enumerated() { store(score, chunk: chunk, place: lags + place) }
  }

  func matrix(parameterCount: Int) -> Matrix {
    var whole = self
    var recent: [[Double]] = []
    for chunk in 0..<chunkCount {
      let count = min(Int(summands[start(chunk)]), lags)
      // The pairs of a first row with rows of its own chunk are summed already.
      for (place, score) in rows(chunk, from: 0, count: count).enumerated() {
        whole.pair(score, with: recent, gap: place)
      }
      recent = (recent + rows(chunk, from: lags, count: count)).suffix(lags)
    }
    let half = Matrix(rows: width, columns: width, values: Array(whole.summands.prefix(width * width)))
    return half + half.transposed
  }

  /// Adds s q', q = own s + Σ w r over earlier rows r, of which the last lies gap + 1 rows before s.
  private mutating func pair(_ score: [Double], with earlier: [[Double]], own: Double = 0, gap: Int = 0) {
    var q = score.map { own * $0 }
    for (back, row) in earlier.reversed().enumerated() {
      let lag = gap + back + 1
      guard lag <= lags else { break }
      let weight = 1 - Double(lag) / Double(lags + 1)
      for j in 0..<width { q[j] += weight * row[j] }
    }
    for i in 0..<width { for j in 0..<width { summands[i * width + j] += score[i] * q[j] } }
  }

  private func start(_ chunk: Int) -> Int { width * width + chunk * (1 + 2 * lags * width) }

  private func rows(_ chunk: Int, from place: Int, count: Int) -> [[Double]] {
    (place..<place + count).map {
      let first = start(chunk) + 1 + $0 * width
      return Array(summands[first..<first + width])
    }
  }

  private mutating func store(_ score: [Double], chunk: Int, place: Int) {
    let first = start(chunk) + 1 + place * width
    summands.replaceSubrange(first..<first + width, with: score)
  }
}
