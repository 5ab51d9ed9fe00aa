import Diagnostics
import Foundation
import Shards
import Storage
import TestSupport
import Testing

@Suite struct ShardWriterTests {
  @Test func `Equal rows give equal bytes however they come`() throws {
    let folder = try ScratchFolder()
    let rows = ExampleRows(rowCount: 40_000)
    let first = try rows.write(0..<40_000, to: folder.file("a.h5"), blockLength: 999)
    Thread.sleep(forTimeInterval: 1.1)  // A time kept in the file would show.
    let second = try rows.write(0..<40_000, to: folder.file("b.h5"), blockLength: 40_000)
    #expect(first.sha256 == second.sha256)
    let bytes = try Data(contentsOf: URL(filePath: folder.file("a.h5")))
    #expect(try bytes == Data(contentsOf: URL(filePath: folder.file("b.h5"))))
    #expect(try first.sha256 == SHA256Digest.ofFile(folder.file("a.h5")))
  }

  @Test func `A dropped writer leaves nothing`() throws {
    let folder = try ScratchFolder()
    do {
      let rows = ExampleRows(rowCount: 10)
      let writer = try ShardWriter(
        path: folder.file("a.h5"), header: ShardHeader(covariateNames: rows.names),
        roles: ExampleRows.roles, force: false)
      try writer.append(rows.block(0..<10))
      #expect(try folder.contents.count == 1)
    }
    #expect(try folder.contents.isEmpty)
  }

  @Test func `An existing file is kept unless forced`() throws {
    let folder = try ScratchFolder()
    let path = folder.file("a.h5")
    try Data("precious".utf8).write(to: URL(filePath: path))
    let rows = ExampleRows(rowCount: 3)
    let refusal = failure { try rows.write(0..<3, to: path) }
    #expect(refusal == Failure(.cannotCreate, "\(path) exists; give --force to replace it, or another name"))
    #expect(try Data(contentsOf: URL(filePath: path)) == Data("precious".utf8))
    let writer = try ShardWriter(
      path: path, header: ShardHeader(covariateNames: rows.names), roles: ExampleRows.roles, force: true)
    try writer.append(rows.block(0..<3))
    _ = try writer.finish()
    #expect(try ShardCollection.open([path]).rowCount == 3)
    #expect(try folder.contents == ["a.h5"])
  }

  /// Needs a file system of a few megabytes: `mount -t tmpfs -o size=2m tmpfs DIR; GIV_SMALL_DISK=DIR swift test`.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["GIV_SMALL_DISK"] != nil))
  func `A full disk is reported and leaves nothing`() throws {
    let disk = ProcessInfo.processInfo.environment["GIV_SMALL_DISK"]!
    let rows = ExampleRows(rowCount: 100_000)
    for _ in 0..<3 {
      let refusal = failure { try rows.write(0..<100_000, to: disk + "/a.h5") }
      #expect(refusal?.exitCode == .inputOutput)
      #expect(refusal?.message.contains("No space left on device") == true, "\(refusal?.message ?? "")")
      #expect(try FileManager.default.contentsOfDirectory(atPath: disk).isEmpty)
    }
    try rows.write(0..<1_000, to: disk + "/a.h5")
    #expect(try ShardCollection.open([disk + "/a.h5"]).rowCount == 1_000)
    try FileManager.default.removeItem(atPath: disk + "/a.h5")
  }

  @Test func `A missing folder is named`() throws {
    let refusal = failure { try ExampleRows(rowCount: 1).write(0..<1, to: "/no/such/folder/a.h5") }
    #expect(refusal?.exitCode == .cannotCreate)
    #expect(refusal?.message.contains("there is no folder /no/such/folder") == true)
  }

  @Test func `Identifiers may grow longer`() throws {
    let folder = try ScratchFolder()
    var rows = ExampleRows(rowCount: 50_000)
    rows.identifiers[45_000] = "a much longer identifier than all before, with ümläuts"
    rows.identifiers[7] = ""
    try rows.write(0..<50_000, to: folder.file("a.h5"))
    let collection = try ShardCollection.open([folder.file("a.h5")])
    #expect(try collection.identifiers(ofRows: 0..<50_000) == .strings(rows.identifiers))
    #expect(try collection.identifiers(ofRows: 44_999..<45_002) == .strings(Array(rows.identifiers[44_999..<45_002])))
  }

  @Test func `Identifiers with a zero character are refused`() throws {
    let folder = try ScratchFolder()
    var rows = ExampleRows(rowCount: 3)
    rows.identifiers[1] = "a\0b"
    let refusal = failure { try rows.write(0..<3, to: folder.file("a.h5")) }
    #expect(refusal?.exitCode == .data)
    #expect(refusal?.message.contains("zero character") == true)
  }

  @Test func `Header and extras come back`() throws {
    let folder = try ScratchFolder()
    let path = folder.file("a.h5")
    var header = ShardHeader(covariateNames: ["age", "größe"])
    header.treatmentName = "dose"
    header.outcomeName = "survival"
    header.institution = "Hospital A"
    header.sourceDigest = "abc"
    header.categories = #"{"sex": ["f", "m"]}"#
    header.missingValues = #"{"policy": "drop", "dropped": 3}"#
    let writer = try ShardWriter(
      path: path, header: header, roles: [.covariate, .treatment, .outcome, .identifier],
      extras: ["truth/g": nil, "truth/pair": 2], force: false)
    try writer.append(
      ShardBlock(
        covariates: [1, 2, 3, 4], treatment: [5, 6], outcome: [7, 8], identifiers: .integers([70, 80]),
        extras: ["truth/g": [9, 10], "truth/pair": [11, 12, 13, 14]]))
    try writer.write(constant: [1, 2, 3, 4, 5, 6], shape: [3, 2], to: "truth/w")
    let entry = try writer.finish()
    #expect(entry.rows == 2 && entry.file == "a.h5" && entry.institution == "Hospital A")

    let file = try HDF5File.open(path)
    #expect(file.datasetNames() == ["id", "t", "truth/g", "truth/pair", "truth/w", "x", "y"])
    #expect(try file.dataset("truth/w").shape() == [3, 2])
    #expect(try file.dataset("truth/w").read(Double.self) == [1, 2, 3, 4, 5, 6])
    #expect(try file.attribute("encoding-type") == .string("giv-shard"))
    #expect(try file.attribute("covariates") == .strings(["age", "größe"]))
    #expect(try file.attribute("categories") == .string(#"{"sex": ["f", "m"]}"#))
    #expect(try file.attribute("rows") == .integer(2))
    let collection = try ShardCollection.open([path])
    #expect(collection.covariateNames == ["age", "größe"] && collection.treatmentName == "dose")
    #expect(collection.shards[0].institution == "Hospital A" && collection.outcomeName == "survival")
    #expect(collection.roles == [.covariate, .treatment, .outcome, .identifier, .institution])
    #expect(try collection.numbers(named: "truth/pair", ofRows: 1..<2) == [13, 14])
    #expect(try collection.identifiers(ofRows: 0..<2) == .integers([70, 80]))
  }

  @Test func `A manifest comes back and is written once`() throws {
    let folder = try ScratchFolder()
    let rows = ExampleRows(rowCount: 10)
    let entries = try [rows.write(0..<4, to: folder.file("b.h5")), rows.write(4..<10, to: folder.file("a.h5"))]
    let manifest = Manifest(header: ShardHeader(covariateNames: rows.names), shards: entries)
    #expect(manifest.rows == 10)
    try manifest.write(toFolder: folder.path, force: false)
    #expect(try Manifest.read(fromFolder: folder.path) == manifest)
    #expect(failure { try manifest.write(toFolder: folder.path, force: false) }?.exitCode == .cannotCreate)
    #expect(try folder.contents == ["a.h5", "b.h5", "manifest.json"])
  }
}
