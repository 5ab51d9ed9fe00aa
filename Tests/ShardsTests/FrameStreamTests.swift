import Communication
import Diagnostics
import Frames
import Shards
import TestSupport
import Testing

@Suite struct FrameStreamTests {
  private static let rowCount = 13_000
  /// One chunk of seven columns of doubles.
  private static let chunkBytes = 7 * 8 * RowGrid.defaultChunkLength
  private static let roles = FrameTests.all

  private static func load(
    _ paths: [String], on communicator: any Communicator, _ storage: FrameStorage
  ) throws -> Frame {
    let collection = try ShardCollection.open(paths)
    let rows = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
    return try Frame.load(collection, rows: rows, roles: roles, storage: storage)
  }

  /// What a table says of itself, before and after its columns are scaled.
  private static func account(
    _ paths: [String], on communicator: any Communicator, _ storage: FrameStorage
  ) throws -> ([FrameContent], [ColumnSummary], [[Double]]) {
    let table = try load(paths, on: communicator, storage)
    let raw = try FrameContent(table)
    try table.takeWeights(as: .sampling)
    let summary = try table.summary()
    table.standardize(center: summary.prefix(4).map(\.mean), scale: summary.prefix(4).map(\.standardDeviation))
    return ([raw, try FrameContent(table)], try table.summary(), try table.quantiles(of: [0, 0.3, 0.5, 1]))
  }

  @Test(arguments: [1, 2, 3], [1, 2, 5, 100]) func `Rows are those in memory`(ranks: Int, windowChunks: Int) throws {
    let folder = try ScratchFolder()
    let paths = try ExampleRows(rowCount: Self.rowCount).write(files: 3, in: folder)
    let storage = FrameStorage.stream(windowBytes: windowChunks * Self.chunkBytes)
    let pairs = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      (
        memory: try Self.account(paths, on: communicator, .memory),
        stream: try Self.account(paths, on: communicator, storage)
      )
    }
    for (memory, stream) in pairs {
      #expect(memory.0 == stream.0)
      #expect(memory.1 == stream.1)
      #expect(memory.2 == stream.2)
    }
  }

  @Test(arguments: [1, 3, 8], [1, 4, 16])
  func `Short chunks hold the rows of the files, in memory and streamed`(ranks: Int, chunkLength: Int) throws {
    let folder = try ScratchFolder()
    let example = ExampleRows(rowCount: 139)
    let paths = try example.write(files: 3, in: folder)
    let collection = try ShardCollection.open(paths)
    for storage in [FrameStorage.memory, .stream(windowBytes: 5 * 7 * 8 * 16)] {
      let parts = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let rows = DistributedRows(rowCount: 139, chunkLength: chunkLength, communicator: communicator)
        let table = try Frame.load(collection, rows: rows, roles: Self.roles, storage: storage)
        for chunk in rows.localChunks {
          let (range, treatment) = (rows.grid.rows(ofChunk: chunk), try table.treatment(chunk: chunk))
          #expect(Int(bitPattern: treatment) % 64 == 0)
          #expect((range.count..<rows.grid.columnStride).allSatisfy { treatment[$0] == 0 })
        }
        return try FrameContent(table)
      }
      #expect(parts.flatMap { $0.columns[0] } == example.covariates[0])
      #expect(parts.flatMap { $0.columns[3] } == example.treatment)
      #expect(parts.flatMap { $0.columns[5] } == example.weight)
      #expect(parts.flatMap(\.sources) == example.source)
    }
  }

  @Test func `Chunks come in any order`() throws {
    let folder = try ScratchFolder()
    let rows = ExampleRows(rowCount: Self.rowCount)
    let paths = try rows.write(files: 2, in: folder)
    let table = try Self.load(paths, on: SoloCommunicator(), .stream(windowBytes: 3 * Self.chunkBytes))
    func requireChunk(_ chunk: Int) throws {
      let range = table.rows.grid.rows(ofChunk: chunk)
      let treatment = try table.treatment(chunk: chunk)
      let covariate = try table.pointer(covariate: 2, chunk: chunk)
      let weight = try #require(try table.weight(chunk: chunk))
      #expect(range.enumerated().allSatisfy { treatment[$0.offset] == rows.treatment[$0.element] })
      #expect(range.enumerated().allSatisfy { covariate[$0.offset] == rows.covariates[2][$0.element] })
      #expect(range.enumerated().allSatisfy { weight[$0.offset] == rows.weight[$0.element] })
      #expect(try table.sources(chunk: chunk).map(Array.init) == Array(rows.source[range]))
    }
    // Chunks on their own, more of them than are kept, between the chunks of passes.
    for chunk in [7, 12, 1, 7, 3, 9, 11, 5, 12, 0, 4, 1, 2, 8, 3, 3, 12, 10, 4, 5, 6, 0, 12] { try requireChunk(chunk) }
    for chunk in table.rows.localChunks {
      try requireChunk(chunk)
      try requireChunk((chunk * 5 + 3) % 13)
    }
    for chunk in table.rows.localChunks { try requireChunk(chunk) }
  }

  @Test func `Unused rows are zero in every pass`() throws {
    let folder = try ScratchFolder()
    let paths = try ExampleRows(rowCount: 2 * RowGrid.defaultChunkLength + 76).write(files: 1, in: folder)
    let table = try Self.load(paths, on: SoloCommunicator(), .stream(windowBytes: Self.chunkBytes))
    for _ in 0..<3 {
      for chunk in 0..<3 { _ = try table.treatment(chunk: chunk) }
      let column = try table.pointer(covariate: 0, chunk: 2)
      #expect(Int(bitPattern: column) % 64 == 0)
      #expect((76..<RowGrid.defaultChunkLength).allSatisfy { column[$0] == 0 })
    }
  }

  @Test(arguments: [(0, Double.nan), (1, .infinity), (2, -0.5)])
  func `A value that is no use is named as in memory`(place: Int, value: Double) throws {
    let folder = try ScratchFolder()
    var rows = ExampleRows(rowCount: 4_000)
    switch place {
    case 0: rows.covariates[2][3_333] = value
    case 1: rows.outcome[3_333] = value
    default: rows.weight[3_333] = value
    }
    let paths = try rows.write(files: 2, in: folder)
    for ranks in [1, 3] {
      let refusals = [.memory, .stream(windowBytes: Self.chunkBytes)].map { storage in
        failure { _ = try LoopbackCommunicator.run(ranks: ranks) { _ = try Self.load(paths, on: $0, storage) } }
      }
      #expect(refusals[0]?.exitCode == .data)
      #expect(refusals[0] == refusals[1])
      #expect(refusals[1]?.message.contains("row 2333 (counted from 0)") == true)
    }
  }

  @Test func `Resident bytes are those of windows`() {
    let grid = RowGrid(rowCount: 1_024_000)
    let stream = FrameStorage.stream(windowBytes: 1 << 20)
    #expect(FrameStorage.memory.residentBytes(chunkCount: 1_000, columnCount: 9, of: grid) == 9 * 1_024_000 * 8)
    #expect(stream.residentBytes(chunkCount: 1_000, columnCount: 9, of: grid) == 3 << 20)
    #expect(stream.residentBytes(chunkCount: 2, columnCount: 9, of: grid) == 2 * 9 * 8 * 1_024)
  }
}
