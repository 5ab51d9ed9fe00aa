import Communication
import Diagnostics
import Frames
import InstrumentalVariables
import LinearAlgebra
import Mixture
import Regression

/// Rows that belong together: errors of rows of one cluster may depend on each other, so that scores are independent only
/// when they are summed by cluster (Liang and Zeger 1986).
public struct RowClusters: Sendable {
  public let clustering: Clustering
  /// Clusters that have rows.
  public let count: Int
  /// What a row counts for where functions of covariates are chosen: 1; but where covariates do not vary within clusters the
  /// number of clusters over that of observations, for then rows of one cluster tell no more of such functions than one does.
  public let effectiveShare: Double
  private let column: Int

  /// Numbers that the sums by cluster may take.
  private static let mostNumbers = 1 << 26

  /// Collective.
  ///
  /// - Parameter name: of a column of categories of the frame, or of its role.
  /// - Throws: on all ranks the same ``Failure``: (usage) there is no such column; (data) a row without cluster, or all rows
  ///   in one.
  public init(_ name: String, of frame: Frame) throws {
    column = try frame.schema.clusterColumn(named: name)
    try frame.requireComplete([column])
    let schema = frame.schema.columns[column]
    let levels = schema.kind.levels?.count ?? 0
    clustering = Clustering(name: schema.name, count: levels)
    let place = column
    let sizes = try frame.rows.sum(Array(repeating: 0.0, count: levels)) { sizes, chunk in
      let codes = try frame.codes(place, chunk: chunk)
      for row in 0..<frame.rowCount(ofChunk: chunk) { sizes[Int(codes[row])] += 1 }
    }
    count = sizes.count { $0 > 0 }
    guard count > 1 else {
      throw Failure(
        .data,
        "all rows lie in one cluster of '\(schema.name)'; errors by cluster need two at least, and many to be right")
    }
    effectiveShare =
      try Self.haveOwnCovariates(frame, column: place, levels: levels)
      ? min(1, Double(count) / Double(frame.observationCount)) : 1
  }

  /// Whether covariates do not vary within clusters. Collective.
  private static func haveOwnCovariates(_ frame: Frame, column: Int, levels: Int) throws -> Bool {
    let communicator = frame.rows.communicator
    for covariate in 0..<frame.covariateCount {
      var (least, greatest) = (
        Array(repeating: Double.infinity, count: levels), Array(repeating: -Double.infinity, count: levels)
      )
      try communicator.agree {
        for chunk in frame.rows.localChunks {
          let (values, codes) = (
            try frame.pointer(covariate: covariate, chunk: chunk), try frame.codes(column, chunk: chunk)
          )
          for row in 0..<frame.rowCount(ofChunk: chunk) {
            let cluster = Int(codes[row])
            least[cluster] = min(least[cluster], values[row])
            greatest[cluster] = max(greatest[cluster], values[row])
          }
        }
      }
      (least, greatest) = (try communicator.minimum(least), try communicator.maximum(greatest))
      // Clusters without rows have infinities the other way round.
      if zip(least, greatest).contains(where: <) { return false }
    }
    return true
  }

  /// The number of clusters where they are so few that Student's quantiles are taken; nil else.
  package var fewCount: Int? { count < InstrumentalEstimate.fewClusters ? count : nil }
  /// What normal quantiles are replaced by where clusters are few: Student's of as many degrees of freedom.
  var degreesOfFreedom: Double? { fewCount.map { Double($0 - 1) } }

  /// Σ_g S_g S_g' over clusters, of scores of some width, before any row is added.
  ///
  /// - Throws: ``Failure`` `usage` when the sums would be too many.
  func meat(width: Int) throws -> Meat {
    guard clustering.count * (width + 1) <= Self.mostNumbers else {
      throw Failure(
        .usage,
        "--cluster \(clustering.name) has \(clustering.count) clusters, and scores of \(width) parameters cannot be summed for "
          + "each; give a coarser column, or 'none' for independent rows")
    }
    return Meat(.cr0, width: width, clusterCount: clustering.count)
  }

  /// Adds rows of a chunk to a meat.
  ///
  /// - Parameters:
  ///   - columns: a column for each entry of a score.
  ///   - weights: what multiplies them.
  func add(
    _ columns: [UnsafePointer<Double>], weights: UnsafePointer<Double>, rowCount: Int, of design: Design,
    chunk: DesignChunk, to meat: inout Meat
  ) throws {
    let codes = try design.codes(column, ofChunk: chunk)
    var scores = Matrix(rows: rowCount, columns: columns.count)
    for (j, values) in columns.enumerated() {
      for row in 0..<rowCount { scores.values[row * columns.count + j] = weights[row] * values[row] }
    }
    meat.add(ScoreBlock(scores: scores, clusters: (0..<rowCount).map { Int(codes[$0]) }))
  }
}
