import Communication
import Diagnostics
import Frames

extension Frame {
  /// Reads this rank's rows of a collection. Collective.
  ///
  /// - Parameters:
  ///   - rows: as many rows as the collection has, or as are selected.
  ///   - roles: the roles of the columns to read. Texts stay in the files, see
  ///     ``ShardCollection/identifiers(ofRows:)``.
  ///   - covariatesAsNumbers: whether categories and vectors among the covariates become real columns, an indicator for
  ///     each level but the first and one for each component.
  ///   - allowingMissing: the roles whose columns may have missing values; elsewhere they are refused.
  ///   - storage: where the rows are kept.
  ///   - selection: the rows of the collection to read; nil for all.
  /// - Throws: on all ranks the same ``Failure`` `data`: a role has no column, a value is infinite or missing, a weight
  ///   is negative or all are 0, a code is no integer or has no level, or a file is damaged.
  public static func load(
    _ collection: ShardCollection, rows: DistributedRows, roles: Set<Role> = [.covariate, .treatment],
    covariatesAsNumbers: Bool = false, allowingMissing: Set<Role> = [], storage: FrameStorage = .memory,
    selection: RowSelection? = nil
  ) throws -> Frame {
    precondition(rows.rowCount == selection?.count ?? collection.rowCount)
    let roles = roles.subtracting([.identifier])
    try collection.require(roles)
    var entries = collection.entries.filter { roles.contains($0.column.role) }
    if covariatesAsNumbers { entries = try entries.flatMap { try $0.isBesideX ? $0.asNumbers() : [$0] } }
    entries.removeAll { $0.column.kind == .text }
    for index in entries.indices {
      entries[index].column.allowsMissing = allowingMissing.contains(entries[index].column.role)
    }
    let schema = try Schema(
      entries.map(\.column),
      covariates: covariatesAsNumbers && roles.contains(.covariate) ? collection.covariates : nil)
    guard let selection else {
      let reader = try rows.communicator.agree {
        try ShardReader(collection: collection, entries: entries, grid: rows.grid, localChunks: rows.localChunks)
      }
      return try Frame(reader, rows: rows, schema: schema, storage: storage, checksValues: false)
    }
    let all = RowGrid(rowCount: collection.rowCount, chunkLength: rows.grid.chunkLength)
    let reader = try rows.communicator.agree {
      let local = rows.localRows
      let chunks =
        local.isEmpty
        ? 0..<0
        : all.chunk(ofRow: selection.row(local.lowerBound))..<all.chunk(ofRow: selection.row(local.upperBound - 1)) + 1
      return SelectedRows(
        selection,
        of: try ShardReader(collection: collection, entries: entries, grid: all, localChunks: chunks), baseGrid: all)
    }
    return try Frame(reader, rows: rows, schema: schema, storage: storage, checksValues: false)
  }
}
