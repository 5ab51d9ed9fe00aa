import Communication
import Diagnostics
import Foundation
import Frames
import Shards
import Storage
import TestSupport
import Testing

/// Columns of every role and kind, to files and back.
@Suite struct ShardColumnsTests {
  private static let rowCount = 3_100
  private static let everyRole = Set(Role.allCases)
  private static let missing: Set<Role> = everyRole.subtracting([.weight, .treatment, .outcome, .source, .institution])

  /// A loaded frame's digest, its bits by rank, and its columns.
  private struct Loaded: Sendable {
    var digest: String
    var bits: [[UInt64]]
    var schema: Schema
  }

  private static func load(
    _ paths: [String], ranks: Int, _ storage: FrameStorage = .memory, chunkLength: Int = 1024
  ) throws -> [Loaded] {
    try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let collection = try ShardCollection.open(paths)
      let rows = DistributedRows(rowCount: collection.rowCount, chunkLength: chunkLength, communicator: communicator)
      let frame = try Frame.load(
        collection, rows: rows, roles: everyRole, allowingMissing: missing, storage: storage)
      _ = try frame.bits()
      return Loaded(digest: frame.digest, bits: try frame.bits(), schema: frame.schema)
    }
  }

  private static func memory(_ rows: [Int], ranks: Int, chunkLength: Int = 1024) throws -> [Loaded] {
    try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let distributed = DistributedRows(rowCount: rows.count, chunkLength: chunkLength, communicator: communicator)
      let frame = try Frame(rows: distributed, columns: RoleRows(rowCount: rowCount).frameColumns(rows))
      return Loaded(digest: frame.digest, bits: try frame.bits(), schema: frame.schema)
    }
  }

  private static func requireEqual(_ loaded: [Loaded], _ expected: [Loaded]) {
    for (loaded, expected) in zip(loaded, expected) {
      #expect(loaded.digest == expected.digest)
      #expect(loaded.bits == expected.bits)
      func words(_ schema: Schema) -> [String] {
        schema.columns.map { "\($0.name) \($0.role) \($0.kind)" }
      }
      #expect(words(loaded.schema) == words(expected.schema))
    }
  }

  @Test(arguments: [1, 2, 3], [1, 3])
  func `every role and kind comes back, in memory and streamed`(ranks: Int, files: Int) throws {
    let folder = try ScratchFolder()
    let written = try RoleRows(rowCount: Self.rowCount).write(files: files, in: folder)
    for chunkLength in [1024, 4] {
      let expected = try Self.memory(written.flatMap(\.rows), ranks: ranks, chunkLength: chunkLength)
      // Of windows that hold one chunk of 1024 rows, and some hundred of 4.
      for storage in [FrameStorage.memory, .stream(windowBytes: 1 << 18)] {
        try Self.requireEqual(
          Self.load(written.map(\.path), ranks: ranks, storage, chunkLength: chunkLength), expected)
      }
    }
  }

  @Test func `shards in another order are the rows in that order, with the same codes`() throws {
    let folder = try ScratchFolder()
    let written = Array(try RoleRows(rowCount: Self.rowCount).write(files: 3, in: folder).reversed())
    try Self.requireEqual(
      Self.load(written.map(\.path), ranks: 2), Self.memory(written.flatMap(\.rows), ranks: 2))
  }

  @Test func `h5py reads names, roles, levels and values`() throws {
    let folder = try ScratchFolder()
    let rows = RoleRows(rowCount: 40)
    try rows.write(Array(0..<40), to: folder.file("a.h5"))
    let script = packageDirectory.appendingPathComponent("Tests/ShardsTests/Fixtures/read_columns.py").path
    let result = try python([script, folder.file("a.h5")])
    #expect(result.exitCode == 0, "\(result.error)")
    let lines = try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [Any])
    }
    var expected = rows.frameColumns(Array(0..<40))
    // The record lists the identifier before the columns of their own datasets.
    expected.insert(.integer("id", .identifier, (0..<40).map { Int64($0) * 7 }), at: 6)
    #expect(lines.count == expected.count + 1)
    for (line, column) in zip(lines, expected) {
      #expect(line[0] as? String == column.column.name && line[1] as? String == column.column.role.rawValue)
      let values = try #require(line[2] as? [Any])
      switch column.values {
      case .reals(let reals):
        #expect(values.map { ($0 as? String).flatMap(Double.init) } == reals.map { $0.isNaN ? nil : $0 })
      case .codes(let codes):
        if let levels = column.column.kind.levels {
          #expect(values.map { $0 as? String } == codes.map { $0 < 0 ? nil : levels[Int($0)] })
        } else {
          #expect(values.map { ($0 as? NSNumber)?.int64Value } == codes.map { $0 == .min ? nil : $0 })
        }
      case .texts: Issue.record("a frame holds no texts")
      }
    }
    #expect((lines.last?[2] as? [String])?[10] == "näht 10")
  }

  @Test func `missing values are refused by file, row and column unless they are asked for`() throws {
    let folder = try ScratchFolder()
    let written = try RoleRows(rowCount: Self.rowCount).write(files: 2, in: folder)
    for (role, dataset, row, words) in [
      (Role.cluster, "columns/hospital-ward-2", 0, "column 'hospital/ward': the value is missing"),
      (.proxy, "columns/score", 0, "column 'score': the value is missing"),
      (.covariate, "columns/scan", 0, "column 'scan': nan is not a finite number"),
      (.none, "columns/column", 0, "nan is not a finite number"),
    ] {
      for ranks in [1, 3] {
        let failure = failure {
          _ = try LoopbackCommunicator.run(ranks: ranks) { communicator in
            let collection = try ShardCollection.open(written.map(\.path))
            let rows = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
            _ = try Frame.load(collection, rows: rows, roles: [role])
          }
        }
        #expect(failure?.exitCode == .data)
        let start = "\(written[0].path): dataset '\(dataset)', row \(row) (counted from 0)"
        #expect(failure?.message.hasPrefix(start) == true && failure?.message.contains(words) == true, "\(failure!)")
      }
    }
  }

  @Test func `ten thousand levels come back`() throws {
    let folder = try ScratchFolder()
    let levels = (0..<10_000).map { "county \(10_000 + $0)" }
    var header = ShardHeader(covariateNames: ["a"])
    header.columns = [Column("county", .institution, .categorical(levels: levels))]
    let writer = try ShardWriter(
      path: folder.file("a.h5"), header: header, roles: [.covariate, .treatment], force: false)
    let values = (0..<10_000).map(Double.init)
    try writer.append(
      ShardBlock(covariates: values, treatment: values, columns: [.codes((0..<10_000).reversed().map(Int64.init))]))
    _ = try writer.finish()
    let collection = try ShardCollection.open([folder.file("a.h5")])
    #expect(try collection.schema.columns[collection.schema.index(of: .institution)].kind.levels == levels)
    let rows = DistributedRows(rowCount: 10_000, communicator: SoloCommunicator())
    let frame = try Frame.load(collection, rows: rows, roles: [.institution])
    #expect(try frame.bits()[0] == (0..<10_000).reversed())
  }

  @Test func `rows without treatment and covariates are shards, too`() throws {
    let folder = try ScratchFolder()
    var header = ShardHeader(covariateNames: [])
    header.columns = [Column("state", .unit, .categorical(levels: ["AL", "CA"])), Column("year", .period, .integer)]
    let writer = try ShardWriter(path: folder.file("a.h5"), header: header, roles: [.outcome], force: false)
    try writer.append(
      ShardBlock(outcome: [1, 2, 3, 4], columns: [.codes([0, 0, 1, 1]), .codes([1990, 1991, 1990, 1991])]))
    _ = try writer.finish()
    let collection = try ShardCollection.open([folder.file("a.h5")], required: [.outcome, .unit, .period])
    #expect(collection.roles == [.outcome, .unit, .period] && collection.rowCount == 4)
    let rows = DistributedRows(rowCount: 4, communicator: SoloCommunicator())
    let frame = try Frame.load(collection, rows: rows, roles: [.outcome, .unit, .period])
    #expect(try frame.bits() == [[1.0, 2, 3, 4].map(\.bitPattern), [0, 0, 1, 1], [1990, 1991, 1990, 1991]])
    let refusal = failure { _ = try ShardCollection.open([folder.file("a.h5")]) }
    #expect(refusal?.message.contains("has no dataset 'x' (covariates)") == true)
    let lacking = failure { _ = try ShardCollection.open([folder.file("a.h5")], required: [.outcome, .cluster]) }
    #expect(lacking?.message.contains("has no column that is cluster; give one this role") == true)
  }

  @Test func `shards that disagree on columns are refused with the difference`() throws {
    let folder = try ScratchFolder()
    let rows = RoleRows(rowCount: 12)
    try rows.write(Array(0..<12), to: folder.file("one.h5"))
    func disagreement(_ change: @escaping (inout ShardHeader) -> Void) throws -> String {
      let path = folder.file("two.h5")
      try? FileManager.default.removeItem(atPath: path)
      try rows.write(Array(0..<12), to: path, change: change)
      let refusal = failure { _ = try ShardCollection.open([folder.file("one.h5"), path]) }
      return refusal?.message.replacing("\(folder.file("one.h5")) and \(path) disagree on ", with: "") ?? ""
    }
    func place(_ name: String, _ role: Role) -> Int {
      RoleRows.columns(hospitals: []).firstIndex { $0.name == name && $0.role == role }!
    }
    let cases: [(String, (inout ShardHeader) -> Void)] = [
      (
        "the role of column 'distance' (instrument and proxy)",
        { $0.columns[place("distance", .instrument)].role = .proxy }
      ),
      (
        "what covariate 'grade' is (categories low, mid, high and integer)",
        { $0.columns[place("grade", .covariate)].kind = .integer }
      ),
      (
        "covariate 'grade', which \(folder.file("two.h5")) lacks",
        { $0.columns[place("grade", .covariate)].role = .instrument }
      ),
      (
        "what cluster 'hospital/ward' is (categories 1, 2 and integer)",
        { $0.columns[place("hospital/ward", .cluster)].kind = .integer }
      ),
      ("the institution ('hospital/ward' and 'clinic')", { $0.columns[0].name = "clinic" }),
      ("what source 'z' is (categories left, right and integer)", { $0.sourceLevels = nil }),
    ]
    for (words, change) in cases {
      #expect(try disagreement(change) == words + "; shards of one problem must agree")
    }
    // Levels of names may differ: they are those of both.
    #expect(try disagreement { $0.sourceLevels = ["right", "middle"] }.isEmpty)
    let both = try ShardCollection.open([folder.file("one.h5"), folder.file("two.h5")])
    #expect(try both.schema.columns[both.schema.index(of: .source)].kind.levels == ["left", "middle", "right"])
  }

  @Test func `a code without a level is named when it is read, and listed by an inspection`() throws {
    let folder = try ScratchFolder()
    try RoleRows(rowCount: 12).write(Array(0..<12), to: folder.file("a.h5")) {
      $0.columns[4].kind = .categorical(levels: ["x"])
    }
    let refusal = failure { _ = try Self.load([folder.file("a.h5")], ranks: 1) }
    #expect(refusal?.exitCode == .data)
    #expect(
      refusal?.message
        == "\(folder.file("a.h5")): dataset 'columns/arm', row 2 (counted from 0), column 'arm': 1 is no code of its 1 "
        + "levels; write the file again")
    let inspection = ShardInspection([folder.file("a.h5")])
    #expect(
      inspection.files[0].problems == [
        "\(folder.file("a.h5")): column 'arm' has 6 codes that none of its levels has; write the file again"
      ])
  }

  @Test func `an inspection gives roles, kinds, levels and missing values`() throws {
    let folder = try ScratchFolder()
    try RoleRows(rowCount: 30).write(Array(0..<30), to: folder.file("a.h5"))
    let inspection = ShardInspection([folder.file("a.h5")])
    #expect(inspection.isSound, "\(inspection.files[0].problems)")
    let columns = inspection.files[0].columns
    #expect(
      columns.map(\.role).prefix(8) == [
        .covariate, .covariate, .treatment, .outcome, .weight, .source, .identifier, .institution,
      ])
    let cluster = try #require(columns.first { $0.role == .cluster })
    #expect(cluster.kind == "categorical" && cluster.levels == ["1", "2"] && cluster.missing == 5)
    let score = try #require(columns.first { $0.role == .proxy })
    #expect(score.kind == "integer" && score.missing == 6 && score.minimum == -999 && score.maximum == -971)
    let scan = try #require(columns.first { $0.name == "scan" })
    #expect(scan.kind == "vector" && scan.missing == 8)
    #expect(inspection.institutions == ["a", "north", "south", "Ü/1"])
  }

  @Test func `a text that holds a zero character is refused`() throws {
    let folder = try ScratchFolder()
    var header = ShardHeader(covariateNames: ["a"])
    header.columns = [Column("note", .none, .text)]
    let refusal = failure {
      let writer = try ShardWriter(
        path: folder.file("a.h5"), header: header, roles: [.covariate, .treatment], force: false)
      try writer.append(ShardBlock(covariates: [1], treatment: [1], columns: [.texts(["a\0b"])]))
      _ = try writer.finish()
    }
    #expect(refusal == Failure(.data, "\(folder.file("a.h5")): the text 'a\\0b' holds a zero character; remove it"))
  }
}

/// Shards of format 1, as an earlier version wrote them.
@Suite struct FirstFormatTests {
  private static let folder = packageDirectory.appendingPathComponent("Tests/ShardsTests/Fixtures/format-1").path

  @Test(arguments: [1, 2, 3]) func `shards of format 1 are read, with a column of institutions`(ranks: Int) throws {
    let roles: Set<Role> = [.covariate, .treatment, .outcome, .weight, .source, .institution]
    let results = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let collection = try ShardCollection.open([Self.folder])
      let rows = DistributedRows(rowCount: 5, chunkLength: 2, communicator: communicator)
      let frame = try Frame.load(collection, rows: rows, roles: roles)
      return (try frame.bits(), frame.schema)
    }
    let bits = results.dropFirst().reduce(results[0].0) { zip($0, $1.0).map { $0 + $1 } }
    #expect(
      results[0].1.columns == [
        Column("age", .covariate), Column("sex=m", .covariate), Column("sex=(missing)", .covariate),
        Column("dose", .treatment), Column("survival", .outcome), Column("weight", .weight),
        Column("z", .source, .categorical(levels: ["a", "b", "c"])),
        Column("institution", .institution, .categorical(levels: ["South", "Zürich"])),
      ])
    let reals: [[Double]] = [
      [71, 49, 64, 58, 60.5], [1, 0, 0, 1, 0], [0, 1, 0, 0, 0], [2, -0.25, 1.5, 0.1, 2.5],
      [290.25, 301.5, 310, 402, 275],
      [2.5, 1, 1, 0, 0.5],
    ]
    #expect(Array(bits.prefix(6)) == reals.map { $0.map(\.bitPattern) })
    #expect(Array(bits.suffix(2)) == [[0, 2, 1, 1, 0], [0, 0, 1, 1, 1]])
  }

  @Test func `names, identifiers and manifest of format 1 are as they were`() throws {
    let collection = try ShardCollection.open([Self.folder])
    #expect(collection.treatmentName == "dose" && collection.outcomeName == "survival")
    #expect(collection.covariates == [Covariate("age"), Covariate("sex", levels: ["f", "m", "(missing)"])])
    #expect(collection.shards.map(\.institution) == ["South", "Zürich"])
    #expect(try collection.identifiers(ofRows: 1..<4) == .strings(["p006", "p001", "p003"]))
    let manifest = try #require(try Manifest.read(fromFolder: Self.folder))
    #expect(manifest.encodingVersion == "1.0.0" && manifest.columns == nil)
    #expect(collection.shards.map(\.statedDigest) == manifest.shards.map(\.sha256))
    #expect(ShardInspection([Self.folder]).isSound)
  }

  @Test func `shards of both formats are one collection, with the institutions of both`() throws {
    let folder = try ScratchFolder()
    var header = ShardHeader(covariates: [Covariate("age"), Covariate("sex", levels: ["f", "m", "(missing)"])])
    header.sourceLevels = ["a", "b", "c"]
    (header.treatmentName, header.outcomeName) = ("dose", "survival")
    header.columns = [Column("hospital", .institution, .categorical(levels: ["Zürich", "Basel"]))]
    let writer = try ShardWriter(
      path: folder.file("a.h5"), header: header, roles: [.covariate, .treatment, .outcome, .source, .identifier],
      force: false)
    try writer.append(
      ShardBlock(
        covariates: [1, 0, 0, 2, 0, 1], treatment: [1, 2], outcome: [3, 4], source: [1, 0],
        identifiers: .strings(["a", "b"]), columns: [.codes([1, 0])]))
    _ = try writer.finish()
    for paths in [[Self.folder, folder.file("a.h5")], [folder.file("a.h5"), Self.folder]] {
      let collection = try ShardCollection.open(paths)
      let column = try collection.schema.columns[collection.schema.index(of: .institution)]
      #expect(column.name == "hospital" && column.kind.levels == ["Basel", "South", "Zürich"])
      #expect(!collection.roles.contains(.weight))
      let rows = DistributedRows(rowCount: 7, communicator: SoloCommunicator())
      let frame = try Frame.load(collection, rows: rows, roles: [.institution])
      let all: [Int64] = paths[0] == Self.folder ? [1, 1, 2, 2, 2, 0, 2] : [0, 2, 1, 1, 2, 2, 2]
      #expect(try frame.bits()[0] == all.map { UInt64(bitPattern: $0) })
    }
  }
}
