import Communication
import Diagnostics
import Frames
import MetaEM
import Shards
import SyntheticPotentialOutcomes

/// The rows of synthetic potential outcomes.
struct SpoSource {
  let collection: ShardCollection
  private let options: SyntheticOutcomesOptions
  private let usesWeights: Bool
  private let storage: FrameStorage

  /// Opens the shards. Collective.
  ///
  /// - Parameters:
  ///   - out: the folder of results, which none of the inputs may lie in.
  ///   - posteriors: the file of posteriors, which may be none of the inputs.
  /// - Throws: on all ranks the same ``Failure``, as for shards.
  init(
    _ data: DatasetOptions, _ options: SyntheticOutcomesOptions, usesWeights: Bool, storage: FrameStorage,
    out: String?, posteriors: String?, on communicator: any Communicator
  ) throws {
    collection = try communicator.agree {
      var required: Set<Role> = [.covariate, .treatment, .outcome]
      if usesWeights { required.insert(.weight) }
      let collection = try ShardCollection.open(data.shards, names: data.names, required: required)
      if let out { try collection.requireNoShard(inOutputFolder: out) }
      if let posteriors { try collection.requireNoInput(at: posteriors, besides: []) }
      return collection
    }
    (self.options, self.usesWeights, self.storage) = (options, usesWeights, storage)
    if posteriors != nil { try collection.checkIdentifiers(on: communicator) }
  }

  /// Reads covariates, proxies, treatment, outcome, and the columns of strata and blocks of the rows in use. Collective.
  func frame(on communicator: any Communicator) throws -> Frame {
    try MetaEM.rowsInUse(
      of: collection, roles: roles.union([.treatment, .outcome]), weights: usesWeights ? .sampling : nil,
      storage: storage, chunkLength: SyntheticPotentialOutcomes.chunkLength, on: communicator)
  }

  /// Covariates, proxies and strata of all rows, also of those that are not in use. Collective.
  func everyRow(_ frame: Frame, on communicator: any Communicator) throws -> Frame {
    guard frame.rows.rowCount < collection.rowCount else { return frame }
    let rows = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
    return try Frame.load(collection, rows: rows, roles: roles, covariatesAsNumbers: true, storage: storage)
  }

  /// Of the columns that proxies, strata and blocks may be.
  private var roles: Set<Role> {
    let proxies: Set<Role> = collection.roles.contains(.proxy) ? [.proxy] : []
    let coded = collection.schema.columns.filter(\.kind.holdsCodes)
    let further = [options.strata, options.blockColumn].compactMap { $0 }.compactMap { name in
      (coded.first { $0.name == name } ?? coded.first { $0.role.rawValue == name })?.role
    }
    return proxies.union(further).union([.covariate])
  }
}
