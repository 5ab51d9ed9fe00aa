import Communication
import Diagnostics
import Foundation
import Frames
import Shards
import Storage
import TestSupport
import Testing

@Suite struct ShardCollectionTests {
  /// Writes a file as another program would: no attributes of ours.
  private func foreign(
    _ path: String, x: [Int] = [4, 2], t: [Int] = [4], extra: (borrowing HDF5File) throws -> Void = { _ in }
  ) throws {
    let file = try HDF5File.create(path)
    func numbers(_ shape: [Int]) -> [Double] { (0..<shape.reduce(1, *)).map(Double.init) }
    try file.write(numbers(x), shape: x, to: "x")
    try file.write(numbers(t), shape: t, to: "t")
    try extra(file)
    try file.close()
  }

  private func message(_ path: String, required: Set<Role> = [.covariate, .treatment]) -> String {
    let failure = failure { _ = try ShardCollection.open([path], required: required) }
    #expect(failure?.exitCode == .data)
    return failure?.message ?? ""
  }

  @Test func `Folders follow their manifest or their names`() throws {
    let folder = try ScratchFolder()
    let rows = ExampleRows(rowCount: 10)
    let entries = try [rows.write(0..<4, to: folder.file("b.h5")), rows.write(4..<10, to: folder.file("a.h5"))]
    var collection = try ShardCollection.open([folder.path])
    #expect(collection.shards.map(\.rows) == [0..<6, 6..<10] && collection.shards[0].statedDigest == nil)
    try Manifest(header: ShardHeader(covariateNames: rows.names), shards: entries)
      .write(toFolder: folder.path, force: false)
    collection = try ShardCollection.open([folder.path + "/"])
    #expect(collection.shards.map(\.rows) == [0..<4, 4..<10])
    #expect(collection.shards.map(\.statedDigest) == entries.map(\.sha256))
    #expect(try collection.identifiers(ofRows: 3..<5) == .strings(["row-3", "row-4"]))

    try FileManager.default.removeItem(atPath: folder.file("a.h5"))
    try rows.write(4..<9, to: folder.file("a.h5"))
    #expect(message(folder.path).contains("a.h5 has 5 rows, and manifest.json beside it says 6"))
    try Data("{}".utf8).write(to: URL(filePath: folder.file("manifest.json")))
    #expect(message(folder.path).contains("manifest.json is not a manifest"))
    let empty = try ScratchFolder()
    #expect(failure { _ = try ShardCollection.open([empty.path]) }?.exitCode == .noInput)
  }

  @Test func `A missing dataset is named with those there are`() throws {
    let folder = try ScratchFolder()
    try foreign(folder.file("a.h5")) { try $0.write([1.0], to: "group/dose") }
    #expect(
      message(folder.file("a.h5"), required: [.covariate, .outcome])
        == "\(folder.file("a.h5")) has no dataset 'y' (outcome); it holds: group/dose, t, x; "
        + "name the one to use with --y, or write it with 'giv-dist shard --outcome'")
    var names = DatasetNames()
    names.outcome = "group/survival"
    let refusal = failure { _ = try ShardCollection.open([folder.file("a.h5")], names: names) }
    #expect(refusal?.message.contains("no dataset 'group/survival'") == true)
  }

  @Test func `Wrong shapes and types are refused`() throws {
    let folder = try ScratchFolder()
    try foreign(folder.file("cube.h5"), x: [4, 2, 2])
    #expect(message(folder.file("cube.h5")).contains("'x' has the shape [4, 2, 2]; covariates must be"))
    try foreign(folder.file("wide.h5"), t: [4, 2])
    #expect(message(folder.file("wide.h5")).contains("'t' has the shape [4, 2]; treatment must be [rows]"))
    try foreign(folder.file("short.h5"), t: [3])
    #expect(message(folder.file("short.h5")).contains("'t' has 3 rows, the datasets before it 4"))
    try foreign(folder.file("text.h5")) { try $0.write(["a", "b", "c", "d"], to: "y") }
    #expect(
      message(folder.file("text.h5"), required: [.covariate, .outcome])
        .contains("'y' holds strings; outcome must be numbers"))
    try foreign(folder.file("empty.h5"), x: [0, 2], t: [0])
    #expect(message(folder.file("empty.h5")) == "\(folder.file("empty.h5")) holds no rows; name shards that hold some")
  }

  @Test func `Covariates of one dimension and column vectors are read`() throws {
    let folder = try ScratchFolder()
    try foreign(folder.file("a.h5"), x: [4], t: [4, 1])
    let content = try FrameContent([folder.file("a.h5")], ranks: 2, roles: [])
    #expect(content.columns == [[0, 1, 2, 3], [0, 1, 2, 3]])
  }

  @Test func `Shards that disagree are refused`() throws {
    let folder = try ScratchFolder()
    func pair(_ what: String, _ second: (String) throws -> Void) throws {
      let (one, two) = (folder.file("\(what)-1.h5"), folder.file("\(what)-2.h5"))
      try ExampleRows(rowCount: 5, covariateCount: 2).write(0..<5, to: one)
      try second(two)
      let refusal = failure { _ = try ShardCollection.open([one, two]) }
      #expect(refusal?.exitCode == .data)
      #expect(refusal?.message.hasPrefix("\(one) and \(two) disagree on \(what)") == true, "\(refusal!)")
    }
    let rows = ExampleRows(rowCount: 5, covariateCount: 2)
    try pair("the number of covariates") { try ExampleRows(rowCount: 5).write(0..<5, to: $0) }
    try pair("covariate 1") { try rows.write(0..<5, to: $0) { $0.covariates[1].name = "other" } }
    try pair("the treatment") { try rows.write(0..<5, to: $0) { $0.treatmentName = "other" } }
    try pair("the outcome") { try rows.write(0..<5, to: $0) { $0.outcomeName = "other" } }
  }

  @Test func `A variable that one shard lacks is unavailable`() throws {
    let folder = try ScratchFolder()
    try foreign(folder.file("a.h5")) { try $0.write([1.0, 2, 3, 4], to: "y") }
    try foreign(folder.file("b.h5"))
    let paths = [folder.file("a.h5"), folder.file("b.h5")]
    let collection = try ShardCollection.open(paths)
    #expect(collection.roles == [.covariate, .treatment])
    #expect(
      failure { try collection.require([.outcome]) }
        == Failure(.data, "\(paths[1]) has no dataset 'y' (outcome), though \(paths[0]) has"))
    #expect(failure { _ = try FrameContent(paths, ranks: 2, roles: [.outcome]) }?.exitCode == .data)
  }

  @Test func `Sources may be floating point integers`() throws {
    let folder = try ScratchFolder()
    try foreign(folder.file("a.h5")) { try $0.write([0.0, 2, 1, 2], to: "z") }
    #expect(try FrameContent([folder.file("a.h5")], ranks: 1, roles: [.source]).sources == [0, 2, 1, 2])
    try foreign(folder.file("b.h5")) { try $0.write([0.0, 2, 1.5, 2], to: "z") }
    var names = DatasetNames()
    names.source = "/z"
    let refusal = failure { _ = try FrameContent([folder.file("b.h5")], ranks: 1, names: names, roles: [.source]) }
    #expect(refusal?.message.contains("'/z', row 2 (counted from 0): 1.5 is no integer") == true)
  }
}
