import Communication
import Diagnostics
import Frames

extension Frame {
  /// Reads this rank's rows of a collection. Collective.
  ///
  /// - Parameters:
  ///   - rows: as many rows as the collection has.
  ///   - variables: what to read; covariates and treatment always are. Identifiers stay in the files, see
  ///     ``ShardCollection/identifiers(ofRows:)``.
  ///   - storage: where the rows are kept.
  /// - Throws: on all ranks the same ``Failure`` `data`: a variable is missing, a value is not finite, a weight is
  ///   negative or all are 0, a source is no integer, or a file is damaged.
  public static func load(
    _ collection: ShardCollection, rows: DistributedRows, variables: Set<Variable> = [.covariates, .treatment],
    storage: FrameStorage = .memory
  ) throws -> Frame {
    precondition(rows.rowCount == collection.rowCount)
    let variables = variables.union([.covariates, .treatment]).subtracting([.identifier])
    try collection.require(variables)
    let layout = FrameLayout(covariateCount: collection.covariateCount, variables: variables)
    let reader = try rows.communicator.agree {
      try ShardReader(collection: collection, layout: layout, grid: rows.grid, localChunks: rows.localChunks)
    }
    return try Frame(
      reader, rows: rows, covariateNames: collection.covariateNames, treatmentName: collection.treatmentName,
      outcomeName: collection.outcomeName, layout: layout, storage: storage)
  }
}
