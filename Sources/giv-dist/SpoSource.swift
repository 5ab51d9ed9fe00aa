import Communication
import Diagnostics
import Frames
import MetaEM
import Shards
import SyntheticPotentialOutcomes

/// The rows of synthetic potential outcomes.
enum SpoSource {
  /// Reads covariates, treatment, outcome, and the columns of strata and blocks. Collective.
  ///
  /// - Parameter outputs: folders that none of the inputs may lie in.
  /// - Throws: on all ranks the same ``Failure``, as for shards.
  static func frame(
    _ data: DatasetOptions, _ options: SyntheticOutcomesOptions, usesWeights: Bool, storage: FrameStorage,
    refusing outputs: [String?], on communicator: any Communicator
  ) throws -> Frame {
    let collection = try communicator.agree {
      var required: Set<Role> = [.covariate, .treatment, .outcome]
      if usesWeights { required.insert(.weight) }
      let collection = try ShardCollection.open(data.shards, names: data.names, required: required)
      for output in outputs.compactMap({ $0 }) { try collection.requireNoShard(inOutputFolder: output) }
      return collection
    }
    let further = [options.strata, options.blockColumn].compactMap { $0 }.compactMap { name in
      let coded = collection.schema.columns.filter(\.kind.holdsCodes)
      return (coded.first { $0.name == name } ?? coded.first { $0.role.rawValue == name })?.role
    }
    return try MetaEM.rowsInUse(
      of: collection, roles: Set(further).union([.covariate, .treatment, .outcome]),
      weights: usesWeights ? .sampling : nil, storage: storage,
      chunkLength: SyntheticPotentialOutcomes.chunkLength, on: communicator)
  }
}
