import Communication
import Diagnostics
import Frames
import MetaEM
import Shards
import SyntheticPotentialOutcomes

/// The rows of synthetic potential outcomes.
enum SpoSource {
  /// Reads covariates, proxies, treatment, outcome, and the columns of strata and blocks. Collective.
  ///
  /// - Parameters:
  ///   - out: the folder of results, which none of the inputs may lie in.
  ///   - posteriors: the file of posteriors, which may be none of the inputs.
  /// - Throws: on all ranks the same ``Failure``, as for shards.
  static func frame(
    _ data: DatasetOptions, _ options: SyntheticOutcomesOptions, usesWeights: Bool, storage: FrameStorage,
    out: String?, posteriors: String?, on communicator: any Communicator
  ) throws -> Frame {
    let collection = try communicator.agree {
      var required: Set<Role> = [.covariate, .treatment, .outcome]
      if usesWeights { required.insert(.weight) }
      let collection = try ShardCollection.open(data.shards, names: data.names, required: required)
      if let out { try collection.requireNoShard(inOutputFolder: out) }
      if let posteriors { try collection.requireNoInput(at: posteriors, besides: []) }
      return collection
    }
    let proxies: Set<Role> = collection.roles.contains(.proxy) ? [.proxy] : []
    let further = [options.strata, options.blockColumn].compactMap { $0 }.compactMap { name in
      let coded = collection.schema.columns.filter(\.kind.holdsCodes)
      return (coded.first { $0.name == name } ?? coded.first { $0.role.rawValue == name })?.role
    }
    return try MetaEM.rowsInUse(
      of: collection, roles: proxies.union(further).union([.covariate, .treatment, .outcome]),
      weights: usesWeights ? .sampling : nil, storage: storage,
      chunkLength: SyntheticPotentialOutcomes.chunkLength, on: communicator)
  }
}
