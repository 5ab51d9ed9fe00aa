import Communication
import Diagnostics
import Foundation
import Runs
import Storage
import TestSupport
import Testing

@Suite struct RowOutputsTests {
  private static let count = 5000
  private static let outputs = RowOutputs(
    [.numbers("share", width: 2), .integers("label"), .numbers("effect")], encodingType: "test")

  private static func share(_ row: Int) -> [Double] { [sin(Double(row)), 1 / Double(row + 1)] }

  private static func write(
    _ path: String?, _ communicator: any Communicator, carried: RowOutputs.Carried? = nil, digestOf: String = "share",
    force: Bool = false, failingChunk: Int = -1
  ) throws -> String {
    let rows = DistributedRows(rowCount: count, communicator: communicator)
    return try outputs.write(rows, to: path, carrying: carried, digestOf: digestOf, force: force) { chunk in
      if chunk == failingChunk { throw Failure(.noInput, "chunk \(chunk) is gone") }
      let range = rows.grid.rows(ofChunk: chunk)
      return [
        .numbers(range.flatMap(share)), .integers(range.map { Int64($0 % 7) }), .numbers(range.map { Double(-$0) }),
      ]
    }
  }

  private static func digest<Number: BitwiseCopyable>(_ numbers: [Number]) -> String {
    var digest = SHA256Digest()
    digest.update(numbers)
    return digest.finalize()
  }

  /// A row as h5py reads it.
  private struct Row: Decodable {
    let shapes: [[Int]]
    let share: [Double]
    let label: Int
    let effect: Double
    let id: String
    let encoding: String
  }

  private static var names: RowOutputs.Carried {
    RowOutputs.Carried("id", isText: true) { .text($0.map { "row \($0)" }) }
  }

  @Test func `a name that ends in csv has the numbers of the HDF5 file as text, on 1, 2 and 3 ranks`() throws {
    try withTemporaryDirectory { folder in
      _ = try Self.write(folder.path + "/all.h5", SoloCommunicator(), carried: Self.names)
      for ranks in 1...3 {
        _ = try LoopbackCommunicator.run(ranks: ranks) {
          try Self.write("\(folder.path)/\(ranks).csv", $0, carried: Self.names)
        }
      }
      let script = """
        import csv, h5py, sys
        texts = [open(f'{sys.argv[1]}/{ranks}.csv').read() for ranks in (1, 2, 3)]
        assert texts[0] == texts[1] == texts[2]
        rows = list(csv.DictReader(texts[0].splitlines()))
        assert list(rows[0]) == ['id', 'share_0', 'share_1', 'label', 'effect']
        with h5py.File(sys.argv[1] + '/all.h5') as file:
            assert [row['id'] for row in rows] == list(file['id'].asstr()[:])
            for place in 0, 1: assert [float(row[f'share_{place}']) for row in rows] == file['share'][:, place].tolist()
            for name in 'label', 'effect': assert [float(row[name]) for row in rows] == file[name][:].tolist()
        """
      let result = try python(["-c", script, folder.path])
      #expect(result.exitCode == 0, "\(result.error)")
    }
  }

  @Test func `The file has the same bytes on 1, 2 and 3 ranks, in the order of the rows`() throws {
    try withTemporaryDirectory { folder in
      var files: [Data] = []
      for ranks in 1...3 {
        let path = "\(folder.path)/\(ranks).h5"
        let digests = try LoopbackCommunicator.run(ranks: ranks) { try Self.write(path, $0, carried: Self.names) }
        let expected = Self.digest((0..<Self.count).flatMap(Self.share))
        #expect(digests.allSatisfy { $0 == expected })
        files.append(try Data(contentsOf: URL(fileURLWithPath: path)))
      }
      #expect(files[1] == files[0] && files[2] == files[0])
      let script = """
        import h5py, json, sys
        with h5py.File(sys.argv[1]) as f:
            print(json.dumps({
              'shapes': [f['share'].shape, f['effect'].shape], 'share': f['share'][4321].tolist(),
              'label': int(f['label'][4321]), 'effect': float(f['effect'][4321]), 'id': f['id'][4321].decode(),
              'encoding': f.attrs['encoding-type']}))
        """
      let result = try python(["-c", script, folder.path + "/3.h5"])
      let found = try JSONDecoder().decode(Row.self, from: Data(result.output.utf8))
      #expect(found.shapes == [[Self.count, 2], [Self.count]])
      #expect(found.share == Self.share(4321) && found.label == 4321 % 7 && found.effect == -4321)
      #expect(found.id == "row 4321" && found.encoding == "test")
    }
  }

  @Test func `Integers are carried as integers, and any column can be digested`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/o.h5"
      let carried = RowOutputs.Carried("id", isText: false) { .integers($0.map { Int64($0) * 3 }) }
      let digest = try Self.write(path, SoloCommunicator(), carried: carried, digestOf: "label")
      let file = try HDF5File.open(path)
      #expect(try file.dataset("id").read(Int64.self) == (0..<Int64(Self.count)).map { $0 * 3 })
      #expect(try digest == Self.digest(file.dataset("label").read(Int64.self)))
    }
  }

  @Test func `Without a path only the digest is computed`() throws {
    try withTemporaryDirectory { folder in
      let digest = try Self.write(nil, SoloCommunicator())
      #expect(try Self.write(folder.path + "/o.h5", SoloCommunicator()) == digest)
    }
  }

  @Test func `A chunk that cannot be produced leaves no file, on any rank`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/o.h5"
      let failures = try LoopbackCommunicator.run(ranks: 3) { communicator in
        failure { _ = try Self.write(path, communicator, failingChunk: 3) }
      }
      #expect(failures.allSatisfy { $0 == Failure(.noInput, "chunk 3 is gone") })
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }
  }

  @Test func `A file that is there is kept unless told otherwise`() throws {
    try withTemporaryDirectory { folder in
      let path = folder.path + "/o.h5"
      _ = try Self.write(path, SoloCommunicator())
      #expect(failure { _ = try Self.write(path, SoloCommunicator()) }?.exitCode == .cannotCreate)
      _ = try Self.write(path, SoloCommunicator(), force: true)
    }
  }
}
