import Communication
import Diagnostics
import Frames
import Storage

/// Consecutive rows of one file that are consecutive rows of the problem.
struct ShardPiece: Sendable {
  let path: String
  /// The place of the file in the collection.
  let shard: Int
  /// Rows of the file.
  let rows: Range<Int>
  /// The global row of the first of them.
  let globalStart: Int
}

extension ShardCollection {
  /// The pieces of files that hold global rows, in order.
  func pieces(of rows: Range<Int>) -> [ShardPiece] {
    shards.enumerated().compactMap { index, shard in
      let overlap = shard.rows.clamped(to: rows)
      guard !overlap.isEmpty else { return nil }
      let start = overlap.lowerBound - shard.rows.lowerBound
      return ShardPiece(
        path: shard.path, shard: index, rows: start..<start + overlap.count, globalStart: overlap.lowerBound)
    }
  }

  /// Where a global row lies: the file, and the row of it, counted from 0.
  public func place(ofRow row: Int) -> (file: String, row: Int) {
    let piece = pieces(of: row..<row + 1)[0]
    return (piece.path, piece.rows.lowerBound)
  }

  /// The identifiers of global rows; nil when not every shard has them.
  public func identifiers(ofRows rows: Range<Int>) throws -> Identifiers? {
    guard roles.contains(.identifier) else { return nil }
    var identifiers: Identifiers = hasTextIdentifiers ? .strings([]) : .integers([])
    for piece in pieces(of: rows) {
      let file = try HDF5File.open(piece.path)
      let dataset = try file.dataset(names.identifier)
      identifiers.append(
        hasTextIdentifiers
          ? .strings(try dataset.readStrings(rows: piece.rows))
          : .integers(try dataset.readCodes(rows: piece.rows, of: .identifier)))
    }
    return identifiers
  }

  /// Reads the identifiers of all rows and lets them go: what is written after a fit is found unreadable before it.
  /// Collective.
  ///
  /// - Throws: on all ranks the same ``Failure`` `data` that names the first row whose identifier is none.
  public func checkIdentifiers(on communicator: any Communicator) throws {
    let rows = DistributedRows(rowCount: rowCount, communicator: communicator)
    try communicator.agree {
      guard roles.contains(.identifier) else { return }
      for chunk in rows.localChunks {
        do {
          _ = try identifiers(ofRows: rows.grid.rows(ofChunk: chunk))
        } catch let failure as Failure {
          throw Failure(failure.exitCode, "\(failure.message); or leave identifiers out with --id \(DatasetNames.none)")
        }
      }
    }
  }

  /// Whether every shard has a dataset that is no column, such as `truth/g`.
  public func hasNumbers(named name: String) throws -> Bool {
    try shards.allSatisfy { shard in
      let file = try HDF5File.open(shard.path)
      return try file.hasDataset(name)
    }
  }

  /// Numbers of global rows from a dataset that is no column, such as `truth/g`; row-major.
  ///
  /// - Throws: ``Failure`` `data` when a shard lacks the dataset, or it is shorter than the shard.
  public func numbers(named name: String, ofRows rows: Range<Int>) throws -> [Double] {
    var numbers: [Double] = []
    for piece in pieces(of: rows) {
      let file = try HDF5File.open(piece.path)
      let dataset = try file.dataset(name)
      guard try dataset.rowCount() >= piece.rows.upperBound else {
        throw Failure(.data, "\(dataset.location) has fewer rows than the columns beside it; write the file again")
      }
      numbers += try dataset.read(rows: piece.rows)
    }
    return numbers
  }
}
