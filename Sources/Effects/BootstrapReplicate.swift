import Diagnostics
import Runs

/// One replicate of the bootstrap of an effect: groups and coefficients found again in rows with random weights.
public struct BootstrapReplicate: ScheduledResult, Equatable {
  /// Which replicate it is.
  public struct Cell: ScheduledCell {
    public let replicate: Int

    public init(replicate: Int) { self.replicate = replicate }
    public var name: String { "replicate-\(replicate)" }
  }

  public let cell: Cell
  /// b of each method, in their order; empty where the replicate failed.
  public let coefficients: [[Double]]
  /// Why there are none: groups were lost, or the instruments tell nothing apart.
  public let failure: Failure?
}

/// The replicates of a bootstrap, of all methods.
public struct BootstrapResult: Sendable {
  public let replicates: [BootstrapReplicate]

  public var failedCount: Int { replicates.count { $0.failure != nil } }

  /// b of one method in the replicates that have it.
  func coefficients(ofMethod place: Int) -> [[Double]] {
    replicates.compactMap { $0.failure == nil ? $0.coefficients[place] : nil }
  }

  /// - Throws: ``Failure`` (numerical) when fewer than two replicates have coefficients.
  init(_ replicates: [BootstrapReplicate]) throws {
    self.replicates = replicates
    guard replicates.count - failedCount >= 2 else {
      throw Failure(
        .numerical,
        "\(failedCount) of \(replicates.count) replicates of the bootstrap failed: "
          + "\(replicates.lazy.compactMap(\.failure).first?.message ?? "too few were asked for")")
    }
  }

  /// The share of failures beyond which a reader is warned: what is left may no longer stand for all.
  private static let mostFailures = 0.05

  var findings: [Finding] {
    guard failedCount > 0 else { return [] }
    let values: [Finding.Key: Finding.Value] = [
      .count: .count(failedCount), .total: .count(replicates.count),
      .reason: .name(replicates.lazy.compactMap(\.failure).first?.message ?? ""),
    ]
    let isMany = Double(failedCount) > Self.mostFailures * Double(replicates.count)
    return [isMany ? Finding(.bootstrapFailures, values) : .note(.bootstrapFailures, values)]
  }
}
