import Communication
import LinearAlgebra

/// The distance between the laws of x in the groups, and how often as large a one comes about by chance.
///
/// With the mean embedding μ_k of the rows of group k by the Gaussian kernel exp(-|x - x'|² / 2 m) of m standardised
/// covariates, the statistic is Σ_k π_k |μ_k - μ|², the maximum mean discrepancy of groups and all rows (Gretton et al.
/// 2012, "A kernel two-sample test"), in ``featureCount`` random features cos(ω'x + b) (Rahimi and Recht 2007). It is
/// held against the same with the group weights of rows permuted; where the shares of groups depend on x, against
/// Z - π(x) with random signs for each row.
///
/// Up to ``mostRows`` rows, spread evenly over all, are taken: less with more than four groups, so that the
/// rearrangements never cost more than 2²⁹ multiplications or so up to 32 groups.
public struct KernelBalance: Sendable, Codable, Equatable {
  public let statistic: Double
  /// (1 + the rearrangements that reach it) / (1 + ``rearrangements``).
  public let pValue: Double
  /// The rows that were taken.
  public let rowCount: Int

  public static let rearrangements = 999
  public static let mostRows = 2048
  static let featureCount = 64
}

/// The rows that balance is tested on: one drawn from each of equal stretches of all rows.
struct BalanceSample {
  /// Ascending.
  private let chosen: [Int]

  init(rows: DistributedRows, groups: Int, seed: UInt64) {
    let count = min(rows.rowCount, KernelBalance.mostRows, max(256, 4 * KernelBalance.mostRows / groups))
    let random = CounterRandom(seed: seed, stream: .balanceRows)
    chosen = (0..<count).map { place in
      let first = rows.rowCount * place / count
      let length = rows.rowCount * (place + 1) / count - first
      return first + random.integer(below: length, row: place, draw: 0)
    }
  }

  /// The chosen ones among some rows: their places, and where they lie among these.
  func rows(of range: Range<Int>) -> [(place: Int, row: Int)] {
    var (low, high) = (0, chosen.count)
    while low < high {
      let middle = (low + high) / 2
      if chosen[middle] < range.lowerBound { low = middle + 1 } else { high = middle }
    }
    return chosen[low...].prefix { $0 < range.upperBound }.enumerated().map {
      (low + $0.offset, $0.element - range.lowerBound)
    }
  }

  /// The numbers that all ranks have of the chosen rows, by their places, which come first in each. Collective.
  func gathered(_ own: [[Double]], on communicator: any Communicator) throws -> [[Double]] {
    let width = try communicator.maximum([Double(own.first?.count ?? 0)])[0]
    let all = try communicator.allGather(elements: own.flatMap { $0 }).flatMap { $0 }
    let rows = stride(from: 0, to: all.count, by: Int(width)).map { Array(all[$0..<$0 + Int(width)]) }
    return rows.sorted { $0[0] < $1[0] }
  }
}

extension KernelBalance {
  /// Collective; every rank makes its share of the rearrangements.
  ///
  /// - Parameters:
  ///   - rows: each its place, v, Z_k - π_k of the groups and x.
  ///   - shares: π_k, in the order of the groups.
  ///   - isExchangeable: whether π does not depend on x.
  init(
    _ rows: [[Double]], shares: [Double], isExchangeable: Bool, seed: UInt64, on communicator: any Communicator
  ) throws {
    let embedding = Embedding(rows, shares: shares, seed: seed)
    let random = CounterRandom(seed: seed, stream: .balancePermutations)
    let observed = embedding.distance { ($0, 1) }
    // What rounding alone tells apart counts as equal.
    let least = observed * (1 - 1e-12)
    var reached: Int64 = 0
    for number in stride(from: communicator.rank, to: Self.rearrangements, by: communicator.size) {
      let distance: Double
      if isExchangeable {
        let order = random.permutation(of: embedding.rowCount, number: number)
        distance = embedding.distance { (order[$0], 1) }
      } else {
        let signs = random.signs(embedding.rowCount, number: number)
        distance = embedding.distance { ($0, signs[$0]) }
      }
      if distance >= least { reached += 1 }
    }
    reached = try communicator.sum(counts: [reached])[0]
    statistic = observed
    pValue = Double(1 + reached) / Double(1 + Self.rearrangements)
    rowCount = embedding.rowCount
  }
}

extension CounterRandom {
  /// A permutation of 0 ..< count by Fisher and Yates: element i changes places with one of 0 ... i.
  fileprivate func permutation(of count: Int, number: Int) -> [Int] {
    var order = Array(0..<count)
    var words = SIMD4<UInt32>()
    for i in 0..<count {
      if i % 4 == 0 { words = bits(row: number, draw: i / 4) }
      order.swapAt(i, Int((UInt64(words[i % 4]) * UInt64(i + 1)) >> 32))
    }
    return order
  }

  /// 1 or -1 for each row.
  fileprivate func signs(_ count: Int, number: Int) -> [Double] {
    var words = SIMD4<UInt32>()
    return (0..<count).map { i in
      if i % 128 == 0 { words = bits(row: number, draw: i / 128) }
      return words[i / 32 % 4] >> UInt32(i % 32) & 1 == 1 ? 1 : -1
    }
  }
}

/// Random features of rows, centred and weighted, beside what the groups have of each row.
private struct Embedding {
  let rowCount: Int
  private let shares: [Double]
  /// Σ v.
  private let total: Double
  private let stride: Int
  /// v (φ - mean of φ).
  private let features: AlignedBuffer
  /// Z_k - π_k.
  private let groups: AlignedBuffer

  init(_ rows: [[Double]], shares: [Double], seed: UInt64) {
    let (count, groupCount) = (rows.count, shares.count)
    let m = rows[0].count - 2 - groupCount
    (rowCount, self.shares, stride) = (count, shares, Kernel.paddedCount(count))
    features = AlignedBuffer(count: KernelBalance.featureCount * stride)
    groups = AlignedBuffer(count: groupCount * stride)
    for (i, row) in rows.enumerated() { for k in 0..<groupCount { groups.pointer[k * stride + i] = row[2 + k] } }
    let random = CounterRandom(seed: seed, stream: .balanceFeatures)
    let total = rows.reduce(0) { $0 + $1[1] }
    self.total = total
    let scale = (2 / Double(KernelBalance.featureCount)).squareRoot()
    let unit = 1 / Double(m).squareRoot()
    for feature in 0..<KernelBalance.featureCount {
      let omega = (0..<m).map { unit * random.normal(row: feature, draw: $0) }
      let phase = 2 * Double.pi * random.uniform(row: feature, draw: m)
      let column = features.pointer + feature * stride
      var mean = 0.0
      for (i, row) in rows.enumerated() {
        var angle = phase
        for j in 0..<m { angle += omega[j] * row[2 + groupCount + j] }
        column[i] = scale * Elementary.cos(angle)
        mean += row[1] * column[i]
      }
      mean /= total
      for (i, row) in rows.enumerated() { column[i] = row[1] * (column[i] - mean) }
    }
  }

  /// Σ_k π_k |μ_k - μ|², where row i has the group weights of the row `arranged(i)` times a sign.
  func distance(_ arranged: (Int) -> (source: Int, sign: Double)) -> Double {
    let groupCount = shares.count
    let storage = AlignedBuffer(count: groupCount * stride)
    for i in 0..<rowCount {
      let (source, sign) = arranged(i)
      for k in 0..<groupCount { storage.pointer[k * stride + i] = sign * groups.pointer[k * stride + source] }
    }
    var means = Array(repeating: 0.0, count: groupCount * KernelBalance.featureCount)
    means.withUnsafeMutableBufferPointer {
      Kernel.Layer(inputs: KernelBalance.featureCount - 1, outputs: groupCount, rowCount: rowCount, stride: stride)
        .addGradient(inputs: features.pointer, outputGradient: storage.pointer, to: $0.baseAddress!)
    }
    var distance = 0.0
    for k in 0..<groupCount {
      let own = means[k * KernelBalance.featureCount..<(k + 1) * KernelBalance.featureCount]
      distance += own.reduce(0) { $0 + $1 * $1 } / (shares[k] * total * total)
    }
    return distance
  }
}
