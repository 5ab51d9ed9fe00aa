import Communication
import Diagnostics

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension Simulation {
  /// The name of the file with the test sample.
  public static let testFileName = "test.h5"
  /// The name of the file with the parameters.
  public static let parametersFileName = "simulation.json"
  /// Names with five digits sort as their numbers.
  private static let mostShards = 100_000
  /// Rows made at a time.
  private static let blockRows = 1 << 16

  /// Writes the simulation as a folder of shards: `shard-00000.h5`, …, `test.h5` when there are test rows,
  /// `simulation.json` and, last, the manifest. Collective.
  ///
  /// Shard s is written by rank s modulo the number of ranks; every file is the same whatever that number. Shards hold
  /// x, t, y, z and `truth/g`, `truth/eps` [n], `truth/w` [K, M]; the test sample also `truth/tau` [n].
  ///
  /// - Returns: the manifest, on all ranks.
  /// - Throws: on all ranks the same ``Failure``: usage when `shards` is not in 1 … rows; `cannotCreate` when the folder
  ///   has files and `force` is false, or cannot be created; `inputOutput` when writing fails.
  public func write(
    shards: Int, toFolder folder: String, force: Bool, on communicator: any Communicator
  ) throws -> Manifest {
    guard (1...min(parameters.rows, Self.mostShards)).contains(shards) else {
      throw Failure(
        .usage, "--shards is \(shards); give 1 to \(min(parameters.rows, Self.mostShards)), for no shard may be empty")
    }
    try communicator.agree { if communicator.isRoot { try Self.prepare(folder, force: force) } }
    let mine = stride(from: communicator.rank, to: shards, by: communicator.size)
    let written = try communicator.agree {
      let entries = try mine.map { try writeShard($0, of: shards, toFolder: folder) }
      if parameters.testRows > 0, communicator.rank == shards % communicator.size { try writeTest(toFolder: folder) }
      return try JSONEncoder().encode(entries)
    }
    let gathered = try communicator.allGather(Array(written))
    return try communicator.agree {
      let entries = try gathered.map { try JSONDecoder().decode([Manifest.Shard].self, from: Data($0)) }
      let manifest = Manifest(
        header: header, shards: (0..<shards).map { entries[$0 % communicator.size][$0 / communicator.size] })
      if communicator.isRoot {
        try writeParameters(toFolder: folder)
        try manifest.write(toFolder: folder, force: false)
      }
      return manifest
    }
  }

  /// The global rows of a shard: consecutive ranges of lengths that differ by one row at most.
  public func rows(ofShard shard: Int, of shards: Int) -> Range<Int> {
    parameters.rows * shard / shards..<parameters.rows * (shard + 1) / shards
  }

  private var header: ShardHeader {
    var header = ShardHeader(covariateNames: table?.names ?? ShardHeader.defaultNames(parameters.covariates))
    header.sourceDigest = table?.sourceDigest
    return header
  }

  private func writeShard(_ shard: Int, of shards: Int, toFolder folder: String) throws -> Manifest.Shard {
    let number = String(shard)
    let name = "shard-" + String(repeating: "0", count: max(0, 5 - number.count)) + number + ".h5"
    return try write("\(folder)/\(name)", range: rows(ofShard: shard, of: shards), extras: ["truth/g", "truth/eps"]) {
      let rows = self.rows($0)
      return (rows, ["truth/g": rows.g, "truth/eps": rows.epsilon])
    }
  }

  private func writeTest(toFolder folder: String) throws {
    let range = 0..<parameters.testRows
    let extras = ["truth/g", "truth/eps", "truth/tau"]
    _ = try write("\(folder)/\(Self.testFileName)", range: range, extras: extras) {
      let rows = self.testRows($0)
      return (rows, ["truth/g": rows.g, "truth/eps": rows.epsilon, "truth/tau": rows.effect])
    }
  }

  private func write(
    _ path: String, range: Range<Int>, extras: [String],
    _ block: (Range<Int>) -> (rows: SimulatedRows, extras: [String: [Double]])
  ) throws -> Manifest.Shard {
    let writer = try ShardWriter(
      path: path, header: header, variables: [.covariates, .treatment, .outcome, .source],
      extras: Dictionary(uniqueKeysWithValues: extras.map { ($0, nil) }), force: false)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.blockRows) {
      let (rows, extras) = block(start..<min(start + Self.blockRows, range.upperBound))
      try writer.append(
        ShardBlock(
          covariates: rows.x, treatment: rows.t, outcome: rows.y, source: rows.z.map(Int64.init), extras: extras))
    }
    try writer.write(constant: weights.values, shape: [weights.rows, weights.columns], to: "truth/w")
    return try writer.finish()
  }

  private func writeParameters(toFolder folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    let bytes = try Array(encoder.encode(parameters)) + Array("\n".utf8)
    try AtomicFile.save(bytes, to: "\(folder)/\(Self.parametersFileName)", force: false)
  }

  /// Makes the folder, and empties it of an earlier simulation when `force` allows: its shards would pass for ours.
  private static func prepare(_ folder: String, force: Bool) throws {
    try makeFolder(folder)
    let present = try FileManager.default.contentsOfDirectory(atPath: folder)
    guard force || present.isEmpty else {
      throw Failure(
        .cannotCreate, "\(folder) has files; give --force to replace a simulation in it, or name another folder")
    }
    // The manifest goes first: a folder that has one is complete.
    for name in present.filter({ $0 == Manifest.fileName }) + present.filter(isShardOrTruth) {
      guard unlink("\(folder)/\(name)") == 0 else {
        throw Failure(.cannotCreate, "\(folder)/\(name) cannot be replaced: \(String(cString: strerror(errno)))")
      }
    }
  }

  /// Makes a folder and those above it; one that exists will do.
  private static func makeFolder(_ folder: String) throws {
    let ends = folder.indices.dropFirst().filter { folder[$0] == "/" } + [folder.endIndex]
    for end in ends where mkdir(String(folder[..<end]), 0o777) != 0 && errno != EEXIST {
      throw Failure(.cannotCreate, "\(folder) cannot be created: \(String(cString: strerror(errno)))")
    }
    guard HDF5File.isFolder(folder) else {
      throw Failure(.cannotCreate, "\(folder) is not a folder; name another")
    }
  }

  private static func isShardOrTruth(_ name: String) -> Bool {
    name.wholeMatch(of: /shard-[0-9]{5}\.h5/) != nil || name == testFileName || name == parametersFileName
  }
}
