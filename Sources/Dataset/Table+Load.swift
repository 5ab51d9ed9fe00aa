import Communication
import Diagnostics

extension Table {
  /// Reads this rank's rows of a collection. Collective.
  ///
  /// - Parameters:
  ///   - rows: as many rows as the collection has.
  ///   - variables: what to read; covariates and treatment always are. Identifiers stay in the files, see
  ///     ``ShardCollection/identifiers(ofRows:)``.
  /// - Throws: on all ranks the same ``Failure`` `data`: a variable is missing, a value is not finite, a weight is
  ///   negative or all are 0, a source is no integer, or a file is damaged.
  public static func load(
    _ collection: ShardCollection, rows: DistributedRows, variables: Set<Variable> = [.covariates, .treatment]
  ) throws -> Table {
    precondition(rows.rowCount == collection.rowCount)
    let variables = variables.union([.covariates, .treatment]).subtracting([.identifier])
    try collection.require(variables)
    let table = try Table(
      rows: rows, covariateNames: collection.covariateNames, treatmentName: collection.treatmentName,
      outcomeName: collection.outcomeName, variables: variables)
    try rows.communicator.agree {
      if variables.contains(.source) { table.sources = [] }
      for piece in collection.pieces(of: rows.localRows) { try table.read(piece, names: collection.names) }
    }
    try table.complete()
    return table
  }

  /// Bytes of rows that are read at a time.
  private static let bufferBytes = 4 << 20

  private func read(_ piece: ShardPiece, names: DatasetNames) throws {
    let file = try HDF5File.open(piece.path)
    for variable in [Variable.covariates, .treatment, .outcome, .weight] where variables.contains(variable) {
      let reader = ColumnReader(
        dataset: try file.dataset(names[variable]), variable: variable,
        columnNames: variable == .covariates ? covariateNames : nil)
      try read(piece, with: reader)
    }
    if variables.contains(.source) {
      sources! += try file.dataset(names.source).readCodes(rows: piece.rows)
    }
  }

  private func read(_ piece: ShardPiece, with reader: borrowing ColumnReader) throws {
    let width = reader.width
    let rowsPerRead = min(piece.rows.count, max(RowGrid.chunkLength, Self.bufferBytes / (8 * width)))
    let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: rowsPerRead * width)
    defer { buffer.deallocate() }
    for start in stride(from: piece.rows.lowerBound, to: piece.rows.upperBound, by: rowsPerRead) {
      let fileRows = start..<min(start + rowsPerRead, piece.rows.upperBound)
      let values = UnsafeMutableBufferPointer(rebasing: buffer[..<(fileRows.count * width)])
      try reader.read(fileRows, into: values)
      let globalStart = piece.globalStart + start - piece.rows.lowerBound
      place(UnsafeBufferPointer(values), width: width, globalStart: globalStart, at: columnIndex(of: reader.variable))
    }
  }

  /// Copies row-major rows into the columns `first ..< first + width` of the chunks they belong to.
  private func place(_ values: UnsafeBufferPointer<Double>, width: Int, globalStart: Int, at first: Int) {
    let end = globalStart + values.count / width
    var row = globalStart
    while row < end {
      let chunk = row / RowGrid.chunkLength
      let offset = row - chunk * RowGrid.chunkLength
      let count = min(RowGrid.chunkLength - offset, end - row)
      transpose(
        values.baseAddress! + (row - globalStart) * width, rows: count, columns: width,
        into: column(first, chunk: chunk) + offset, stride: RowGrid.chunkLength)
      row += count
    }
  }
}

/// Copies a row-major block into columns that are `stride` apart, in strips of rows that stay in the first cache.
private func transpose(
  _ source: UnsafePointer<Double>, rows: Int, columns: Int, into target: UnsafeMutablePointer<Double>, stride: Int
) {
  let strip = max(8, 2048 / columns)
  var start = 0
  while start < rows {
    let end = min(start + strip, rows)
    for column in 0..<columns {
      let values = target + column * stride
      for row in start..<end { values[row] = source[row * columns + column] }
    }
    start = end
  }
}
