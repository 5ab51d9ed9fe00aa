import Communication
import Diagnostics
import FoundationEssentials
import Shards
import Storage

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
  /// - Parameter resumption: how it can go on after it was ended by a signal; nil where it begins anew.
  /// - Returns: the manifest, on all ranks.
  /// - Throws: on all ranks the same ``Failure``: usage when `shards` is not in 1 … rows; `cannotCreate` when the folder
  ///   holds shards and `force` is false, or cannot be created; `temporary` when another process is writing there; `data` or
  ///   `configuration` when what is to be gone on with is of something else; `inputOutput` when writing fails. Then nothing
  ///   of this run stays in the folder, and earlier shards stay as they were. When ``writeShard(_:rows:)`` throws
  ///   `temporary`, and there is a resumption, the complete ones stay hidden, and so do those that were gone on with.
  public func write(
    shards: Int, toFolder folder: String, force: Bool, resumption: Resumption? = nil,
    on communicator: any Communicator
  ) throws -> Manifest {
    guard (1...min(rowCount, Self.mostShards)).contains(shards) else {
      throw Failure(
        .usage, "--shards is \(shards); give 1 to \(min(rowCount, Self.mostShards)), for no shard may be empty")
    }
    var target: ShardFolder?
    let staging = try communicator.broadcast {
      let isResumed = resumption?.isWished ?? false
      let new = try ShardFolder(
        folder, force: force, companions: companionNames, mark: resumption?.mark,
        resume: isResumed ? { try resumption?.requireSame($0, in: folder) } : nil)
      target = new
      return new.staging
    }
    let mine = stride(from: communicator.rank, to: shards, by: communicator.size)
    let written: [UInt8]
    do {
      written = try communicator.agree {
        let entries = try mine.map {
          try shard("\(staging)/\(ShardFolder.fileName($0))", rows: rows(ofShard: $0, of: shards))
        }
        for (index, name) in companionNames.enumerated()
        where communicator.rank == (shards + index) % communicator.size {
          try writeCompanion(name, toFolder: staging)
        }
        return Array(try JSONEncoder().encode(entries))
      }
    } catch let failure as Failure where failure.exitCode == .temporary && resumption != nil {
      target?.leave()
      throw failure
    }
    let gathered = try communicator.allGather(written)
    return try communicator.agree {
      let entries = try gathered.map { try JSONDecoder().decode([Manifest.Shard].self, from: Data($0)) }
      let manifest = manifest(of: (0..<shards).map { entries[$0 % communicator.size][$0 / communicator.size] })
      try target?.commit(manifest)
      return manifest
    }
  }

  /// The entry of a shard that is written, or was before and is whole.
  private func shard(_ path: String, rows: Range<Int>) throws -> Manifest.Shard {
    guard (try? ShardCollection.open([path], required: []))?.rowCount == rows.count else {
      try? FileManager.default.removeItem(atPath: path)
      return try writeShard(path, rows: rows)
    }
    return Manifest.Shard(
      file: String(path.split(separator: "/").last!), rows: rows.count, sha256: try SHA256Digest.ofFile(path),
      institution: nil)
  }

  /// The global rows of a shard: consecutive ranges of lengths that differ by one row at most.
  public func rows(ofShard shard: Int, of shards: Int) -> Range<Int> {
    rowCount * shard / shards..<rowCount * (shard + 1) / shards
  }
}
