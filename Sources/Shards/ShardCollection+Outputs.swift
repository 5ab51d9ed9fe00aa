import Diagnostics
import Storage

extension ShardCollection {
  /// Refuses to write a file over one that is read: a shard, the manifest that names it, or one of `others`.
  ///
  /// - Throws: ``Failure`` `cannotCreate`.
  public func requireNoInput(at output: String, besides others: [String]) throws {
    guard let file = ResolvedPath(output) else { return }
    let manifests = Set(shards.filter { $0.statedDigest != nil }.map { AtomicFile.folder(of: $0.path) })
      .map { "\($0)/\(Manifest.fileName)" }
    guard (shards.map(\.path) + manifests + others).contains(where: { ResolvedPath($0) == file }) else { return }
    throw Failure(.cannotCreate, "--out \(output) is an input of this run; name another file")
  }

  /// Refuses to write HDF5 files among the shards, with which they would be read the next time.
  ///
  /// - Throws: ``Failure`` `cannotCreate`.
  public func requireNoShard(inOutputFolder output: String) throws {
    try refuse(outputFolder: output, holding: shards.map(\.path))
  }
}

/// Refuses a folder to write to that holds one of the inputs.
///
/// - Throws: ``Failure`` `cannotCreate`.
package func refuse(outputFolder output: String, holding inputs: [String]) throws {
  guard let folder = ResolvedPath(output) else { return }
  guard let input = inputs.first(where: { ResolvedPath(AtomicFile.folder(of: $0)) == folder }) else { return }
  throw Failure(.cannotCreate, "--out \(output) holds the input \(input); name another folder")
}
