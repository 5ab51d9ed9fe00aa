import Communication
import Diagnostics
import Foundation
import Frames
import Shards
import TestSupport
import Testing

/// What becomes of a pass when a file is lost or altered while rows are read anew.
@Suite struct FrameStreamFailureTests {
  private static let rowCount = 13_000

  /// Runs `harm` on the second of two files once `chunks` chunks of a pass were read; returns each rank's failure of
  /// that pass and of the next.
  private func failures(
    ranks: Int, afterChunks chunks: Int, harm: @escaping @Sendable (String) throws -> Void
  ) throws -> [[Failure?]] {
    let folder = try ScratchFolder()
    let paths = try ExampleRows(rowCount: Self.rowCount).write(files: 2, in: folder)
    return try LoopbackCommunicator.run(ranks: ranks) { communicator in
      let collection = try ShardCollection.open(paths)
      let rows = DistributedRows(rowCount: collection.rowCount, communicator: communicator)
      let table = try Frame.load(collection, rows: rows, storage: .stream(windowBytes: 1 << 16))
      func pass(_ harm: (Int) throws -> Void) throws -> Double {
        try rows.sum([0.0]) { partial, chunk in
          try harm(chunk)
          partial[0] += try table.treatment(chunk: chunk)[0]
        }[0]
      }
      let before = try pass { _ in }
      #expect(try pass { _ in } == before)
      return try [chunks, -1].map { place in
        do {
          _ = try pass { if $0 == place { try harm(paths[1]) } }
          return nil
        } catch let failure as Failure { return failure }
      }
    }
  }

  @Test(arguments: [1, 2, 3], [0, 6]) func `A truncated file ends the pass on all ranks`(ranks: Int, place: Int) throws
  {
    let failures = try failures(ranks: ranks, afterChunks: place) { path in
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: path))
      try file.truncate(atOffset: 100_000)
      try file.close()
    }
    for failures in failures {
      let last = try #require(failures[1])
      #expect(last.exitCode == .data)
      #expect(last.message.contains("part-2-1.h5 changed while its rows were being read ("), "\(last.message)")
      #expect(last.message.contains("100000 now"), "\(last.message)")
    }
    #expect(Set(failures.map { $0.map { $0?.message } }).count == 1)
  }

  @Test func `A file that is gone is named`() throws {
    for failures in try failures(ranks: 2, afterChunks: 2, harm: { try FileManager.default.removeItem(atPath: $0) }) {
      #expect(failures[1]?.exitCode == .noInput)
      #expect(failures[1]?.message.contains("part-2-1.h5: No such file or directory; ") == true)
    }
  }

  @Test func `A file that was replaced is refused`() throws {
    let failures = try failures(ranks: 1, afterChunks: 2) { path in
      try FileManager.default.removeItem(atPath: path)
      var rows = ExampleRows(rowCount: Self.rowCount)
      rows.treatment = rows.treatment.map { $0 + 1 }
      try rows.write(Self.rowCount / 4..<Self.rowCount, to: path)
    }
    #expect(failures[0][1]?.exitCode == .data)
    #expect(failures[0][1]?.message.contains("changed while its rows were being read;") == true)
  }
}
