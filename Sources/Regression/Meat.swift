import Communication
import LinearAlgebra

/// What the rows of a sandwich covariance may have in common, and how small samples are allowed for.
public enum MeatKind: Sendable, Equatable, Codable {
  /// Independent rows of unequal variance: Σ s s' (White 1980).
  case hc0
  /// HC0 times n / (n - p) (Hinkley 1977).
  case hc1
  /// Σ s s' / (1 - h), unbiased under equal variances (MacKinnon and White 1985).
  case hc2
  /// Σ s s' / (1 - h)², nearly the jackknife (MacKinnon and White 1985).
  case hc3
  /// Independent clusters of rows: Σ_g S_g S_g', S_g the sum of the scores of a cluster (Liang and Zeger 1986).
  case cr0
  /// CR0 times G / (G - 1) (n - 1) / (n - p).
  case cr1
  /// Rows in the order of time, dependent up to a number of lags:
  /// Σ s_i s_i' + Σ_l (1 - l / (lags + 1)) Σ_i (s_i s_{i-l}' + s_{i-l} s_i') (Newey and West 1987).
  case bartlett(lags: Int)

  /// Whether a pass must supply the leverages of rows.
  public var needsLeverages: Bool { self == .hc2 || self == .hc3 }
  /// Whether a pass must supply the clusters of rows.
  public var needsClusters: Bool { self == .cr0 || self == .cr1 }
}

/// A meat that one pass over the rows sums.
protocol MeatSums: Reducible {
  /// Adds consecutive rows of a chunk; the blocks of one chunk come in their order.
  mutating func add(_ block: ScoreBlock, chunk: Int)
  /// The meat [p, p], given the number of parameters that small samples are allowed for.
  func matrix(parameterCount: Int) -> Matrix
}

/// The meat of a sandwich covariance, Var(Σ s_i) estimated from scores s_i with p entries: a value that adds.
///
/// ```swift
/// let meat = try rows.sum(Meat(.cr1, width: fit.coefficients.count, clusterCount: 40)) { meat, chunk in
///   var block = fit.scores.block(columns(of: chunk))
///   block.clusters = clusters(of: chunk)
///   meat.add(block, chunk: chunk)
/// }
/// let covariance = Sandwich(bread: fit.bread, meat: meat.matrix).covariance
/// ```
///
/// It takes p (p + 1) / 2 doubles for HC; (p + 1) clusters for CR, whose clusters may be spread over chunks and ranks;
/// and about 2 lags p chunks for Bartlett's, which needs the rows beside every cut between chunks.
public struct Meat: Reducible {
  public let kind: MeatKind
  /// p of n - p.
  public let parameterCount: Int
  private var sums: any MeatSums

  /// - Parameters:
  ///   - width: The number of entries of a score.
  ///   - parameterCount: p of n - p; `width` when nil. It differs for stacked scores and for columns that were
  ///     partialled out before.
  ///   - clusterCount: Clusters are numbered from 0 to this; one without rows does not count.
  ///   - chunkCount: Of all rows, for Bartlett's.
  public init(
    _ kind: MeatKind, width: Int, parameterCount: Int? = nil, clusterCount: Int = 0, chunkCount: Int = 1
  ) {
    self.kind = kind
    self.parameterCount = parameterCount ?? width
    switch kind {
    case .hc0: sums = RowMeat(width: width, exponent: 0)
    case .hc1: sums = RowMeat(width: width, exponent: 0, isCorrected: true)
    case .hc2: sums = RowMeat(width: width, exponent: 0.5)
    case .hc3: sums = RowMeat(width: width, exponent: 1)
    case .cr0, .cr1: sums = ClusterMeat(width: width, clusterCount: clusterCount, isCorrected: kind == .cr1)
    case .bartlett(let lags): sums = BartlettMeat(width: width, lags: lags, chunkCount: chunkCount)
    }
  }

  public var summands: [Double] {
    get { sums.summands }
    set { sums.summands = newValue }
  }

  /// Adds consecutive rows; blocks of one chunk come in their order.
  ///
  /// - Precondition: leverages or clusters are there when ``kind`` needs them.
  public mutating func add(_ block: ScoreBlock, chunk: Int = 0) {
    let rows = block.scores.rows
    precondition(!kind.needsLeverages || block.leverages.count == rows, "HC2 and HC3 need the leverages of rows")
    precondition(!kind.needsClusters || block.clusters.count == rows, "clustered scores need the clusters of rows")
    sums.add(block, chunk: chunk)
  }

  /// The meat [p, p].
  public var matrix: Matrix { sums.matrix(parameterCount: parameterCount) }
}
