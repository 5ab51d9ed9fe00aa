import Communication
import Frames
import MetaEM
import Shards

extension DatasetOptions {
  /// The columns of the shards that a graph may name. Collective.
  ///
  /// - Parameter out: the folder of the results, which must hold none of the shards.
  func graphRows(out: String?, storage: FrameStorage, on communicator: any Communicator) throws -> Frame {
    let collection = try communicator.agree {
      let collection = try ShardCollection.open(shards, names: names, required: [])
      if let out { try collection.requireNoShard(inOutputFolder: out) }
      return collection
    }
    return try MetaEM.rowsInUse(
      of: collection, roles: collection.graphRoles, weights: nil, storage: storage, on: communicator)
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
