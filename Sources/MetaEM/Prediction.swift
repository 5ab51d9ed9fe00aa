import Communication
import Diagnostics
import Frames
import Mixture
import Shards

/// The groups of new rows under a fitted model.
public struct Prediction: Sendable {
  public let design: Design
  public let rule: PosteriorRule
  public let summary: LabelSummary
  /// How well the labels agree with the true sources; nil when the new rows do not say theirs.
  public let agreement: Agreement?
}

extension FittedModel {
  /// The groups of the rows of a collection. Collective.
  ///
  /// - Parameter storage: where the rows are kept.
  /// - Throws: on all ranks the same ``Failure`` when the rows cannot be read.
  public func predict(
    _ collection: ShardCollection, labelRule: LabelRule, seed: UInt64, storage: FrameStorage = .memory,
    on communicator: any Communicator
  ) throws -> Prediction {
    let rows = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
    let known: Set<Role> = collection.roles.contains(.source) ? [.source] : []
    let table = try Frame.load(
      collection, rows: rows, roles: known.union(roles), covariatesAsNumbers: true, storage: storage)
    table.standardize(center: scaling.centers, scale: scaling.scales)
    let design = design(table)
    let rule = PosteriorRule(model: mixture.base, labelRule: labelRule, seed: seed)
    let truth = try Truth.read(table)
    let summary = try design.label(by: rule, truth: truth)
    return Prediction(
      design: design, rule: rule, summary: summary,
      agreement: truth.values.isEmpty ? nil : Agreement(confusion: summary.confusion))
  }
}

extension FittedModel {
  /// Refuses rows that lack an outcome which the model reads.
  ///
  /// - Parameters:
  ///   - path: the rows, for messages.
  ///   - name: what the outcome would be called there.
  /// - Throws: ``Failure`` `data` that names the difference.
  public func requireOutcome(of collection: ShardCollection, path: String, named name: String) throws {
    guard roles.isSubset(of: collection.roles.union([.covariate, .treatment])) else {
      throw Failure(
        .data,
        "\(path) has no outcome '\(name)', which the groups of a joint model depend on; name it with --y, write it with "
          + "'giv-dist shard --outcome', or predict by a model of another --distribution"
      )
    }
  }
}
