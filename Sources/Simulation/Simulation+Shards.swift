import Communication
import Diagnostics
import FoundationEssentials
import Frames
import Shards
import Storage

extension Simulation {
  /// The name of the file with the test sample.
  public static let testFileName = "test.h5"
  /// The name of the file with the parameters.
  public static let parametersFileName = "simulation.json"
  /// As many as sort by their names.
  private static let mostShards = 100_000
  /// Rows made at a time.
  private static let blockRows = 1 << 16

  /// Writes the simulation as a folder of shards: `shard-00000.h5`, …, `test.h5` when there are test rows,
  /// `simulation.json` and, last, the manifest. Collective.
  ///
  /// Shard s is written by rank s modulo the number of ranks; every file is the same whatever that number. Shards hold
  /// x, t, y, z and `truth/g`, `truth/tau`, `truth/eps` [n], `truth/w` [K, M].
  ///
  /// - Returns: the manifest, on all ranks.
  /// - Throws: on all ranks the same ``Failure``: usage when `shards` is not in 1 … rows; `cannotCreate` when the folder
  ///   holds shards and `force` is false, or cannot be created; `inputOutput` when writing fails. Then nothing of this
  ///   run stays in the folder, and earlier shards stay as they were.
  public func write(
    shards: Int, toFolder folder: String, force: Bool, on communicator: any Communicator
  ) throws -> Manifest {
    guard (1...min(parameters.rows, Self.mostShards)).contains(shards) else {
      throw Failure(
        .usage, "--shards is \(shards); give 1 to \(min(parameters.rows, Self.mostShards)), for no shard may be empty")
    }
    var target: ShardFolder?
    let staging = try communicator.broadcast {
      let new = try ShardFolder(folder, force: force)
      target = new
      return new.staging
    }
    let mine = stride(from: communicator.rank, to: shards, by: communicator.size)
    let written = try communicator.agree {
      let entries = try mine.map { try writeShard($0, of: shards, toFolder: staging) }
      if parameters.testRows > 0, communicator.rank == shards % communicator.size { try writeTest(toFolder: staging) }
      if communicator.isRoot { try writeParameters(toFolder: staging) }
      return try JSONEncoder().encode(entries)
    }
    let gathered = try communicator.allGather(Array(written))
    return try communicator.agree {
      let entries = try gathered.map { try JSONDecoder().decode([Manifest.Shard].self, from: Data($0)) }
      let manifest = Manifest(
        header: header, shards: (0..<shards).map { entries[$0 % communicator.size][$0 / communicator.size] })
      try target?.commit(manifest, companions: [Self.testFileName, Self.parametersFileName])
      return manifest
    }
  }

  /// The global rows of a shard: consecutive ranges of lengths that differ by one row at most.
  public func rows(ofShard shard: Int, of shards: Int) -> Range<Int> {
    parameters.rows * shard / shards..<parameters.rows * (shard + 1) / shards
  }

  private var header: ShardHeader {
    var header = ShardHeader(covariateNames: table?.names ?? Frame.defaultNames(parameters.covariates))
    header.sourceDigest = table?.sourceDigest
    return header
  }

  private func writeShard(_ shard: Int, of shards: Int, toFolder folder: String) throws -> Manifest.Shard {
    let path = "\(folder)/\(ShardFolder.fileName(shard))"
    return try write(path, range: rows(ofShard: shard, of: shards), block: rows)
  }

  private func writeTest(toFolder folder: String) throws {
    _ = try write("\(folder)/\(Self.testFileName)", range: 0..<parameters.testRows, block: testRows)
  }

  private func write(
    _ path: String, range: Range<Int>, block: (Range<Int>) -> SimulatedRows
  ) throws -> Manifest.Shard {
    let writer = try ShardWriter(
      path: path, header: header, roles: [.covariate, .treatment, .outcome, .source],
      extras: ["truth/g": nil, "truth/tau": nil, "truth/eps": nil], force: false)
    for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.blockRows) {
      let rows = block(start..<min(start + Self.blockRows, range.upperBound))
      try writer.append(
        ShardBlock(
          covariates: rows.x, treatment: rows.t, outcome: rows.y, source: rows.z.map(Int64.init),
          extras: ["truth/g": rows.g, "truth/tau": rows.effect, "truth/eps": rows.epsilon]))
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
}
