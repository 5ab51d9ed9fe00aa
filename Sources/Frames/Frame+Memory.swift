import Communication
import Diagnostics
import Storage

extension Frame {
  /// A table of rows in memory. Collective; every rank passes all rows, and keeps its own.
  ///
  /// - Parameters:
  ///   - rows: the rows, as many as `treatment` has.
  ///   - covariates: one array for each covariate.
  /// - Throws: ``Failure`` `data` when a value is not finite or a weight is negative.
  public convenience init(
    rows: DistributedRows, covariates: [[Double]], treatment: [Double], outcome: [Double]? = nil,
    weight: [Double]? = nil, source: [Int64]? = nil, covariateNames: [String]? = nil
  ) throws {
    var variables: Set<Variable> = [.covariates, .treatment]
    if outcome != nil { variables.insert(.outcome) }
    if weight != nil { variables.insert(.weight) }
    if source != nil { variables.insert(.source) }
    let columns = covariates + [treatment] + (outcome.map { [$0] } ?? []) + (weight.map { [$0] } ?? [])
    precondition(columns.allSatisfy { $0.count == rows.rowCount }, "every column has one value for each row")
    let layout = FrameLayout(covariateCount: covariates.count, variables: variables)
    let chunks = FrameChunks(capacity: rows.localChunks.count, columnCount: layout.columnCount, of: rows.grid)
    chunks.prepare(for: rows.localChunks, of: rows.grid)
    chunks.sources = source.map { Array($0[rows.localRows]) }
    for chunk in rows.localChunks {
      let range = rows.grid.rows(ofChunk: chunk)
      for (index, values) in columns.enumerated() {
        let target = chunks.column(index, chunk: chunk)
        for (offset, row) in range.enumerated() { target[offset] = values[row] }
      }
    }
    self.init(
      rows: rows, covariateNames: covariateNames ?? Frame.defaultNames(covariates.count), treatmentName: "t",
      outcomeName: "y", layout: layout, source: .memory(chunks))
    try rows.communicator.agree {
      for (index, values) in columns.enumerated() {
        if let row = values.firstIndex(where: { !$0.isFinite }) {
          throw Failure(.data, "row \(row) (counted from 0) of column \(index) is not finite; remove or fill it")
        }
      }
      if let row = weight?.firstIndex(where: { $0 < 0 }) {
        throw Failure(.data, "the weight of row \(row) (counted from 0) is negative; weights are at least 0")
      }
    }
    try complete()
  }

  /// A frame of rows that a source gives. Collective.
  ///
  /// - Parameters:
  ///   - storage: whether the rows are read once, or anew in every pass.
  /// - Throws: on all ranks the same ``Failure``: what the source throws; `data` when no weight is positive.
  package convenience init(
    _ source: some ChunkSource, rows: DistributedRows, covariateNames: [String], treatmentName: String,
    outcomeName: String, layout: FrameLayout, storage: FrameStorage
  ) throws {
    let reader = ChunkReader(source: source, grid: rows.grid, columnCount: layout.columnCount)
    let kept: Source =
      switch storage {
      case .memory:
        .memory(FrameChunks(capacity: rows.localChunks.count, columnCount: layout.columnCount, of: rows.grid))
      case .stream(let windowBytes):
        .stream(FrameStream(reader, localChunks: rows.localChunks, windowBytes: windowBytes))
      }
    self.init(
      rows: rows, covariateNames: covariateNames, treatmentName: treatmentName, outcomeName: outcomeName,
      layout: layout, source: kept)
    try rows.communicator.agree {
      if case .memory(let chunks) = kept { try reader.read(rows.localChunks, into: chunks) }
    }
    try complete()
  }

  /// Names for covariates that have none: x0, x1, …
  public static func defaultNames(_ count: Int) -> [String] { (0..<count).map { "x\($0)" } }

  /// What both ways of making a table end with. Collective.
  private func complete() throws {
    if variables.contains(.weight) { try requirePositiveWeight() }
    digest = try computeDigest()
  }

  /// Refuses weights that are all zero.
  private func requirePositiveWeight() throws {
    let total = try rows.sum(0.0) { partial, chunk in
      guard let weight = try weight(chunk: chunk) else { return }
      for row in 0..<rowCount(ofChunk: chunk) { partial += weight[row] }
    }
    guard total > 0 && total.isFinite else {
      throw Failure(.data, "the weights add up to \(total); at least one must be positive, and their sum finite")
    }
  }

  /// The SHA-256 of the digests of all chunks, in order, and of the names. Collective.
  ///
  /// It depends on the rows, their order, the variables and the chunk length, not on how the rows are cut into files or
  /// spread over ranks.
  private func computeDigest() throws -> String {
    let local = try rows.communicator.agree { try rows.localChunks.flatMap { try digestBytes(ofChunk: $0) } }
    let parts = try rows.communicator.allGather(local)
    var digest = SHA256Digest()
    digest.update(rows.rowCount)
    for variable in Variable.allCases where variables.contains(variable) { digest.update(variable.rawValue) }
    for name in covariateNames + [treatmentName, outcomeName] { digest.update(name) }
    let ranks = parts.indices.sorted {
      rows.partition.chunks[$0].lowerBound < rows.partition.chunks[$1].lowerBound
    }
    for rank in ranks { digest.update(parts[rank]) }
    return digest.finalize()
  }

  private func digestBytes(ofChunk chunk: Int) throws -> [UInt8] {
    var digest = SHA256Digest()
    let bytes = rowCount(ofChunk: chunk) * MemoryLayout<Double>.stride
    for index in 0..<layout.columnCount {
      digest.update(UnsafeRawBufferPointer(start: try column(index, chunk: chunk), count: bytes))
    }
    if let sources = try sources(chunk: chunk) { digest.update(Array(sources)) }
    return digest.finalizeBytes()
  }
}
