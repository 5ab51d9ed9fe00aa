import Communication
import Diagnostics
import Foundation
import Frames
import Shards
import Storage
import TestSupport
import Testing

/// Shards whose covariates have other levels, or other references, in each file.
@Suite struct CovariateLevelsTests {
  private static let roles: Set<Role> = [.covariate, .treatment]
  /// Region and age by row.
  private static let regions = ["A", "C", "A", "B", "B", "C", "C", "A", "B", "B"]
  private static func age(_ row: Int) -> Double { 20 + 1.5 * Double(row) }

  /// A file of some rows, with the indicators of the levels given.
  private static func write(_ rows: Range<Int>, levels: [String], to path: String) throws {
    let header = ShardHeader(covariates: [Covariate("region", levels: levels), Covariate("age")])
    let writer = try ShardWriter(path: path, header: header, roles: roles, force: true)
    let x = rows.flatMap { row in levels.dropFirst().map { $0 == regions[row] ? 1.0 : 0 } + [age(row)] }
    try writer.append(ShardBlock(covariates: x, treatment: rows.map(Double.init)))
    _ = try writer.finish()
  }

  private struct Loaded: Equatable, Sendable {
    var digest: String
    var bits: [[UInt64]]
    var covariates: [Covariate]
  }

  private static func load(
    _ paths: [String], ranks: Int = 1, as target: [Covariate]? = nil, storage: FrameStorage = .memory
  ) throws -> Loaded {
    let parts = try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let collection = try ShardCollection.open(paths, as: target)
      let rows = DistributedRows(rowCount: collection.rowCount, chunkLength: 4, communicator: communicator)
      let frame = try Frame.load(
        collection, rows: rows, roles: roles, covariatesAsNumbers: true, storage: storage)
      return Loaded(digest: frame.digest, bits: try frame.bits(), covariates: frame.covariates)
    }
    return parts.dropFirst().reduce(into: parts[0]) { all, part in
      all.bits = zip(all.bits, part.bits).map { $0 + $1 }
    }
  }

  @Test(arguments: [1, 3], [false, true])
  func `files with some of the levels are the rows of one file with all`(ranks: Int, isStreamed: Bool) throws {
    let folder = try ScratchFolder()
    let paths = (0..<3).map { folder.file("site-\($0).h5") }
    try Self.write(0..<10, levels: ["A", "B", "C"], to: folder.file("all.h5"))
    try Self.write(0..<3, levels: ["A", "C"], to: paths[0])
    try Self.write(3..<5, levels: ["B"], to: paths[1])
    // The reference is not the first of all.
    try Self.write(5..<10, levels: ["C", "B", "A"], to: paths[2])
    let storage: FrameStorage = isStreamed ? .stream() : .memory
    let all = try Self.load([folder.file("all.h5")])
    #expect(try Self.load(paths, ranks: ranks, storage: storage) == all)
    #expect(all.covariates == [Covariate("region", levels: ["A", "B", "C"]), Covariate("age")])
    let findings = try ShardCollection.open(paths).findings
    #expect(
      findings == [.note(.differentLevels, [.column: .name("region"), .levels: .names(["A", "B", "C"])])])
    let inspection = ShardInspection(paths)
    #expect(inspection.isSound && inspection.findings == findings)
    #expect(try ShardCollection.open([paths[1]]).findings.map(\.code) == [.singleLevel])
    #expect(try ShardCollection.open([folder.file("all.h5")]).findings.isEmpty)
  }

  @Test func `the order of files does not change what the columns are`() throws {
    let folder = try ScratchFolder()
    let paths = ["one.h5", "two.h5"].map(folder.file)
    try Self.write(0..<3, levels: ["A", "C"], to: paths[0])
    try Self.write(3..<6, levels: ["C", "B"], to: paths[1])
    #expect(try ShardCollection.open(paths).covariates == ShardCollection.open(paths.reversed()).covariates)
  }

  @Test func `a reference that all files chose stays`() throws {
    let folder = try ScratchFolder()
    let paths = ["one.h5", "two.h5"].map(folder.file)
    try Self.write(0..<3, levels: ["C", "A"], to: paths[0])
    try Self.write(3..<6, levels: ["C", "B"], to: paths[1])
    #expect(try ShardCollection.open(paths).covariateNames == ["region=A", "region=B", "age"])
  }

  @Test func `new rows are coded by the levels of a model, and levels that it does not know are refused`() throws {
    let folder = try ScratchFolder()
    let model = [Covariate("region", levels: ["A", "B", "C"]), Covariate("age")]
    let path = folder.file("new.h5")
    try Self.write(3..<5, levels: ["B"], to: path)
    let (one, zero) = (1.0.bitPattern, 0.0.bitPattern)
    #expect(try Self.load([path], as: model).bits.prefix(2) == [[one, one], [zero, zero]])
    func refusal(_ model: [Covariate]) -> Failure? { failure { _ = try ShardCollection.open([path], as: model) } }
    let unknown = refusal([Covariate("region", levels: ["A", "C"]), Covariate("age")])
    #expect(
      unknown?.message.hasPrefix(
        "\(path): covariate 'region' has the levels B, and the model was fitted to A, C: it knows nothing of 'B'")
        == true)
    for other in [
      [Covariate("region"), Covariate("age")], [Covariate("age")], [Covariate("age"), model[0]],
      [model[0], Covariate("weight")],
    ] {
      let refusal = refusal(other)
      #expect(refusal?.exitCode == .data)
      #expect(
        refusal?.message.contains("has covariates region (B), age, the model was fitted to") == true)
    }
  }

  @Test func `what cannot be told apart is refused`() throws {
    let folder = try ScratchFolder()
    let paths = ["one.h5", "two.h5", "three.h5"].map(folder.file)
    try Self.write(0..<3, levels: ["A", "C"], to: paths[0])
    try Self.write(3..<6, levels: ["B", "C"], to: paths[1])
    // A file of another program, whose second column may be any level.
    let foreign = try HDF5File.create(paths[2])
    try foreign.write((0..<8).map(Double.init), shape: [4, 2], to: "x")
    try foreign.write([1.0, 2, 3, 4], to: "t")
    try foreign.close()
    #expect(try ShardCollection.open([paths[0], paths[2]]).rowCount == 7)
    for order in [paths, paths.reversed()] {
      let refusal = failure { _ = try ShardCollection.open(order) }
      #expect(refusal?.message.contains("\(paths[2]) does not say what its covariates are") == true)
      #expect(ShardInspection(order).disagreements.count == 1)
    }
    // Numbers in one file, categories in another.
    let header = ShardHeader(covariateNames: ["region", "age"])
    let writer = try ShardWriter(path: paths[1], header: header, roles: Self.roles, force: true)
    try writer.append(ShardBlock(covariates: [1, 2], treatment: [1]))
    _ = try writer.finish()
    let refusal = failure { _ = try ShardCollection.open(Array(paths.prefix(2))) }
    #expect(
      refusal?.message.hasPrefix(
        "\(paths[0]) and \(paths[1]) disagree on what covariate 'region' is (categories A, C and numbers") == true)
  }

  @Test func `an indicator that is none is named when it is to be converted`() throws {
    let folder = try ScratchFolder()
    let paths = ["one.h5", "two.h5"].map(folder.file)
    try Self.write(0..<3, levels: ["A", "C"], to: paths[0])
    let header = ShardHeader(covariates: [Covariate("region", levels: ["A", "B"]), Covariate("age")])
    let writer = try ShardWriter(path: paths[1], header: header, roles: Self.roles, force: true)
    try writer.append(ShardBlock(covariates: [1, 30, 0.5, 40], treatment: [1, 2]))
    _ = try writer.finish()
    let refusal = failure { _ = try Self.load(paths) }
    #expect(
      refusal?.message
        == "\(paths[1]): dataset 'x', row 1 (counted from 0), column 'region=B': 0.5 is neither 0 nor 1, as an indicator "
        + "must be; write the file again")
  }
}

/// Covariates that lie beside x, as a fit reads them.
@Suite struct CovariatesBesideXTests {
  private static func write(
    _ path: String, levels: [String], codes: [Int64], _ change: (inout ShardHeader) -> Void = { _ in }
  )
    throws
  {
    var header = ShardHeader(covariateNames: ["age"])
    header.columns = [
      Column("grade", .covariate, .categorical(levels: levels)), Column("scan", .covariate, .vector(width: 2)),
      Column("visits", .covariate, .integer),
    ]
    change(&header)
    let rows = codes.indices
    let writer = try ShardWriter(path: path, header: header, roles: [.covariate, .treatment], force: false)
    try writer.append(
      ShardBlock(
        covariates: rows.map { Double($0) }, treatment: rows.map { -Double($0) },
        columns: [
          .codes(codes), .reals(rows.flatMap { [Double($0) + 0.25, Double($0) + 0.5] }),
          .codes(rows.map { Int64($0) * 7 }),
        ]))
    _ = try writer.finish()
  }

  private static func load(_ paths: [String]) throws -> Frame {
    let collection = try ShardCollection.open(paths)
    let rows = DistributedRows(rowCount: collection.rowCount, communicator: SoloCommunicator())
    return try Frame.load(collection, rows: rows, roles: [.covariate, .treatment], covariatesAsNumbers: true)
  }

  @Test func `categories become indicators, and vectors and integers numbers`() throws {
    let folder = try ScratchFolder()
    let paths = ["one.h5", "two.h5"].map(folder.file)
    try Self.write(paths[0], levels: ["low", "high"], codes: [0, 1, 0])
    try Self.write(paths[1], levels: ["mid", "low"], codes: [0, 1])
    let frame = try Self.load(paths)
    let names = ["age", "grade=low", "grade=mid", "scan[0]", "scan[1]", "visits"]
    #expect(frame.covariateNames == names)
    #expect(try ShardCollection.open(paths).covariateNames == names)
    #expect(frame.covariates.map(\.levels) == [nil, ["high", "low", "mid"], nil, nil, nil])
    let values = try names.indices.map { column in
      let pointer = try frame.pointer(covariate: column, chunk: 0)
      return (0..<5).map { pointer[$0] }
    }
    #expect(
      values == [
        [0, 1, 2, 0, 1], [1, 0, 1, 0, 1], [0, 0, 0, 1, 0], [0.25, 1.25, 2.25, 0.25, 1.25], [0.5, 1.5, 2.5, 0.5, 1.5],
        [0, 7, 14, 0, 7],
      ])
  }

  @Test func `a missing category and a text are refused with the column`() throws {
    let folder = try ScratchFolder()
    try Self.write(folder.file("a.h5"), levels: ["low", "high"], codes: [0, -1])
    let missing = failure { _ = try Self.load([folder.file("a.h5")]) }
    #expect(missing?.message.contains("column 'grade': the value is missing; drop such rows") == true)
    var header = ShardHeader(covariateNames: ["age"])
    header.columns = [Column("note", .covariate, .text)]
    let writer = try ShardWriter(
      path: folder.file("b.h5"), header: header, roles: [.covariate, .treatment], force: false)
    try writer.append(ShardBlock(covariates: [1], treatment: [1], columns: [.texts(["x"])]))
    _ = try writer.finish()
    let text = failure { _ = try Self.load([folder.file("b.h5")]) }
    #expect(text?.message.hasPrefix("covariate 'note' holds texts, which no fit reads") == true)
  }

  @Test func `a covariate that one file lacks is not left out in silence`() throws {
    let folder = try ScratchFolder()
    let paths = ["one.h5", "two.h5"].map(folder.file)
    try Self.write(paths[0], levels: ["low", "high"], codes: [0, 1])
    let writer = try ShardWriter(
      path: paths[1], header: ShardHeader(covariateNames: ["age"]), roles: [.covariate, .treatment], force: false)
    try writer.append(ShardBlock(covariates: [1], treatment: [1]))
    _ = try writer.finish()
    for order in [paths, paths.reversed()] {
      let refusal = failure { _ = try ShardCollection.open(order) }
      #expect(
        refusal?.message
          == "\(order[0]) and \(order[1]) disagree on covariate 'grade', which \(paths[1]) lacks; shards of one "
          + "problem must agree")
    }
  }
}
