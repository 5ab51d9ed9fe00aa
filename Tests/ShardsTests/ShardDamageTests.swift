import Diagnostics
import Foundation
import Shards
import TestSupport
import Testing

/// All that a reader can learn from a shard, in words, by topic.
private func readings(_ path: String) throws -> [String: String] {
  let collection = try ShardCollection.open([path], required: FrameTests.all)
  let rows = 0..<collection.rowCount
  let table = try FrameContent([path], ranks: 1, roles: FrameTests.all)
  return [
    "rows": "\(rows)", "x": "\(table.columns.prefix(3))", "t": "\(table.columns[3])", "y": "\(table.columns[4])",
    "weight": "\(table.columns[5])", "z": "\(table.sources)", "digest": table.digest,
    "id": try "\(collection.identifiers(ofRows: rows)!)",
    "names": "\(collection.covariateNames) \(collection.treatmentName) \(collection.outcomeName)",
    "institution": "\(collection.shards[0].institution ?? "")",
    "truth": "\(try collection.numbers(named: "truth/g", ofRows: rows))",
  ]
}

@Suite struct ShardDamageTests {
  private func write(_ path: String) throws {
    let rows = ExampleRows(rowCount: 300)
    var header = ShardHeader(covariateNames: rows.names)
    header.institution = "Hospital A"
    let writer = try ShardWriter(
      path: path, header: header, roles: ExampleRows.roles, extras: ["truth/g": nil], force: false)
    var block = rows.block(0..<300)
    block.extras["truth/g"] = rows.outcome.map { 2 * $0 }
    try writer.append(block)
    _ = try writer.finish()
  }

  private func overwrite(_ path: String, at offset: Int, with byte: UInt8) throws {
    let file = try FileHandle(forUpdating: URL(filePath: path))
    try file.seek(toOffset: UInt64(offset))
    try file.write(contentsOf: [byte])
    try file.close()
  }

  /// One flipped bit, in every region of the file, is refused with a message or changes nothing that is read.
  @Test func `A flipped bit is never silently another value`() throws {
    let folder = try ScratchFolder()
    let original = folder.file("original.h5")
    try write(original)
    let bytes = try Data(contentsOf: URL(filePath: original))
    let expected = try readings(original)
    let damaged = folder.file("damaged.h5")
    try bytes.write(to: URL(filePath: damaged))
    let stride = Int(ProcessInfo.processInfo.environment["GIV_FLIP_STRIDE"] ?? "") ?? 23
    var refused = 0
    for offset in Swift.stride(from: 0, to: bytes.count, by: stride) {
      try overwrite(damaged, at: offset, with: bytes[offset] ^ 1 << UInt8(offset / stride % 8))
      defer { try? overwrite(damaged, at: offset, with: bytes[offset]) }
      do {
        let differing = try readings(damaged).filter { $0.value != expected[$0.key] }.keys
        #expect(differing.isEmpty, "byte \(offset) was changed and \(differing) read without a word")
      } catch let failure as Failure {
        refused += 1
        #expect(failure.exitCode == .data, "\(failure)")
        #expect(failure.message.contains(damaged), "\(failure)")
      }
    }
    #expect(refused > bytes.count / stride / 2)
  }

  @Test func `A truncated file is refused`() throws {
    let folder = try ScratchFolder()
    try write(folder.file("a.h5"))
    let bytes = try Data(contentsOf: URL(filePath: folder.file("a.h5")))
    for length in [0, 4, 100, bytes.count / 2, bytes.count - 1] {
      let path = folder.file("\(length).h5")
      try bytes.prefix(length).write(to: URL(filePath: path))
      let refusal = failure { _ = try readings(path) }
      #expect(refusal?.exitCode == .data)
      #expect(refusal?.message.contains(path) == true)
    }
  }

  @Test func `A file that is not HDF5 is refused`() throws {
    let folder = try ScratchFolder()
    try Data("x,t,y\n1,2,3\n".utf8).write(to: URL(filePath: folder.file("a.csv")))
    let refusal = failure { _ = try ShardCollection.open([folder.file("a.csv")]) }
    #expect(refusal?.exitCode == .data)
    #expect(refusal?.message.contains("a.csv is not an HDF5 file") == true)
    let missing = failure { _ = try ShardCollection.open([folder.file("b.h5")]) }
    #expect(missing?.exitCode == .noInput && missing?.message.contains("b.h5: No such file") == true)
  }
}
