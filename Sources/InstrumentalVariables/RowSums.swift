import Communication
import LinearAlgebra

/// Where the sums of the third pass lie, one after another.
///
/// r = (D, y) after controls are partialled out, e the residuals of D on controls and instruments, q the instruments,
/// x̂ = P D and d = D made orthonormal, x the instruments of the jackknife estimators. A pair is (a, b) with a ≤ b.
///
/// Sums are over observations: a row that stands for f of them is counted f times, with the weight v and the leverage of
/// one.
struct RowSumsLayout: Sendable, Equatable {
  let controls: Int
  let instruments: Int
  let endogenous: Int
  let clusters: [Int]

  /// q + 1 entries of r.
  var targets: Int { endogenous + 1 }
  /// Columns of W, q and r.
  var columns: Int { controls + instruments + targets }
  var pairs: Int { PackedTriangle.count(order: targets) }
  var residualPairs: Int { PackedTriangle.count(order: endogenous) }
  var instrumentTriangle: Int { PackedTriangle.count(order: instruments) }
  var endogenousTriangle: Int { PackedTriangle.count(order: endogenous) }
  /// Triples (a, b, c) with a ≤ b ≤ c.
  var triples: Int { targets * (targets + 1) * (targets + 2) / 6 }

  // Σ v (W, q, r)(W, q, r)'.
  var gram: Int { 0 }
  // Σ v² r_a r_b q q', for each pair.
  var moments: Int { gram + PackedTriangle.count(order: columns) }
  // Σ v² e_a e_b q q', for each pair.
  var firstStage: Int { moments + pairs * instrumentTriangle }
  // Σ v³ |q|² r_a r_b r_c q, for each triple.
  var leveraged: Int { firstStage + residualPairs * instrumentTriangle }
  // Σ v² r_a r_b x̂ x̂' / (1 - h)^k for k = 1, 2 and each pair.
  var projected: Int { leveraged + triples * instruments }
  // Σ v² u² d d' / (1 - h)^k for k = 0, 1, 2, with u the residual of ordinary regression.
  var ordinary: Int { projected + 2 * pairs * endogenousTriangle }
  // Σ v² u² (d, e)(d, e)', with u the residual of the regression on (W, D, e).
  var endogeneity: Int { ordinary + 3 * endogenousTriangle }
  // For each jackknife estimator Σ v x r' (raw D and y for the second), then Σ v² r_a r_b x x' for each pair.
  var jackknife: Int { endogeneity + PackedTriangle.count(order: 2 * endogenous) }
  var jackknifeLength: Int { endogenous * targets + pairs * endogenousTriangle }
  // For each cluster of each clustering (and of both together) a ``ClusterSums``.
  var clusterStart: Int { jackknife + 2 * jackknifeLength }
  /// Numbers of one cluster: rows, Σ v q r' [L, q + 1], Σ v q e' [L, q], Σ v d u [q], Σ v (d, e) u [2q].
  var clusterLength: Int { 1 + instruments * (targets + endogenous) + 3 * endogenous }
  /// The cells that clusters are counted in: those of each clustering, then those of both at once.
  var clusterCells: [Int] { clusters.count == 2 ? clusters + [clusters[0] * clusters[1]] : clusters }
  func clusterStart(_ clustering: Int) -> Int {
    clusterStart + clusterCells[..<clustering].reduce(0, +) * clusterLength
  }

  var count: Int { clusterStart(clusterCells.count) }
}

/// The sums of the third pass: all that estimates, covariances, tests and sets use of the rows.
struct RowSums: Reducible, Equatable {
  let layout: RowSumsLayout
  var summands: [Double]

  init(_ layout: RowSumsLayout) {
    self.layout = layout
    summands = Array(repeating: 0, count: layout.count)
  }

  private func triangle(at start: Int, order: Int) -> Matrix {
    Matrix(packedTriangle: summands[start..<start + PackedTriangle.count(order: order)], order: order)
  }

  private func pair(_ a: Int, _ b: Int, order: Int) -> Int { PackedTriangle.index(min(a, b), max(a, b), order: order) }

  /// Σ v (W, q, r)(W, q, r)'.
  var gram: Matrix { triangle(at: layout.gram, order: layout.columns) }

  /// Σ v² r_a r_b q q' [L, L].
  func moment(_ a: Int, _ b: Int) -> Matrix {
    let index = pair(a, b, order: layout.targets)
    return triangle(at: layout.moments + index * layout.instrumentTriangle, order: layout.instruments)
  }

  /// Σ v² (α'r)(β'r) q q' [L, L].
  func moment(_ alpha: [Double], _ beta: [Double]) -> Matrix {
    combined(alpha, beta, start: layout.moments, order: layout.instruments)
  }

  /// Σ v² (α'e)(β'e) q q' [L, L].
  func firstStage(_ alpha: [Double], _ beta: [Double]) -> Matrix {
    combined(alpha, beta, start: layout.firstStage, order: layout.instruments)
  }

  /// Σ v² (β'r)² x̂ x̂' / (1 - h)^power [q, q], power 1 or 2.
  func projected(_ beta: [Double], power: Int) -> Matrix {
    let start = layout.projected + (power - 1) * layout.pairs * layout.endogenousTriangle
    return combined(beta, beta, start: start, order: layout.endogenous)
  }

  /// Σ v² u² d d' / (1 - h)^power [q, q], power 0, 1 or 2, of ordinary regression.
  func ordinary(power: Int) -> Matrix {
    triangle(at: layout.ordinary + power * layout.endogenousTriangle, order: layout.endogenous)
  }

  /// Σ v² u² (d, e)(d, e)' [2q, 2q].
  var endogeneity: Matrix { triangle(at: layout.endogeneity, order: 2 * layout.endogenous) }

  /// Σ v x r' [q, q + 1] of a jackknife estimator.
  func jackknife(_ index: Int) -> Matrix {
    let start = layout.jackknife + index * layout.jackknifeLength
    return Matrix(
      rows: layout.endogenous, columns: layout.targets,
      values: Array(summands[start..<start + layout.endogenous * layout.targets]))
  }

  /// Σ v² (β'r)² x x' [q, q] of a jackknife estimator.
  func jackknifeMeat(_ index: Int, _ beta: [Double]) -> Matrix {
    let start = layout.jackknife + index * layout.jackknifeLength + layout.endogenous * layout.targets
    return combined(beta, beta, start: start, order: layout.endogenous)
  }

  /// Σ v³ |q|² (α'r)(β'r)² q [L].
  func leveraged(_ alpha: [Double], _ beta: [Double]) -> [Double] {
    let (m, length) = (layout.targets, layout.instruments)
    var result = Array(repeating: 0.0, count: length)
    var triple = 0
    for a in 0..<m {
      for b in a..<m {
        for c in b..<m {
          // α_i β_j β_k over the distinct orders (i, j, k) of (a, b, c).
          let orders = alpha[a] * beta[b] * beta[c] + alpha[b] * beta[a] * beta[c] + alpha[c] * beta[a] * beta[b]
          let factor = 2 * orders / (a == c ? 6 : a == b || b == c ? 2 : 1)
          let start = layout.leveraged + triple * length
          for l in 0..<length { result[l] += factor * summands[start + l] }
          triple += 1
        }
      }
    }
    return result
  }

  /// Σ_ab α_a β_b of the matrices of pairs, symmetrised over (a, b).
  private func combined(_ alpha: [Double], _ beta: [Double], start: Int, order: Int) -> Matrix {
    let length = PackedTriangle.count(order: order)
    var sum = Array(repeating: 0.0, count: length)
    var place = start
    for a in alpha.indices {
      for b in a..<alpha.count {
        let factor = a == b ? alpha[a] * beta[a] : alpha[a] * beta[b] + alpha[b] * beta[a]
        if factor != 0 { for i in 0..<length { sum[i] += factor * summands[place + i] } }
        place += length
      }
    }
    return Matrix(packedTriangle: sum, order: order)
  }

  /// The sums of the clusters of one clustering, or for `clustering` = 2 of both at once, that have rows.
  func clusters(_ clustering: Int) -> [ClusterSums] {
    let start = layout.clusterStart(clustering)
    return (0..<layout.clusterCells[clustering]).compactMap { cell in
      let first = start + cell * layout.clusterLength
      return summands[first] > 0 ? ClusterSums(layout, summands[first..<first + layout.clusterLength]) : nil
    }
  }
}

/// What the rows of one cluster sum to.
struct ClusterSums: Sendable {
  /// Σ v q r' [L, q + 1].
  let moment: Matrix
  /// Σ v q e' [L, q].
  let firstStage: Matrix
  /// Σ v d u, of ordinary regression.
  let ordinary: [Double]
  /// Σ v (d, e) u, of the regression on (W, D, e).
  let endogeneity: [Double]

  init(_ layout: RowSumsLayout, _ values: ArraySlice<Double>) {
    let (length, m, q) = (layout.instruments, layout.targets, layout.endogenous)
    var rest = values.dropFirst()
    func take(_ count: Int) -> [Double] {
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
    moment = Matrix(rows: length, columns: m, values: take(length * m))
    firstStage = Matrix(rows: length, columns: q, values: take(length * q))
    ordinary = take(q)
    endogeneity = take(2 * q)
  }
}
