import Communication
import Diagnostics
import Frames
import LinearAlgebra

/// What a pass over the rows sums: for every stratum, arm and block the moments E[φφ'], E[y φφ'] and E[y² φφ'] of the
/// features φ of both sides. All answers are functions of it.
///
/// Where both sides are joint cells, they are counts, sums of y and of y², three numbers for each pair of cells; else
/// triangles of sums of products: of all features, of all with y, and with y² of the features of each side, for no answer
/// needs E[y² φ_Z φ_X']. The outcome is that of ``OutcomeScale``.
struct ProxyMoments: Reducible {
  let groups: RowGroups
  let treatment: ProxyFeatures
  let outcome: ProxyFeatures
  /// The sums, group after group: rows, weights, squares of weights, and the moments.
  var summands: [Double]

  /// - Throws: ``Failure`` `usage` when the sums would be too many to hold.
  init(_ groups: RowGroups, treatment: ProxyFeatures, outcome: ProxyFeatures) throws {
    self.groups = groups
    self.treatment = treatment
    self.outcome = outcome
    summands = []
    let (count, isMore) = groups.count.multipliedReportingOverflow(by: groupWidth)
    guard !isMore, count <= Self.mostSummands else {
      throw Failure(
        .usage,
        "the sums of \(groups.stratumCount) strata, \(groups.arms.count) arms and \(groups.blocks.count) blocks of the "
          + "jackknife are more than can be held; give fewer blocks or features")
    }
    summands = Array(repeating: 0, count: count)
  }

  /// 1 GB; ranks hold some of them at a time.
  private static let mostSummands = 1 << 27

  /// Numbers before the moments of a group.
  static let headCount = 3
  var isTable: Bool { treatment.isOneHot && outcome.isOneHot }
  var order: Int { treatment.allCount + outcome.allCount }
  /// The pairs of cells of a table.
  var pairCount: Int { treatment.allCount * outcome.allCount }
  /// The numbers of the moments with y to the powers 0 and 1, and of those of each side with y².
  var triangleCounts: (both: Int, treatment: Int, outcome: Int) {
    (
      PackedTriangle.count(order: order), PackedTriangle.count(order: treatment.allCount),
      PackedTriangle.count(order: outcome.allCount)
    )
  }
  var groupWidth: Int {
    guard !isTable else { return Self.headCount + 3 * pairCount }
    let counts = triangleCounts
    return Self.headCount + 2 * counts.both + counts.treatment + counts.outcome
  }

  /// The chunk length for these sums: so long that adding the sums of chunks costs little beside making them, and that
  /// the rows of a group within a chunk are many.
  static func chunkLength(rowCount: Int) -> Int {
    var length = 1 << 14
    while length > RowGrid.defaultChunkLength, rowCount < 64 * length { length /= 2 }
    return length
  }

  /// Sums over the rows in one pass. Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` when a rank fails.
  func sum(over frame: Frame, _ scale: OutcomeScale) throws -> ProxyMoments {
    try frame.rows.sum(self, add: adding(frame, scale))
  }

  /// What adds a chunk of a frame to sums as these.
  func adding(_ frame: Frame, _ scale: OutcomeScale) -> (inout ProxyMoments, _ chunk: Int) throws -> Void {
    if isTable { return { try $0.addTable(frame, chunk: $1, scale) } }
    let workspace = ProductWorkspace()
    return { try $0.addProducts(frame, chunk: $1, scale, workspace) }
  }
}

/// The affine map of the outcome on its way into the sums, so that its mean is 0 and its variance 1.
public struct OutcomeScale: Sendable, Codable, Equatable {
  public let center: Double
  public let deviation: Double
  var factor: Double { 1 / deviation }
}
