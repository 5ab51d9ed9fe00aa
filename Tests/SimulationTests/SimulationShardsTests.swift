import Communication
import Diagnostics
import Foundation
import Shards
import Simulation
import Storage
import Testing

@Suite struct SimulationShardsTests {
  private func withFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
    let folder = NSTemporaryDirectory() + "simulation-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    return try body(folder)
  }

  private func simulation(rows: Int = 3001, testRows: Int = 500, seed: UInt64 = 7) throws -> Simulation {
    try SimulationTests.simulation(.abs, groups: 4, covariates: 5, rows: rows, seed: seed) { $0.testRows = testRows }
  }

  @discardableResult
  private func write(
    _ simulation: Simulation, shards: Int, to folder: String, ranks: Int = 1, force: Bool = false
  ) throws -> Manifest {
    let manifests = try LoopbackCommunicator.run(ranks: ranks) {
      try simulation.write(shards: shards, toFolder: folder, force: force, on: $0)
    }
    #expect(manifests.allSatisfy { $0 == manifests[0] })
    return manifests[0]
  }

  private func contents(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    return try Dictionary(
      uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\($0)"))) })
  }

  private func numbers(_ name: String, of files: [String]) throws -> [Double] {
    try files.flatMap { try HDF5File.open($0).dataset(name).read(Double.self) }
  }

  @Test(arguments: [1, 3, 7])
  func `Files are the same for any number of ranks`(shards: Int) throws {
    let simulation = try simulation()
    let expected = try withFolder { folder in
      try write(simulation, shards: shards, to: folder)
      return try contents(folder)
    }
    #expect(expected.count == shards + 3)
    for ranks in 2...4 {
      let found = try withFolder { folder in
        try write(simulation, shards: shards, to: folder, ranks: ranks)
        return try contents(folder)
      }
      #expect(found == expected)
    }
  }

  @Test(arguments: [1, 3, 7])
  func `Shards hold the rows in order`(shards: Int) throws {
    let simulation = try simulation()
    let rows = simulation.rows(0..<3001)
    try withFolder { folder in
      let manifest = try write(simulation, shards: shards, to: folder, ranks: 2)
      #expect(manifest.rows == 3001 && manifest.shards.count == shards)
      #expect(try Manifest.read(fromFolder: folder) == manifest)
      let lengths = manifest.shards.map(\.rows)
      #expect(lengths.max()! - lengths.min()! <= 1)
      let files = manifest.shards.map { "\(folder)/\($0.file)" }
      #expect(try numbers("x", of: files) == rows.x)
      #expect(try numbers("t", of: files) == rows.t && numbers("y", of: files) == rows.y)
      #expect(try numbers("truth/g", of: files) == rows.g && numbers("truth/eps", of: files) == rows.epsilon)
      #expect(try numbers("truth/tau", of: files) == rows.effect)
      #expect(try numbers("z", of: files).map { Int($0) } == rows.z)
      for file in files {
        #expect(try HDF5File.open(file).dataset("truth/w").shape() == [4, 5])
        #expect(try numbers("truth/w", of: [file]) == simulation.weights.values)
      }
    }
  }

  @Test func `The test sample lies in a file of its own`() throws {
    let simulation = try simulation()
    let rows = simulation.testRows(0..<500)
    try withFolder { folder in
      try write(simulation, shards: 2, to: folder, ranks: 3)
      let file = ["\(folder)/test.h5"]
      #expect(try numbers("x", of: file) == rows.x && numbers("t", of: file) == rows.t)
      #expect(try numbers("truth/g", of: file) == rows.g && numbers("truth/tau", of: file) == rows.effect)
      #expect(try numbers("z", of: file).map { Int($0) } == rows.z)
      let parameters = try JSONDecoder().decode(
        SimulationParameters.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/simulation.json")))
      #expect(parameters == simulation.parameters)
    }
  }

  @Test func `Refuses a folder with shards unless forced`() throws {
    try withFolder { folder in
      try write(try simulation(), shards: 5, to: folder)
      let note = "\(folder)/notes.txt"
      try "mine".write(toFile: note, atomically: true, encoding: .utf8)
      let before = try contents(folder)
      let smaller = try simulation(rows: 100, testRows: 0, seed: 8)
      let failure = #expect(throws: Failure.self) { try write(smaller, shards: 2, to: folder, ranks: 2) }
      #expect(failure?.exitCode == .cannotCreate && failure?.message.contains("--force") == true)
      #expect(try contents(folder) == before)

      try write(smaller, shards: 2, to: folder, ranks: 2, force: true)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
      #expect(names == ["manifest.json", "notes.txt", "shard-00000.h5", "shard-00001.h5", "simulation.json"])
    }
  }

  /// Rows of which one shard cannot be written.
  private struct Unwritable: ShardedSimulation {
    let simulation: Simulation
    let failure: Failure

    var companionNames: [String] { [] }
    var rowCount: Int { simulation.rowCount }
    func manifest(of shards: [Manifest.Shard]) -> Manifest { simulation.manifest(of: shards) }
    func writeCompanion(_ name: String, toFolder folder: String) {}
    func writeShard(_ path: String, rows: Range<Int>) throws -> Manifest.Shard {
      guard rows.lowerBound == 0 else { throw failure }
      return try simulation.writeShard(path, rows: rows)
    }
  }

  @Test func `A forced run that fails keeps the earlier shards, and leaves nothing of its own`() throws {
    try withFolder { folder in
      try write(try simulation(), shards: 3, to: folder)
      let before = try contents(folder)
      let unwritable = Unwritable(
        simulation: try simulation(rows: 100, seed: 8), failure: Failure(.inputOutput, "the disk is full"))
      let failure = #expect(throws: Failure.self) {
        _ = try LoopbackCommunicator.run(ranks: 2) {
          try unwritable.write(shards: 2, toFolder: folder, force: true, on: $0)
        }
      }
      #expect(failure == unwritable.failure)
      #expect(try contents(folder) == before)
    }
  }

  @Test func `Two processes do not write to a folder at a time, and what a killed one left is removed`() throws {
    try withFolder { folder in
      do {
        let other = try ShardFolder(folder, force: false)
        let failure = #expect(throws: Failure.self) { try write(try simulation(), shards: 2, to: folder, ranks: 2) }
        #expect(failure?.exitCode == .temporary && failure?.message.contains("another run is going on there") == true)
        try "half".write(toFile: "\(other.staging)/.shard-00001.h5.1.partial", atomically: true, encoding: .utf8)
        try "whole".write(toFile: "\(other.staging)/shard-00007.h5", atomically: true, encoding: .utf8)
        other.leave()
      }
      try write(try simulation(), shards: 2, to: folder, ranks: 2)
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
        $0.hasPrefix("shard-") || $0.hasPrefix(".")
      }
      #expect(names.sorted() == ["shard-00000.h5", "shard-00001.h5"])
    }
  }

  @Test(arguments: [0, -1, 101])
  func `Refuses shards that would be empty`(shards: Int) throws {
    let simulation = try simulation(rows: 100, testRows: 0)
    try withFolder { folder in
      let failure = #expect(throws: Failure.self) { try write(simulation, shards: shards, to: folder, ranks: 2) }
      #expect(failure?.exitCode == .usage && failure?.message.hasPrefix("--shards is \(shards)") == true)
      #expect(!FileManager.default.fileExists(atPath: folder))
    }
  }

  @Test func `Makes the folders above`() throws {
    let simulation = try simulation(rows: 100, testRows: 0)
    try withFolder { folder in
      try write(simulation, shards: 1, to: "\(folder)/a/b/")
      #expect(try Manifest.read(fromFolder: "\(folder)/a/b")?.rows == 100)
    }
  }

  @Test func `Says when the folder cannot be made`() throws {
    let simulation = try simulation(rows: 100, testRows: 0)
    try withFolder { file in
      try "a file".write(toFile: file, atomically: true, encoding: .utf8)
      for (folder, reason) in [(file, "is a file"), (file + "/below", "Not a directory")] {
        let failure = #expect(throws: Failure.self) { try write(simulation, shards: 1, to: folder, ranks: 2) }
        #expect(failure?.exitCode == .cannotCreate && failure?.message.hasPrefix("--out \(folder)") == true)
        #expect(failure?.message.contains(reason) == true)
      }
    }
  }
}
