import Communication
import Diagnostics
import Foundation
import Frames
import Shards
import TestSupport
import Testing

/// Rows of every kind of variable, made of a counter, so that every value tells its place.
struct ExampleRows {
  var covariates: [[Double]]
  var treatment: [Double]
  var outcome: [Double]
  var weight: [Double]
  var source: [Int64]
  var identifiers: [String]

  init(rowCount: Int, covariateCount: Int = 3) {
    func value(_ row: Int, _ column: Int) -> Double {
      var bits = UInt64(row) &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(column) &* 0xD1B5_4A32_D192_ED03
      bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
      bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
      return (Double(bits >> 11) / 0x1p53 - 0.5) * (column == 1 ? 1e6 : 2)
    }
    let rows = 0..<rowCount
    covariates = (0..<covariateCount).map { column in rows.map { value($0, column) } }
    treatment = rows.map { value($0, 100) }
    outcome = rows.map { value($0, 101) }
    weight = rows.map { abs(value($0, 102)) }
    source = rows.map { Int64($0 % 3) }
    identifiers = rows.map { "row-\($0)" }
  }

  var rowCount: Int { treatment.count }
  var names: [String] { covariates.indices.map { "covariate \($0)" } }
  static let roles: Set<Role> = [.covariate, .treatment, .outcome, .source, .weight, .identifier]

  func block(_ rows: Range<Int>) -> ShardBlock {
    ShardBlock(
      covariates: rows.flatMap { row in covariates.map { $0[row] } }, treatment: Array(treatment[rows]),
      outcome: Array(outcome[rows]), source: Array(source[rows]), weight: Array(weight[rows]),
      identifiers: .strings(Array(identifiers[rows])))
  }

  /// Writes rows as one shard, appended in blocks of `blockLength`.
  @discardableResult
  func write(
    _ rows: Range<Int>, to path: String, blockLength: Int = 1000, change: (inout ShardHeader) -> Void = { _ in }
  ) throws -> Manifest.Shard {
    var header = ShardHeader(covariateNames: names)
    change(&header)
    let writer = try ShardWriter(path: path, header: header, roles: Self.roles, force: false)
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: blockLength) {
      try writer.append(block(start..<min(start + blockLength, rows.upperBound)))
    }
    return try writer.finish()
  }

  /// Writes all rows, cut into `files` shards of unequal lengths; returns the paths.
  func write(files: Int, in folder: ScratchFolder) throws -> [String] {
    let cuts = (0...files).map { rowCount * $0 * $0 / (files * files) }
    return try (0..<files).map { index in
      let path = folder.file("part-\(files)-\(index).h5")
      try write(cuts[index]..<cuts[index + 1], to: path)
      return path
    }
  }
}

/// What the tests read of a table, gathered over all ranks.
struct FrameContent: Equatable, Sendable {
  var columns: [[Double]]
  var sources: [Int64]
  var digest: String

  init(_ paths: [String], ranks: Int, names: DatasetNames = DatasetNames(), roles: Set<Role>) throws {
    let parts = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let collection = try ShardCollection.open(paths, names: names)
      let rows = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
      return try FrameContent(
        Frame.load(collection, rows: rows, roles: roles.union([.covariate, .treatment])))
    }
    self = parts[0]
    for part in parts.dropFirst() {
      #expect(part.digest == digest)
      for index in columns.indices { columns[index] += part.columns[index] }
      sources += part.sources
    }
  }

  init(_ table: Frame) throws {
    func collect(_ pointer: (Int) throws -> UnsafePointer<Double>?) rethrows -> [Double] {
      try table.rows.localChunks.flatMap { chunk in
        Array(UnsafeBufferPointer(start: try pointer(chunk), count: table.rowCount(ofChunk: chunk)))
      }
    }
    columns = try (0..<table.covariateCount).map { covariate in
      try collect { try table.pointer(covariate: covariate, chunk: $0) }
    }
    columns.append(try collect { try table.treatment(chunk: $0) })
    if table.roles.contains(.outcome) { columns.append(try collect { try table.outcome(chunk: $0) }) }
    if table.roles.contains(.weight) { columns.append(try collect { try table.weight(chunk: $0) }) }
    sources = try table.rows.localChunks.flatMap { try table.sources(chunk: $0) ?? [] }
    digest = table.digest
  }
}

/// Runs a Python script with h5py and numpy, and returns what it printed.
func pythonOutput(_ script: String, _ arguments: String...) throws -> String {
  let result = try python(["-c", script] + arguments)
  #expect(result.exitCode == 0, "\(result.error)")
  return result.output
}
