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
  /// What the methods of the ladder came to, in their order; empty where the replicate failed.
  public let methods: [MethodReplicate]
  /// Why there are none: groups were lost, or the instruments tell nothing apart.
  public let failure: Failure?
}

/// What one method of the ladder came to in a replicate.
public struct MethodReplicate: Codable, Sendable, Equatable {
  public let method: EffectMethod
  /// Nil where the method failed.
  public let values: MethodValues?
  public let failure: Failure?
}

/// The answers of a method in numbers alone.
public struct MethodValues: Codable, Sendable, Equatable {
  public let averageSlope: Double
  public let contrasts: [Double]
  /// The effects of the treatments of the curve.
  public let curve: [Double]

  init(_ answer: MethodAnswer) {
    averageSlope = answer.averageSlope.estimate
    contrasts = answer.contrasts.map(\.effect.estimate)
    curve = answer.curve.map(\.tau)
  }
}

/// The replicates of a bootstrap, of all methods.
public struct BootstrapResult: Sendable {
  public let replicates: [BootstrapReplicate]

  public var failedCount: Int { replicates.count { $0.failure != nil } }

  /// b of one method in the replicates that have it.
  func coefficients(ofMethod place: Int) -> [[Double]] {
    replicates.compactMap { $0.failure == nil ? $0.coefficients[place] : nil }
  }

  /// What a method of the ladder came to in the replicates that did not fail as a whole.
  func replicates(of method: EffectMethod) -> [MethodReplicate] {
    replicates.compactMap { $0.methods.first { $0.method == method } }
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

  /// Of the replicates, and of each method of the ladder in those that did not fail as a whole.
  var findings: [Finding] {
    let methods = replicates.first { $0.failure == nil }?.methods.map(\.method) ?? []
    return finding(replicates.map(\.failure), of: nil)
      + methods.flatMap { finding(replicates(of: $0).map(\.failure), of: $0) }
  }

  private func finding(_ failures: [Failure?], of method: EffectMethod?) -> [Finding] {
    let reasons = failures.compactMap(\.self)
    guard let first = reasons.first else { return [] }
    var values: [Finding.Key: Finding.Value] = [
      .count: .count(reasons.count), .total: .count(failures.count), .reason: .name(first.message),
    ]
    if let method { values[.names] = .names([method.name]) }
    let isMany = Double(reasons.count) > Self.mostFailures * Double(failures.count)
    return [isMany ? Finding(.bootstrapFailures, values) : .note(.bootstrapFailures, values)]
  }
}
