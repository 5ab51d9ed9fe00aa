import Communication
import Diagnostics
import Frames
import Testing

@Suite struct ChunkSourceTests {
  private static let rowCount = 3_333

  private static func rows(_ communicator: any Communicator, chunkLength: Int) -> DistributedRows {
    DistributedRows(rowCount: rowCount, chunkLength: chunkLength, communicator: communicator)
  }

  @Test(arguments: [1, 2, 3], [1024, 64, 4])
  func `generated rows are those of arrays to the bit, in memory and streamed`(ranks: Int, chunkLength: Int) throws {
    let columns = ExampleSource().columns(rowCount: Self.rowCount)
    let storages = [FrameStorage.memory, .stream(windowBytes: 1 << 18), .stream(windowBytes: 1)]
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = Self.rows(communicator, chunkLength: chunkLength)
      let frame = try Frame(rows: rows, columns: columns)
      let generated = try storages.map {
        try Frame(ExampleSource(), rows: rows, schema: ExampleSource.schema, storage: $0)
      }
      #expect(generated.map(\.isStreamed) == [false, true, true])
      #expect(generated.allSatisfy { $0.digest == frame.digest })
      // Streamed frames make their rows anew.
      return try [frame.bits()] + generated.map { try $0.bits() } + generated.map { try $0.bits() }
    }
    let expected = columns.map(\.bits)
    for index in 0..<7 { #expect(joined(results.map { $0[index] }) == expected) }
  }

  @Test(arguments: [1, 3]) func `unused rows are 0 and columns are aligned`(ranks: Int) throws {
    _ = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let rows = Self.rows(communicator, chunkLength: 1024)
      let frame = try Frame(ExampleSource(), rows: rows, schema: ExampleSource.schema, storage: .stream(windowBytes: 1))
      for chunk in rows.localChunks {
        for (index, column) in frame.schema.columns.enumerated() {
          let used = frame.rowCount(ofChunk: chunk)
          if column.kind.holdsCodes {
            let codes = try frame.codes(index, chunk: chunk)
            #expect(Int(bitPattern: codes) % 64 == 0 && (used..<1024).allSatisfy { codes[$0] == 0 })
          } else {
            let values = try frame.reals(index, component: ExampleSource.components(column) - 1, chunk: chunk)
            #expect(Int(bitPattern: values) % 64 == 0 && (used..<1024).allSatisfy { values[$0] == 0 })
          }
        }
      }
    }
  }

  @Test func `the digest tells content, names, roles and levels apart, and not the number of ranks`() throws {
    func digest(_ columns: [FrameColumn], ranks: Int = 1) throws -> String {
      try LoopbackCommunicator.run(ranks: ranks) {
        try Frame(rows: Self.rows($0, chunkLength: 1024), columns: columns).digest
      }[0]
    }
    let values = ExampleValues.reals(Self.rowCount, 0)
    let codes = (0..<Self.rowCount).map { Int64($0 % 2) }
    func columns(
      _ name: String = "a", _ role: Role = .covariate, change: Double = 0, levels: [String] = ["x", "y"],
      allowsMissing: Bool = false
    ) -> [FrameColumn] {
      var values = values
      values[3_332] += change
      return [
        .real(name, role, values, allowsMissing: allowsMissing),
        .categorical("site", .institution, codes: codes, levels: levels),
      ]
    }
    let original = try digest(columns())
    #expect(try digest(columns(), ranks: 3) == original)
    #expect(try digest(columns(allowsMissing: true)) == original)
    let others = [
      columns("b"), columns("a", .proxy), columns(change: 0.5), columns(levels: ["x", "z"]),
      Array(columns().reversed()),
    ]
    let digests = try others.map { try digest($0) }
    #expect(Set(digests + [original]).count == 6)
  }

  /// One row of one column is spoilt.
  private struct Spoilt: ChunkSource {
    let column: Int
    let value: Double

    func fill(_ target: FrameChunks, with chunks: Range<Int>) throws {
      try ExampleSource().fill(target, with: chunks)
      for chunk in chunks where target.grid.rows(ofChunk: chunk).contains(2_222) {
        let offset = 2_222 - target.grid.rows(ofChunk: chunk).lowerBound
        if target.schema.columns[column].kind.holdsCodes {
          target.codes(column, chunk: chunk)[offset] = Int64(value)
        } else {
          target.reals(column, chunk: chunk)[offset] = value
        }
      }
    }
  }

  @Test(arguments: [
    ("age", Double.nan, "nan is not a finite number"), ("income", -.infinity, "-inf is not a finite number"),
    ("face", .infinity, "inf is not a finite number"), ("count", -0.5, "-0.5 is negative"),
    ("hospital", 3, "3 is no code of its 3 levels"), ("hospital", -1, "-1 is missing"),
    ("ward", -2, "-2 is no code of its 2 levels"), ("truth", -0x1p63, "-9223372036854775808 is missing"),
  ])
  func `a value that the schema does not allow is named by row and column`(
    name: String, value: Double, words: String
  ) throws {
    let source = Spoilt(column: try ExampleSource.schema.index(named: name), value: value)
    for (ranks, storage) in [(1, FrameStorage.memory), (3, .memory), (2, .stream(windowBytes: 1))] {
      let failure = #expect(throws: Failure.self) {
        try LoopbackCommunicator.run(ranks: ranks) {
          _ = try Frame(
            source, rows: Self.rows($0, chunkLength: 1024), schema: ExampleSource.schema, storage: storage)
        }
      }
      #expect(failure?.exitCode == .data)
      #expect(
        failure?.message.hasPrefix("row 2222 (counted from 0) of column '\(name)': \(words)") == true,
        "\(failure?.message ?? "")")
    }
  }

  @Test func `missing values are refused where an estimator takes none`() throws {
    let columns = ExampleSource().columns(rowCount: Self.rowCount)
    for ranks in [1, 3] {
      _ = try LoopbackCommunicator.run(ranks: ranks) { communicator in
        let frame = try Frame(rows: Self.rows(communicator, chunkLength: 64), columns: columns)
        try frame.requireComplete([0, 3, 7])
        for (name, row) in [("income", 4), ("face", 3), ("ward", 2), ("score", 0)] {
          let index = try frame.schema.index(named: name)
          let failure = #expect(throws: Failure.self) { try frame.requireComplete([0, index]) }
          #expect(
            failure?.message
              == "column '\(name)' is missing in row \(row) (counted from 0); remove such rows or fill them")
        }
      }
    }
  }
}
