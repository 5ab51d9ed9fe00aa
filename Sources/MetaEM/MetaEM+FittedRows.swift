import Communication
import Diagnostics
import Frames
import Shards

extension MetaEM {
  /// The rows of a collection that an analysis is of: those that have weight and are not kept for testing. Collective.
  ///
  /// - Parameters:
  ///   - roles: of the columns to read.
  ///   - weights: what the weights are; nil when they are not used.
  ///   - chosen: some of these rows; nil for all.
  ///   - chunkLength: the rows of a chunk, by the number of rows.
  /// - Throws: on all ranks the same ``Failure`` `data`: rows that cannot be read, or none that is left.
  public static func rowsInUse(
    of collection: ShardCollection, roles: Set<Role>, weights: WeightKind?, storage: FrameStorage,
    choosing chosen: RowSelection? = nil, chunkLength: (_ rowCount: Int) -> Int = { _ in RowGrid.defaultChunkLength },
    on communicator: any Communicator
  ) throws -> Frame {
    try tableInUse(
      of: collection, roles: roles, weights: weights, storage: storage, choosing: chosen, chunkLength: chunkLength,
      on: communicator
    ).table
  }

  /// These rows, and which of all they are. Collective.
  static func tableInUse(
    of collection: ShardCollection, roles: Set<Role>, weights: WeightKind?, storage: FrameStorage,
    choosing chosen: RowSelection? = nil, chunkLength: (_ rowCount: Int) -> Int = { _ in RowGrid.defaultChunkLength },
    on communicator: any Communicator
  ) throws -> (table: Frame, used: RowsInUse) {
    func rows(_ count: Int) -> DistributedRows {
      DistributedRows(rowCount: count, chunkLength: chunkLength(count), communicator: communicator)
    }
    let all = rows(collection.rowCount)
    let used = try RowsInUse(collection, rows: all, weights: weights, storage: storage)
    let selection = chosen.map { used.fitted?.selecting($0) ?? $0 } ?? used.fitted
    let rows = selection.map { rows($0.count) } ?? all
    let frame = try Frame.load(
      collection, rows: rows, roles: roles.union(weights == nil ? [] : [.weight]), covariatesAsNumbers: true,
      storage: storage, selection: selection)
    if let weights { try frame.takeWeights(as: weights) }
    return (frame, used)
  }

  /// The rows that a model was fitted to with these options, with further columns, in the units of the data. Collective.
  ///
  /// - Parameters:
  ///   - digest: of the rows that were fitted.
  ///   - further: roles beside those that were read for the fit.
  /// - Throws: on all ranks the same ``Failure`` `data` when the rows are others, or in another order.
  public func fittedRows(
    of collection: ShardCollection, digest: String, further: Set<Role>, on communicator: any Communicator
  ) throws -> Frame {
    let roles = try roles(of: collection)
    let fitted = try Self.rowsInUse(
      of: collection, roles: roles, weights: configuration.weights,
      storage: further.isSubset(of: roles) ? storage : .stream(), on: communicator)
    guard fitted.digest == digest else {
      throw Failure(
        .data,
        "these are not the rows that the run was fitted to, or not in their order: their digest is "
          + "\(fitted.digest.prefix(16)), that of the run's \(digest.prefix(16)); give its shards as they were given to "
          + "giv-dist train, or train on these")
    }
    if further.isSubset(of: roles) { return fitted }
    return try Self.rowsInUse(
      of: collection, roles: roles.union(further), weights: configuration.weights, storage: storage, on: communicator)
  }
}
