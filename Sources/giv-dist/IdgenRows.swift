import Communication
import Frames
import MetaEM
import Shards

extension DatasetOptions {
  /// The columns of the shards that a graph may name. Collective.
  ///
  /// - Parameter out: the folder of the results, which must hold none of the shards.
  func graphRows(out: String?, storage: FrameStorage, on communicator: any Communicator) throws -> GraphRows {
    let collection = try communicator.agree {
      let collection = try ShardCollection.open(shards, names: names, required: [])
      if let out { try collection.requireNoShard(inOutputFolder: out) }
      return collection
    }
    return GraphRows(
      frame: try MetaEM.rowsInUse(
        of: collection, roles: collection.graphRoles, weights: nil, storage: storage, on: communicator),
      collection: collection, storage: storage)
  }
}

/// Rows for the variables of a graph.
struct GraphRows {
  let frame: Frame
  private let collection: ShardCollection
  private let storage: FrameStorage

  fileprivate init(frame: Frame, collection: ShardCollection, storage: FrameStorage) {
    (self.frame, self.collection, self.storage) = (frame, collection, storage)
  }

  /// Some of the rows, on other ranks. Collective.
  ///
  /// - Parameter chosen: among those of the frame.
  func load(_ chosen: RowSelection, on communicator: any Communicator) throws -> Frame {
    try MetaEM.rowsInUse(
      of: collection, roles: collection.graphRoles, weights: nil, storage: storage, choosing: chosen, on: communicator)
  }
}

extension ShardCollection {
  /// The roles of columns that a graph may name.
  var graphRoles: Set<Role> {
    roles.intersection([
      .covariate, .treatment, .outcome, .proxy, .institution, .cluster, .arm, .variable, .source,
    ])
  }
}
