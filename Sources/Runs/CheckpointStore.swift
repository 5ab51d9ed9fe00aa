import Communication
import Diagnostics
import Foundation
import LinearAlgebra
import Storage

/// Checkpoints of a run: the state of every phase so far, in `checkpoint.json`, and the one before it in
/// `checkpoint-previous.json`.
///
/// A checkpoint is written beside and synced before the others move up, so that a full disk or a crash costs none of
/// them. Its first line is the SHA-256 of the rest, so that a damaged one is known and the previous one is taken. Only the
/// root rank touches files; the ranks decide together.
public final class CheckpointStore {
  /// When checkpoints are written.
  public struct Policy: Sendable {
    /// Passes from one to the next at most.
    public var passes = 500
    /// Minutes from one to the next at most.
    public var minutes = 10.0
    /// Hours after which the run saves and stops; nil for no limit.
    public var maximumHours: Double?

    public init() {}
  }

  private struct Content: Codable {
    var version = CheckpointStore.version
    /// The options of the run, as JSON with sorted keys.
    var options: String
    var inputDigest: String
    /// Passes over the rows so far.
    var passes = 0
    /// The state of each phase, as JSON.
    var phases: [String: String] = [:]
  }

  private static let version = 1
  /// What a run keeps in its folder while it goes on.
  public static let fileNames = ["checkpoint.json", "checkpoint-previous.json"]
  private static let nextName = "checkpoint-next.json"

  private let folder: String
  private let policy: Policy
  private let communicator: any Communicator
  private let isStopRequested: () -> Bool
  /// Called on the root rank before a checkpoint is written, to make durable what goes with it.
  public var willSave: () throws -> Void = {}
  private var content: Content?
  /// Passes that the checkpoint holds from which this run goes on; 0 without one.
  public var savedPasses: Int { saved?.passes ?? 0 }
  private let saved: Content?
  private let clock = ContinuousClock()
  private let begin = ContinuousClock().now
  private var lastSave = ContinuousClock().now
  private var passesSinceSave = 0

  /// Collective.
  ///
  /// - Parameters:
  ///   - resume: whether to go on from the checkpoint in the folder; without one the run begins anew.
  ///   - isStopRequested: asked on every rank in every pass; when true on one of them the run saves and stops.
  /// - Throws: on all ranks the same ``Failure`` `data` when no checkpoint in the folder is whole.
  public init(
    folder: String, policy: Policy, resume: Bool, on communicator: any Communicator,
    isStopRequested: @escaping () -> Bool
  ) throws {
    self.folder = folder
    self.policy = policy
    self.communicator = communicator
    self.isStopRequested = isStopRequested
    saved = resume ? try communicator.broadcast { try Self.read(folder) } : nil
    communicator.wishes.ask { [weak self] in self?.wish ?? .goOn }
  }

  /// The store for some options and input.
  ///
  /// - Throws: ``Failure`` `data` when the checkpoint is of another.
  package func opened(_ options: some Encodable, inputDigest: String) throws -> CheckpointStore {
    let options = try jsonText(options)
    if let saved {
      guard saved.inputDigest == inputDigest else {
        throw Failure(.data, "\(folder): the checkpoint is of other data; name its shards, or start anew by --force")
      }
      guard saved.options == options else {
        throw Failure(.data, "\(folder): the checkpoint is of other options; give the same, or start anew by --force")
      }
    }
    if communicator.isRoot { removeUnfinished() }
    content = saved ?? Content(options: options, inputDigest: inputDigest)
    return self
  }

  /// The state of a phase as it was saved; nil when it had not begun.
  package func state<State: Decodable>(of phase: String) throws -> State? {
    guard let text = content?.phases[phase] else { return nil }
    do {
      return try Self.decoder.decode(State.self, from: Data(text.utf8))
    } catch {
      throw Failure(.data, "\(folder): the checkpoint does not fit this program; start anew by --force")
    }
  }

  /// Takes note of a phase's state after a pass, and saves when the ranks agreed in the pass's sums that it is time, or
  /// that the run is to stop. Collective when it saves; else it sends nothing.
  ///
  /// - Throws: on all ranks the same ``Failure``: `temporary` when the run stops, `inputOutput` when saving fails.
  package func keep(_ state: some Encodable, of phase: String) throws {
    passesSinceSave += 1
    content?.passes += 1
    let wish = communicator.wishes.take()
    guard wish > .goOn else { return }
    try finish(state, of: phase)
    try save()
    if wish == .stop {
      throw Failure(.temporary, "stopped after a checkpoint in \(folder); the same command with --resume goes on")
    }
  }

  /// Takes note of the state of a phase, for the next checkpoint.
  ///
  /// - Parameter prefix: the states of phases whose names begin so are no longer needed.
  package func finish(_ state: some Encodable, of phase: String, inPlaceOf prefix: String? = nil) throws {
    guard communicator.isRoot else { return }
    if let prefix, let phases = content?.phases { content?.phases = phases.filter { !$0.key.hasPrefix(prefix) } }
    content?.phases[phase] = String(decoding: try Self.encoder.encode(state), as: UTF8.self)
  }

  /// Removes the checkpoints of a finished run.
  public func remove() {
    guard communicator.isRoot else { return }
    for name in Self.fileNames { unlink(path(name)) }
  }

  /// Removes what a run that was killed while it saved has left.
  private func removeUnfinished() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name == Self.nextName || name.hasPrefix(".\(Self.nextName).") {
      unlink(path(name))
    }
  }

  // MARK: - When

  /// What this rank wishes in a pass that is under way. The root rank's clock decides for all.
  private var wish: Wish {
    if isStopRequested() { return .stop }
    guard communicator.isRoot else { return .goOn }
    let now = clock.now
    if let hours = policy.maximumHours, begin.duration(to: now).seconds >= hours * 3600 { return .stop }
    if passesSinceSave + 1 >= policy.passes { return .save }
    return lastSave.duration(to: now).seconds >= policy.minutes * 60 ? .save : .goOn
  }

  // MARK: - Files

  private static let encoder: JSONEncoder = {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }()

  private static let decoder: JSONDecoder = {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return decoder
  }()

  private func save() throws {
    let (current, previous) = (path(Self.fileNames[0]), path(Self.fileNames[1]))
    let next = path(Self.nextName)
    try communicator.agree {
      guard communicator.isRoot, let content else { return }
      try willSave()
      let body = [UInt8](try Self.encoder.encode(content))
      try AtomicFile.save([UInt8]((Self.digest(body) + "\n").utf8) + body, to: next, force: true)
      for (old, new) in [(current, previous), (next, current)] where access(old, F_OK) == 0 && rename(old, new) != 0 {
        throw Failure(.inputOutput, "\(old) cannot be renamed: \(String(cString: strerror(errno)))")
      }
    }
    lastSave = clock.now
    passesSinceSave = 0
  }

  /// The latest checkpoint that is whole; nil when there is none at all.
  private static func read(_ folder: String) throws -> Content? {
    let paths = fileNames.map { name in "\(folder)/\(name)" }
    let found = paths.filter { path in access(path, F_OK) == 0 }
    for path in found {
      guard let bytes = FileManager.default.contents(atPath: path), let end = bytes.firstIndex(of: 0x0A) else {
        continue
      }
      let body = [UInt8](bytes[(end + 1)...])
      guard Array(digest(body).utf8) == Array(bytes[..<end]) else { continue }
      guard let content = try? decoder.decode(Content.self, from: Data(body)), content.version == version else {
        throw Failure(.data, "\(path) was written by another version of giv-dist; start anew by --force")
      }
      // The damaged one must not take the place of the whole one when the next is written.
      if path != found[0] { rename(path, found[0]) }
      return content
    }
    guard found.isEmpty else {
      throw Failure(.data, "\(found.joined(separator: " and ")): damaged or unreadable; start anew by --force")
    }
    return nil
  }

  private static func digest(_ body: [UInt8]) -> String {
    var digest = SHA256Digest()
    digest.update(body)
    return digest.finalize()
  }

  private func path(_ name: String) -> String { "\(folder)/\(name)" }
}
