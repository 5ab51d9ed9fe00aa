import Communication
import Storage

extension Frame {
  /// The SHA-256 of the columns' names, roles and kinds, and of the digests of all chunks, in order. Collective.
  ///
  /// It depends on the rows, their order, the columns and the chunk length, not on how the rows are cut into files or
  /// spread over ranks.
  func computeDigest() throws -> String {
    let local = try rows.communicator.agree { try rows.localChunks.flatMap { try digestBytes(ofChunk: $0) } }
    let parts = try rows.communicator.allGather(local)
    var digest = SHA256Digest()
    digest.update(rows.rowCount)
    for column in schema.columns {
      for word in [column.name, column.role.rawValue, column.kind.word] { digest.update(word) }
      let levels = column.kind.levels ?? []
      digest.update(levels.count)
      for level in levels { digest.update(level) }
    }
    let ranks = parts.indices.sorted {
      rows.partition.chunks[$0].lowerBound < rows.partition.chunks[$1].lowerBound
    }
    for rank in ranks { digest.update(parts[rank]) }
    return digest.finalize()
  }

  private func digestBytes(ofChunk chunk: Int) throws -> [UInt8] {
    var digest = SHA256Digest()
    let chunks = try chunks(with: chunk)
    for slot in 0..<schema.slotCount { digest.update(chunks.bytes(slot, chunk: chunk)) }
    return digest.finalizeBytes()
  }
}
