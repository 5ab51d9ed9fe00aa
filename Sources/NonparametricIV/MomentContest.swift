import LinearAlgebra
import Networks

/// Which g of a game answers best to all its f, on rows that were held out.
///
/// A g is as bad as its largest E[f (y - g)] - E[f² (y - g)²] / 4 over the f so far, each with its best scale:
/// E[f (y - g)]² / E[f² (y - g)²].
struct MomentContest {
  private let rows: RowBlocks
  /// y - g and f of every entrant, for the rows of this rank, block after block.
  private var residuals: [[Double]] = []
  private var moments: [[Double]] = []
  /// Of every entrant.
  private var largest: [Double] = []
  private var best = 0

  init(_ rows: RowBlocks) { self.rows = rows }

  /// The objective of the best entrant.
  var leastObjective: Double { largest[best] }
  /// Entrants since the best one.
  var staleCount: Int { largest.count - 1 - best }

  /// Lets a pair enter. Collective.
  ///
  /// - Returns: whether its g is the best now.
  mutating func add(g: Network, f: Network) throws -> Bool {
    let newest = largest.count
    values(g: g, f: f)
    largest.append(0)
    // The new f against every g, and the new g against every f.
    let pairs = (0...newest).map { ($0, newest) } + (0..<newest).map { (newest, $0) }
    let stride = NetworkBlock.longest
    let first = rows.blocks.local.lowerBound
    let sums = try rows.sum([Double](repeating: 0, count: 2 * pairs.count + 1)) { sums, block in
      let offset = (block.index - first) * stride
      for (place, (g, f)) in pairs.enumerated() {
        for i in block.rows.indices {
          let moment = residuals[g][offset + i] * moments[f][offset + i]
          sums[2 * place] += block.weight[i] * moment
          sums[2 * place + 1] += block.weight[i] * moment * moment
        }
      }
      for i in block.rows.indices { sums[2 * pairs.count] += block.weight[i] }
    }
    for (place, (g, _)) in pairs.enumerated() where sums[2 * place + 1] > 0 {
      let objective = sums[2 * place] * sums[2 * place] / (sums[2 * place + 1] * sums[2 * pairs.count])
      largest[g] = max(largest[g], objective)
    }
    best = largest.indices.min { largest[$0] < largest[$1] }!
    return best == newest
  }

  private mutating func values(g: Network, f: Network) {
    let (structural, dual) = (NetworkUse(g), NetworkUse(f))
    let stride = NetworkBlock.longest
    var (own, others) = ([Double](), [Double]())
    for block in rows.local {
      let outcome = structural { block.fill($0, rows.columns.structural) }
      let moment = dual { block.fill($0, rows.columns.conditional) }
      for i in 0..<stride {
        own.append(i < block.rows.count ? block.outcome[i] - outcome[i] : 0)
        others.append(i < block.rows.count ? moment[i] : 0)
      }
    }
    residuals.append(own)
    moments.append(others)
  }
}
