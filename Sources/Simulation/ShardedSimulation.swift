import Communication
import Diagnostics
import FoundationEssentials
import Shards

/// Rows that are made from their numbers, and can be written as a folder of shards.
public protocol ShardedSimulation: Sendable {
  /// The names of all files that may lie beside the shards.
  var companionNames: [String] { get }

  /// The number of rows of all shards.
  var rowCount: Int { get }

  /// The table of contents of all shards, in order.
  func manifest(of shards: [Manifest.Shard]) -> Manifest
  /// Writes one shard, whose rows are consecutive ones of all.
  func writeShard(_ path: String, rows: Range<Int>) throws -> Manifest.Shard
  /// Writes a file beside the shards, if there is one of this name.
  func writeCompanion(_ name: String, toFolder folder: String) throws
}

extension ShardedSimulation {
  /// As many as sort by their names.
  private static var mostShards: Int { 100_000 }

  /// Writes the simulation as a folder of shards: `shard-00000.h5`, …, the files beside them and, last, the manifest.
  /// Collective.
  ///
  /// Shard s is written by rank s modulo the number of ranks; every file is the same whatever that number.
  ///
  /// - Returns: the manifest, on all ranks.
  /// - Throws: on all ranks the same ``Failure``: usage when `shards` is not in 1 … rows; `cannotCreate` when the folder
  ///   holds shards and `force` is false, or cannot be created; `inputOutput` when writing fails. Then nothing of this
  ///   run stays in the folder, and earlier shards stay as they were.
  public func write(
    shards: Int, toFolder folder: String, force: Bool, on communicator: any Communicator
  ) throws -> Manifest {
    guard (1...min(rowCount, Self.mostShards)).contains(shards) else {
      throw Failure(
        .usage, "--shards is \(shards); give 1 to \(min(rowCount, Self.mostShards)), for no shard may be empty")
    }
    var target: ShardFolder?
    let staging = try communicator.broadcast {
      let new = try ShardFolder(folder, force: force, companions: companionNames)
      target = new
      return new.staging
    }
    let mine = stride(from: communicator.rank, to: shards, by: communicator.size)
    let written = try communicator.agree {
      let entries = try mine.map {
        try writeShard("\(staging)/\(ShardFolder.fileName($0))", rows: rows(ofShard: $0, of: shards))
      }
      for (index, name) in companionNames.enumerated()
      where communicator.rank == (shards + index) % communicator.size {
        try writeCompanion(name, toFolder: staging)
      }
      return try JSONEncoder().encode(entries)
    }
    let gathered = try communicator.allGather(Array(written))
    return try communicator.agree {
      let entries = try gathered.map { try JSONDecoder().decode([Manifest.Shard].self, from: Data($0)) }
      let manifest = manifest(of: (0..<shards).map { entries[$0 % communicator.size][$0 / communicator.size] })
      try target?.commit(manifest)
      return manifest
    }
  }

  /// The global rows of a shard: consecutive ranges of lengths that differ by one row at most.
  public func rows(ofShard shard: Int, of shards: Int) -> Range<Int> {
    rowCount * shard / shards..<rowCount * (shard + 1) / shards
  }
}
