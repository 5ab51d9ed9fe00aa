import Communication
import Diagnostics

extension Table {
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
    storage: TableStorage = .memory
  ) throws -> Table {
    precondition(rows.rowCount == collection.rowCount)
    let variables = variables.union([.covariates, .treatment]).subtracting([.identifier])
    try collection.require(variables)
    let layout = TableLayout(covariateCount: collection.covariateCount, variables: variables)
    let reader = TableReader(collection: collection, layout: layout, grid: rows.grid)
    let source = try rows.communicator.agree { try Source(reader, localChunks: rows.localChunks, storage) }
    let table = Table(
      rows: rows, covariateNames: collection.covariateNames, treatmentName: collection.treatmentName,
      outcomeName: collection.outcomeName, layout: layout, source: source)
    try table.complete()
    return table
  }
}

extension Table.Source {
  fileprivate init(_ reader: TableReader, localChunks: Range<Int>, _ storage: TableStorage) throws {
    switch storage {
    case .memory:
      let chunks = TableChunks(capacity: localChunks.count, columnCount: reader.layout.columnCount, of: reader.grid)
      try reader.read(localChunks, into: chunks)
      self = .memory(chunks)
    case .stream(let windowBytes):
      self = .stream(try TableStream(reader, localChunks: localChunks, windowBytes: windowBytes))
    }
  }
}
