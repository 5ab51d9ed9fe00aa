import Communication
import LinearAlgebra

/// The rows of an instrumental regression y = W c + D b + u with instruments Z for D, chunk by chunk.
///
/// Whoever makes the columns conforms: a frame that holds them, or functions of one that are evaluated anew in every
/// pass. An analysis makes three passes and keeps nothing of a row.
public protocol InstrumentalRows: Sendable {
  /// The rows of all ranks.
  var rows: DistributedRows { get }
  /// What the columns are called, which also says how many there are.
  var names: InstrumentalNames { get }
  /// Ways in which rows belong together, at most two; the errors of rows that share a cluster may be dependent.
  var clusterings: [Clustering] { get }

  /// Calls `body` with the columns of a chunk of this rank.
  ///
  /// - Throws: a ``Failure`` when the chunk cannot be read, and what `body` throws.
  func withChunk<Result>(_ chunk: Int, _ body: (InstrumentalChunk) throws -> Result) throws -> Result
}

/// The columns of an instrumental regression by their roles, in a fixed order that decides which of dependent ones stay.
public struct InstrumentalNames: Sendable, Equatable, Codable {
  /// W without the constant, which always comes before them.
  public var controls: [String]
  /// Z, which are not in the regression.
  public var instruments: [String]
  /// D.
  public var endogenous: [String]
  /// y.
  public var response: String

  public init(controls: [String], instruments: [String], endogenous: [String], response: String) {
    self.controls = controls
    self.instruments = instruments
    self.endogenous = endogenous
    self.response = response
  }

  /// All columns in the order in which a chunk has them: W, Z, D, y.
  public var all: [String] { controls + instruments + endogenous + [response] }
}

/// A partition of the rows into clusters.
public struct Clustering: Sendable, Equatable, Codable {
  public var name: String
  /// Clusters are numbered from 0 to this; one without rows does not count.
  public var count: Int

  public init(name: String, count: Int) {
    self.name = name
    self.count = count
  }
}

/// One chunk of the rows of an instrumental regression.
public struct InstrumentalChunk {
  public var rowCount: Int
  /// W, Z, D, y: finite numbers for each row, from a multiple of 64 bytes on and readable to a multiple of
  /// ``Kernel/lanes`` rows.
  public var columns: [UnsafePointer<Double>]
  /// What one observation of a row weighs, not negative; nil for 1.
  public var weights: UnsafePointer<Double>?
  /// How many equal observations each row stands for; nil for 1.
  public var frequencies: UnsafePointer<Double>?
  /// For each clustering the cluster of each row.
  public var clusters: [UnsafePointer<Int64>]

  public init(
    rowCount: Int, columns: [UnsafePointer<Double>], weights: UnsafePointer<Double>? = nil,
    frequencies: UnsafePointer<Double>? = nil, clusters: [UnsafePointer<Int64>] = []
  ) {
    self.rowCount = rowCount
    self.columns = columns
    self.weights = weights
    self.frequencies = frequencies
    self.clusters = clusters
  }
}

extension InstrumentalChunk {
  /// Rows that a pass works on together, so that what it makes of them stays in the second cache.
  static let blockLength = 256

  /// Consecutive blocks of up to ``blockLength`` rows.
  var blocks: [InstrumentalChunk] {
    stride(from: 0, to: rowCount, by: Self.blockLength).map { start in
      InstrumentalChunk(
        rowCount: min(Self.blockLength, rowCount - start), columns: columns.map { $0 + start },
        weights: weights.map { $0 + start }, frequencies: frequencies.map { $0 + start },
        clusters: clusters.map { $0 + start })
    }
  }

  /// Writes v, the weight of one observation of each row times a factor, and f v, that of all that the row stands for,
  /// with 0 behind the rows.
  ///
  /// - Returns: the number of observations of positive weight.
  func fillWeights(factor: Double, own: AlignedBuffer, totals: AlignedBuffer) -> Double {
    var used = 0.0
    for row in 0..<rowCount {
      let (weight, frequency) = (weights?[row] ?? 1, frequencies?[row] ?? 1)
      own.pointer[row] = frequency > 0 ? weight * factor : 0
      totals.pointer[row] = frequency * own.pointer[row]
      used += weight > 0 ? frequency : 0
    }
    for buffer in [own, totals] { (buffer.pointer + rowCount).update(repeating: 0, count: buffer.count - rowCount) }
    return used
  }
}
