import Communication
import ControlFunction
import Diagnostics
import Mixture
import Shards
import Storage

extension Design {
  /// Writes the posteriors, labels and identifiers of all rows, in their order, to one HDF5 file. Collective.
  ///
  /// The file holds `posterior` [n, K], `label` [n], with a joint model `effect` [n], τ(t_i, x_i), and, when the shards
  /// have identifiers, `id` [n].
  ///
  /// - Parameters:
  ///   - joint: the joint model that the rule is of, if it is of one.
  ///   - path: where to write; nil computes the digest only.
  /// - Returns: the SHA-256 of the posteriors' bits (little-endian Float64, row after row), on all ranks.
  /// - Throws: on all ranks the same ``Failure`` when the file cannot be written or identifiers cannot be read.
  @discardableResult
  public func writePosteriors(
    of rule: PosteriorRule, joint: JointModel? = nil, collection: ShardCollection, to path: String?, force: Bool
  ) throws -> String {
    var file: PosteriorFile?
    var digest = SHA256Digest()
    let groups = rule.groupCount
    if let path {
      let count = rows.rowCount
      try rows.communicator.agree {
        guard rows.communicator.isRoot else { return }
        file = try PosteriorFile(
          path, rows: count, groups: groups, hasEffects: joint != nil,
          textIdentifiers: collection.roles.contains(.identifier)
            ? collection.hasTextIdentifiers : nil, force: force)
      }
    }
    try rows.forEachChunkAtRoot { chunk in
      let block = try rule(self, chunk: chunk).block
      let effects = try joint?.effects(self, chunk: chunk) ?? []
      return block.posteriors.withUnsafeBytes(Array.init) + block.labels.map(Int64.init).withUnsafeBytes(Array.init)
        + effects.withUnsafeBytes(Array.init)
    } consume: { chunk, bytes in
      let cut = chunk.rows.count * groups * MemoryLayout<Double>.stride
      let end = cut + chunk.rows.count * MemoryLayout<Int64>.stride
      bytes[..<cut].withUnsafeBytes { digest.update($0) }
      guard file != nil else { return }
      try file!.write(
        posteriors: bytes[..<cut].elements(Double.self), labels: bytes[cut..<end].elements(Int64.self),
        effects: joint.map { _ in bytes[end...].elements(Double.self) },
        identifiers: try collection.identifiers(ofRows: chunk.tableRows), atRow: chunk.rows.lowerBound)
    }
    try rows.communicator.agree { try file?.commit() }
    let hex = rows.communicator.isRoot ? Array(digest.finalize().utf8) : []
    return String(decoding: try rows.communicator.broadcast(hex, from: 0), as: UTF8.self)
  }
}

extension ArraySlice<UInt8> {
  fileprivate func elements<Value: BitwiseCopyable>(_: Value.Type) -> [Value] {
    withUnsafeBytes { bytes in
      (0..<bytes.count / MemoryLayout<Value>.stride).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Value>.stride, as: Value.self)
      }
    }
  }
}
