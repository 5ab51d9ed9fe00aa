import Communication
import Diagnostics
import Glibc
import Storage

/// The states of the phases of a run, and whose run it is.
struct Checkpoint: Sendable {
  /// What the bytes of the states mean.
  struct Index: Codable, Equatable {
    struct Entry: Codable, Equatable {
      let phase: String
      let bytes: Int
    }

    let fingerprint: Fingerprint
    /// Passes over the rows so far.
    let passes: Int
    /// In the order of the states.
    let entries: [Entry]
  }

  let fingerprint: Fingerprint
  var passes = 0
  /// The state of each phase, as ``StateEncoder`` encodes it.
  private(set) var states: [String: [UInt8]] = [:]

  init(fingerprint: Fingerprint) { self.fingerprint = fingerprint }

  mutating func set(_ state: [UInt8], of phase: String) { states[phase] = state }
  mutating func removeStates(withPrefix prefix: String) { states = states.filter { !$0.key.hasPrefix(prefix) } }

  // MARK: Parts

  private var phases: [String] { states.keys.sorted() }

  var index: Index {
    Index(
      fingerprint: fingerprint, passes: passes,
      entries: phases.map { Index.Entry(phase: $0, bytes: states[$0]!.count) })
  }

  /// The states, one after the other.
  var stateBytes: [UInt8] { phases.flatMap { states[$0]! } }

  /// Nil when the bytes are not as many as the index says.
  init?(_ index: Index, stateBytes: [UInt8]) {
    self.init(fingerprint: index.fingerprint)
    passes = index.passes
    var rest = stateBytes[...]
    for entry in index.entries {
      guard entry.bytes >= 0, entry.bytes <= rest.count else { return nil }
      states[entry.phase] = Array(rest.prefix(entry.bytes))
      rest = rest.dropFirst(entry.bytes)
    }
    guard rest.isEmpty else { return nil }
  }

  // MARK: Ranks

  /// Gives what the root found to all ranks, the states as they are. Collective.
  static func shared(on communicator: any Communicator, _ find: () throws -> Checkpoint?) throws -> Checkpoint? {
    var found: Checkpoint?
    let index: Index? = try communicator.broadcast {
      found = try find()
      return found?.index
    }
    guard let index else { return nil }
    let bytes = try communicator.broadcast(found?.stateBytes ?? [], from: 0)
    return found ?? Checkpoint(index, stateBytes: bytes)
  }
}

// MARK: - Files

/// A checkpoint as an HDF5 file: `index` [b], whose run it is and where the states lie, as JSON; `states` [c], their
/// bytes; in the record of the file the SHA-256 of both.
enum CheckpointFile {
  private struct Record: Codable {
    var encodingType = CheckpointFile.encodingType
    var encodingVersion = CheckpointFile.encodingVersion
    let sha256: String
  }

  static let encodingType = "giv-checkpoint"
  private static let encodingVersion = "1"
  private static let chunkBytes = 1 << 20

  /// Writes a file that has its name when it is complete and durable.
  ///
  /// - Throws: ``Failure`` `cannotCreate` or `inputOutput`.
  static func write(_ checkpoint: Checkpoint, to path: String) throws {
    let (index, states) = (Array(try jsonText(checkpoint.index).utf8), checkpoint.stateBytes)
    let target = try AtomicFile(path, force: true)
    let file = try HDF5File.create(target.temporaryPath, named: path)
    try file.setRecord(Record(sha256: digest(index, states)))
    for (name, bytes) in [("index", index), ("states", states)] {
      try file.createDataset(name, of: UInt8.self, shape: [bytes.count], chunkRows: chunkBytes).write(bytes)
    }
    try file.close()
    try target.commit()
  }

  /// Reads a file; nil when it is damaged.
  ///
  /// - Throws: ``Failure`` when it cannot be read at all, which says nothing of its content: `noInput` and
  ///   `inputOutput` as the system says, `configuration` when another version of the program wrote it.
  static func read(_ path: String) throws -> Checkpoint? {
    // Read once as it is: what the library says of a disk that fails would be taken for damage.
    _ = try SHA256Digest.ofFile(path)
    do {
      let file = try HDF5File.open(path)
      guard let record: Record = try file.record(), record.encodingType == encodingType else { return nil }
      guard record.encodingVersion == encodingVersion else {
        throw ofAnotherVersion(path)
      }
      let bytes: [[UInt8]] = [try file.dataset("index").read(), try file.dataset("states").read()]
      guard digest(bytes[0], bytes[1]) == record.sha256 else { return nil }
      return Checkpoint(try jsonValue(bytes[0]), stateBytes: bytes[1])
    } catch let failure as Failure where failure.exitCode == .data {
      return nil
    } catch is DecodingError {
      return nil
    }
  }

  /// What refuses a checkpoint that only another version of the program reads.
  static func ofAnotherVersion(_ path: String) -> Failure {
    Failure(
      .configuration,
      "\(path) was written by another version of giv-dist; go on with that one, or start anew by --force")
  }

  private static func digest(_ index: [UInt8], _ states: [UInt8]) -> String {
    var digest = SHA256Digest()
    digest.update(index.count)
    digest.update(index)
    digest.update(states)
    return digest.finalize()
  }
}
